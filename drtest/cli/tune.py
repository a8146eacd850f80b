"""``drtest tune``: what volume size and upload chunk cost."""

from __future__ import annotations

import shlex
import sys
import threading
from contextlib import ExitStack
from typing import Annotated

import typer

from drtest.api import Options
from drtest.api.grid import Words
from drtest.api.tune import tune as tune_scenario
from drtest.cli import arguments
from drtest.cli.arguments import (
    DEFAULT_KEEP_MAX_MIB,
    DEFAULT_REPORTS,
    Duplicity,
    Files,
    Jobs,
    KeepMax,
    Reports,
    Seed,
    Work,
    paths,
)
from drtest.cli.outlets import MinioBinary
from drtest.cli.stopping import signals_stop
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
    end,
    for_files,
    reporters,
)
from drtest.duplicity.versions import DEFAULT

GRID = "The grid and your own backup; the scenario's tune: says them too"


def tune(
    files: Files = None,
    *,
    words: arguments.Words = "",
    volsize: Annotated[
        str,
        typer.Option(
            "--volsize", metavar="MIB,...", help="Such as 5,10,19,25,50.", rich_help_panel=GRID
        ),
    ] = "",
    chunk: Annotated[
        str,
        typer.Option(
            "--chunk",
            metavar="MIB,...",
            help="Of --s3-multipart-chunk-size, such as 20,256.",
            rich_help_panel=GRID,
        ),
    ] = "",
    restores_per_month: Annotated[
        str,
        typer.Option(
            "--restores-per-month",
            metavar="N",
            help="How often you restore one file.",
            rich_help_panel=GRID,
        ),
    ] = "",
    download: Annotated[
        str,
        typer.Option(
            "--download",
            metavar="SPEED",
            help="Of a restore: 32 MiB/s, 100 Mbit/s.",
            rich_help_panel=GRID,
        ),
    ] = "",
    project: Annotated[
        str,
        typer.Option(
            "--project",
            metavar="KEY=VALUE,...",
            help="Your source: size=2TB,change=1%,files=3M,compress=0.6.",
            rich_help_panel=GRID,
        ),
    ] = "",
    prices: Prices = None,
    price: Price = None,
    max_price_age: MaxPriceAge = None,
    duplicity: Duplicity = DEFAULT,
    store: Annotated[
        str, typer.Option("--store", metavar="WHICH", help="moto, seaweedfs or minio.")
    ] = "",
    minio_binary: MinioBinary = None,
    jobs: Jobs = None,
    seed: Seed = None,
    reports: Reports = DEFAULT_REPORTS,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    work: Work = None,
    keep_max: KeepMax = DEFAULT_KEEP_MAX_MIB,
    junit: Junit = None,
    markdown: Markdown = None,
    open_page: Open = False,
) -> None:
    """Show what volume size and upload chunk cost, by real backups and drills.

    The scenario is run at each point of a grid. Exit status as of run: a drill that fails counts.
    """
    options = Options(
        paths=paths(files),
        words=words,
        duplicity=duplicity,
        stores=(store,) if store else (),
        minio_binary=minio_binary,
        jobs=jobs,
        seed=seed,
        reports=reports,
        work=work,
        keep_max_bytes=keep_max * 2**20,
        long=True,  # one that was named is meant
        price=tuple(price or ()),
        max_price_age_days=max_price_age,
        command=shlex.join(["drtest", *sys.argv[1:]]),
    )
    grid = Words(
        volsize=volsize,
        chunk=chunk,
        restores_per_month=restores_per_month,
        download=download,
        project=project,
        prices=tuple(prices or ()),
    )
    told = [
        *for_files(junit=junit, markdown=markdown, for_job=True),
        *reporters(as_json=as_json, verbose=verbose, quiet=quiet, live=True),
    ]
    with ExitStack() as stack:
        for one in told:  # a file for CI tells that there was no answer, too
            stack.callback(one.close)
        stop = threading.Event()
        with signals_stop(stop):
            done = tune_scenario(options, grid, reporters=told, stop=stop)
    end(done, open_page=open_page)
