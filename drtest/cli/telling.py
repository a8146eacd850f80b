"""How a run is told, on the terminal and in files, and with which status its command ends."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from drtest.api import Run
from drtest.report.archive import PAGE_FILE
from drtest.report.console import Console
from drtest.report.document import JsonReporter
from drtest.report.interface import Reporter
from drtest.report.junit import JunitReporter
from drtest.report.markdown import MarkdownReporter

Json = Annotated[
    bool,
    typer.Option("--json", help="The result as JSON on stdout, all else on stderr."),
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Every warning, note and path in full.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only what is not as expected.")]

REPORTS = "For CI and others"
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Also as JUnit XML.", rich_help_panel=REPORTS),
]
Markdown = Annotated[
    Path | None,
    typer.Option(
        "--markdown",
        metavar="FILE",
        help="Also as Markdown; $GITHUB_STEP_SUMMARY gets it too.",
        rich_help_panel=REPORTS,
    ),
]
Open = Annotated[
    bool, typer.Option("--open", help="Show the page in a browser.", rich_help_panel=REPORTS)
]

PRICES = "What it costs"
Prices = Annotated[
    list[str] | None,
    typer.Option(
        "--prices",
        metavar="WHERE",
        help="provider/region/CLASS, or a price book's FILE; others are compared with the first.",
        rich_help_panel=PRICES,
    ),
]
Price = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="KEY=VALUE",
        help="Your own figure: storage=0.006; beside others b2:storage=0.006.",
        rich_help_panel=PRICES,
    ),
]
MaxPriceAge = Annotated[
    int | None,
    typer.Option(
        "--max-price-age",
        metavar="DAYS",
        help="Prices confirmed longer ago are a FAIL.",
        rich_help_panel=PRICES,
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FOLDER",
        help="A stored run; budgets may be a share of what it cost.",
        rich_help_panel=PRICES,
    ),
]


def for_files(
    *, junit: Path | None, markdown: Path | None, for_job: bool = False
) -> list[Reporter]:
    """Return the reporters that write files; *for_job*: a CI job's summary too, if it has one."""
    told: list[Reporter] = []
    if junit is not None:
        told.append(JunitReporter(junit))
    if markdown is not None:
        told.append(MarkdownReporter(markdown))
    summary = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if for_job and summary:
        told.append(MarkdownReporter(Path(summary), append=True))
    return told


def end(run: Run, *, open_page: bool) -> NoReturn:
    """Name the reports that were lost, show the page where it is wanted, exit as *run* says."""
    for broken in run.broken_reports:
        typer.echo(broken, err=True)
    if open_page:
        _show(run.folder / PAGE_FILE)
    raise typer.Exit(run.exit_status)


def _show(page: Path) -> None:
    """Open *page* in the user's browser; say where it is when there is none."""
    if not page.is_file() or not webbrowser.open(page.absolute().as_uri()):
        typer.echo(f"no browser could be started; the page is {page}", err=True)


def reporters(*, as_json: bool, verbose: bool, quiet: bool, live: bool) -> list[Reporter]:
    """stdout is the result, stderr the progress; with JSON the document alone is on stdout."""
    out = sys.stderr if as_json else sys.stdout
    told: list[Reporter] = [
        Console(out=out, err=sys.stderr, verbose=verbose, quiet=quiet, live=live)
    ]
    if as_json:
        told.append(JsonReporter(sys.stdout))
    return told
