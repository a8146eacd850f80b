"""``drtest clean``: remove wrecks and old reports."""

from __future__ import annotations

from typing import Annotated

import typer

from drtest.api.clean import clean as clean_up
from drtest.api.options import Options
from drtest.cli.arguments import DEFAULT_REPORTS, Reports, Work
from drtest.errors import UsageError
from drtest.model.interval import parse_interval


def clean(
    *,
    reports: Reports = DEFAULT_REPORTS,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="TIME", help="Reports older than this go.")
    ] = "30D",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    work: Work = None,
) -> None:
    """Remove all wrecks, and reports older than 30 days; the newest report always stays."""
    try:
        limit = parse_interval(older_than)
    except ValueError as problem:
        raise UsageError(f"--older-than: {problem}") from problem
    gone = clean_up(reports, Options(work=work).work_parent, older_than=limit, dry_run=dry_run)
    for folder in gone:
        typer.echo(folder)
    verb = "would be removed" if dry_run else "removed"
    typer.echo(f"{len(gone)} folder{'' if len(gone) == 1 else 's'} {verb}")
