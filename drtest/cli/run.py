"""``drtest run``: run scenarios and give a verdict."""

from __future__ import annotations

import shlex
import sys
import threading
from contextlib import ExitStack
from typing import Annotated

import typer

from drtest.api import Options
from drtest.api import run as run_scenarios
from drtest.api.dryrun import planned
from drtest.api.long import forecast
from drtest.api.select import choose
from drtest.cli.arguments import (
    DEFAULT_KEEP_MAX_MIB,
    DEFAULT_REPORTS,
    SELDOM,
    Duplicity,
    Files,
    Jobs,
    KeepMax,
    Long,
    Reports,
    Seed,
    Words,
    Work,
    paths,
)
from drtest.cli.outlets import Bucket, MinioBinary, Region, Stores, Yes, agree
from drtest.cli.stopping import signals_stop
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
from drtest.duplicity.versions import DEFAULT
from drtest.gateway.listener import Mode


def run(
    files: Files = None,
    *,
    words: Words = "",
    duplicity: Duplicity = DEFAULT,
    store: Stores = None,
    minio_binary: MinioBinary = None,
    jobs: Jobs = None,
    seed: Seed = None,
    reports: Reports = DEFAULT_REPORTS,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the dated plan and the calls, run nothing.")
    ] = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    drill: Annotated[
        str,
        typer.Option(
            "--drill", metavar="N", help="Only drill N, or restore N.M.", rich_help_panel=SELDOM
        ),
    ] = "",
    long: Long = False,
    work: Work = None,
    keep_max: KeepMax = DEFAULT_KEEP_MAX_MIB,
    gateway: Annotated[
        Mode | None,
        typer.Option(
            "--gateway",
            metavar="MODE",
            help="How duplicity reaches the store: plain, tls or forward.",
            rich_help_panel=SELDOM,
        ),
    ] = None,
    preload: Annotated[
        bool,
        typer.Option(
            "--preload",
            help="Fork an imported duplicity: faster, for trying things out.",
            rich_help_panel=SELDOM,
        ),
    ] = False,
    region: Region = "",
    bucket: Bucket = "",
    yes: Yes = False,
    junit: Junit = None,
    markdown: Markdown = None,
    open_page: Open = False,
    prices: Prices = None,
    price: Price = None,
    max_price_age: MaxPriceAge = None,
    baseline: Baseline = None,
) -> None:
    """Run scenarios and give a verdict.

    Exit status: 0 as expected, 1 FAIL, 2 unusable scenario, 3 UNVERIFIED, 70 drtest broke, 130
    interrupted.
    """
    options = Options(
        paths=paths(files),
        words=words,
        duplicity=duplicity,
        stores=tuple(store or ()),
        region=region,
        bucket=bucket,
        minio_binary=minio_binary,
        jobs=jobs,
        seed=seed,
        drill=drill,
        reports=reports,
        work=work,
        keep_max_bytes=keep_max * 2**20,
        long=long,
        gateway=gateway,
        preload=preload,
        prices=tuple(prices or ()),
        price=tuple(price or ()),
        max_price_age_days=max_price_age,
        baseline=baseline,
        command=shlex.join(["drtest", *sys.argv[1:]]),
    )
    if dry_run:
        _print_plan(options)
        return
    told = [
        *for_files(junit=junit, markdown=markdown, for_job=True),
        *reporters(as_json=as_json, verbose=verbose, quiet=quiet, live=True),
    ]
    with ExitStack() as stack:
        for one in told:  # a file for CI tells that there was no verdict, too
            stack.callback(one.close)
        chosen = choose(options)
        agree(chosen.scenarios, options, yes=yes)
        if long and not quiet:
            for line in forecast(chosen.scenarios, options):
                typer.echo(line, err=True)
        stop = threading.Event()
        with signals_stop(stop):
            done = run_scenarios(options, chosen=chosen, reporters=told, stop=stop)
    end(done, open_page=open_page)


def _print_plan(options: Options) -> None:
    for scenario, lines in planned(choose(options).scenarios, options):
        typer.echo(f"{scenario.name}  ({scenario.file}:{scenario.line})")
        for line in lines:
            typer.echo(f"  {line}")
        typer.echo()
