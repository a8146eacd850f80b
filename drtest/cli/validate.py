"""``drtest validate``: find every mistake in scenario files, run nothing."""

from __future__ import annotations

import typer

from drtest.api.select import loaded
from drtest.cli.arguments import Files, Long, paths
from drtest.report.wording import count
from drtest.scenario import count as sums
from drtest.scenario import find_files


def validate(files: Files = None, *, long: Long = False) -> None:
    """Find every mistake in scenario files, run nothing."""
    found = sums(loaded(find_files(paths(files), long=long)))
    parts = (
        count(found.files, "file"),
        count(found.scenarios, "scenario"),
        count(found.drills, "drill"),
        count(found.backups, "backup"),
    )
    typer.echo(f"{', '.join(parts)} to make: valid")
