"""``drtest report``: judge and report a stored run again."""

from __future__ import annotations

import typer

from drtest.api.stored import retell
from drtest.cli.arguments import DEFAULT_REPORTS, Folder, Reports, newest
from drtest.cli.telling import Json, Quiet, Verbose, reporters


def report(
    folder: Folder = None,
    *,
    reports: Reports = DEFAULT_REPORTS,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Judge and report a stored run again; nothing is run."""
    told = retell(
        newest(folder, reports),
        reporters=reporters(as_json=as_json, verbose=verbose, quiet=quiet, live=False),
    )
    for broken in told.broken_reports:
        typer.echo(broken, err=True)
    raise typer.Exit(told.exit_status)
