"""``drtest validate``: find every mistake in scenario files, run nothing."""

from __future__ import annotations

import typer

from drtest.api.select import loaded
from drtest.cli.arguments import Files, Long, paths
from drtest.scenario import count, find_files


def validate(files: Files = None, *, long: Long = False) -> None:
    """Find every mistake in scenario files, run nothing."""
    found = find_files(paths(files), long=long)
    counts = count(loaded(found))
    typer.echo(
        f"{counts.files:,} files, {counts.scenarios:,} scenarios, {counts.drills:,} drills, "
        f"{counts.backups:,} backups to make: valid"
    )
