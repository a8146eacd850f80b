"""Which reporters tell a run on the terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from drtest.report.console import Console
from drtest.report.document import JsonReporter
from drtest.report.interface import Reporter

Json = Annotated[
    bool,
    typer.Option("--json", help="The result as JSON on stdout, all else on stderr."),
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="More.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only what is not as expected.")]


def reporters(*, as_json: bool, verbose: bool, quiet: bool, live: bool) -> list[Reporter]:
    """stdout is the result, stderr the progress; with JSON the document alone is on stdout."""
    out = sys.stderr if as_json else sys.stdout
    told: list[Reporter] = [
        Console(out=out, err=sys.stderr, verbose=verbose, quiet=quiet, live=live)
    ]
    if as_json:
        told.append(JsonReporter(sys.stdout))
    return told
