"""``drtest report``: judge and report a stored run again."""

from __future__ import annotations

from drtest.api.stored import retell
from drtest.cli.arguments import DEFAULT_REPORTS, Folder, Reports, newest
from drtest.cli.telling import (
    Baseline,
    Json,
    Junit,
    Markdown,
    MaxPriceAge,
    Open,
    Price,
    Prices,
    Quiet,
    Verbose,
    end,
    for_files,
    reporters,
)


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
    baseline: Baseline = None,
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
        baseline=baseline,
    )
    end(told, open_page=open_page)
