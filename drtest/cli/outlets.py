"""Options that choose stores, and the question before a store that is not drtest's own is used."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from drtest.api.expected import PROBES, Expected, expected
from drtest.api.options import Options
from drtest.errors import UsageError
from drtest.model.scenario import Scenario
from drtest.report.wording import count, size

OUTLETS = "Your own store"

Stores = Annotated[
    list[str] | None,
    typer.Option(
        "--store",
        metavar="WHICH",
        help="moto, seaweedfs, minio, aws or a URL; several are compared.",
    ),
]
MinioBinary = Annotated[
    Path | None,
    typer.Option("--minio-binary", metavar="FILE", help="A minio that is not on PATH."),
]
Region = Annotated[
    str,
    typer.Option(
        "--region", metavar="R", help="The region of aws or a URL.", rich_help_panel=OUTLETS
    ),
]
Bucket = Annotated[
    str,
    typer.Option(
        "--bucket",
        metavar="NAME[/PREFIX]",
        help="Only below here: empty, or marked as drtest's.",
        rich_help_panel=OUTLETS,
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Don't ask before it is used.", rich_help_panel=OUTLETS)
]


def agree(scenarios: Sequence[Scenario], options: Options, *, yes: bool) -> None:
    """Say what a run will ask of the user's own stores, and go on only where that is agreed to.

    Nothing is said or asked where all stores are drtest's own. UsageError where there is nobody to
    ask; Abort where the answer is no.
    """
    wanted = expected(scenarios, options)
    for one in wanted:
        for text in _said(one):
            typer.echo(text, err=True)
    if not wanted or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"{wanted[0].store} is not drtest's own, and there is nobody to ask: add --yes"
        )
    typer.confirm("Go on?", abort=True, err=True)


def _said(one: Expected) -> list[str]:
    about = "" if one.is_exact else "about "
    where = f"below {one.bucket}" if one.bucket else "in buckets drtest-<random>-<name>"
    most = sorted(one.operations.items(), key=lambda pair: (-pair[1], pair[0]))
    named = ", ".join(f"{operation} {number:,}" for operation, number in most)
    return [
        f"{one.store}: {count(one.scenarios, 'scenario')}, {where}; all of it is deleted again",
        f"  {about}{count(one.requests, 'request')} by duplicity: {named}",
        f"  {about}{size(one.uploaded_bytes)} sent, {size(one.downloaded_bytes)} received; "
        f"drtest itself: fewer than {PROBES} requests at the start, and its listings",
    ]
