"""``drtest report``: judge and report a stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drtest.api.stored import retell
from drtest.cli.arguments import DEFAULT_REPORTS, Reports
from drtest.cli.telling import Json, Quiet, Verbose, reporters
from drtest.errors import UsageError
from drtest.report.archive import latest


def report(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="A run's folder (default: the newest).")
    ] = None,
    *,
    reports: Reports = DEFAULT_REPORTS,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Judge and report a stored run again; nothing is run."""
    chosen = folder or latest(reports)
    if chosen is None:
        raise UsageError(f"there is no run below {reports}")
    told = retell(
        chosen, reporters=reporters(as_json=as_json, verbose=verbose, quiet=quiet, live=False)
    )
    for broken in told.broken_reports:
        typer.echo(broken, err=True)
    raise typer.Exit(told.exit_status)
