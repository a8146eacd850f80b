"""``drtest report``: judge and report a stored run again."""

from __future__ import annotations

import typer

from drtest.api.stored import retell
from drtest.cli.arguments import DEFAULT_REPORTS, Folder, Reports, newest
from drtest.cli.telling import (
    Json,
    Junit,
    Markdown,
    MaxPriceAge,
    Open,
    Price,
    Prices,
    Quiet,
    Verbose,
    for_files,
    reporters,
    show,
)
from drtest.report.archive import PAGE_FILE


def report(
    folder: Folder = None,
    *,
    reports: Reports = DEFAULT_REPORTS,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    junit: Junit = None,
    markdown: Markdown = None,
    open_page: Open = False,
    prices: Prices = None,
    price: Price = None,
    max_price_age: MaxPriceAge = None,
) -> None:
    """Judge and report a stored run again; nothing is run."""
    told = retell(
        newest(folder, reports),
        reporters=[
            *for_files(junit=junit, markdown=markdown),
            *reporters(as_json=as_json, verbose=verbose, quiet=quiet, live=False),
        ],
        prices=prices or (),
        price=price or (),
        max_price_age_days=max_price_age,
    )
    for broken in told.broken_reports:
        typer.echo(broken, err=True)
    if open_page:
        show(told.folder / PAGE_FILE)
    raise typer.Exit(told.exit_status)
