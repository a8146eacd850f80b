"""``drtest requests``: list, sum up or export the S3 requests of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from drtest.api.requests import (
    BYS,
    By,
    Sum,
    Wanted,
    log_of,
    matching,
    sums,
    write_csv,
    write_jsonl,
)
from drtest.cli.arguments import DEFAULT_REPORTS, Folder, Reports, Scenario, newest
from drtest.errors import UsageError
from drtest.model.traffic import AnsweredBy, Request
from drtest.report.wording import count, pad, printable

SHOWN = 40  # rows that are listed unasked
OPERATION_COLUMNS = 24  # the longest that duplicity uses is CompleteMultipartUpload


def requests(
    folder: Folder = None,
    *,
    reports: Reports = DEFAULT_REPORTS,
    by: Annotated[
        By | None, typer.Option("--by", help=f"Sum up instead, by {', '.join(BYS[:-1])} or status.")
    ] = None,
    scenario: Scenario = "",
    phase: Annotated[
        list[str] | None, typer.Option("--phase", metavar="P", help="full, incremental, drill ...")
    ] = None,
    operation: Annotated[
        list[str] | None, typer.Option("--operation", metavar="O", help="PutObject, UploadPart ...")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="K", help="volume, manifest, signatures, other, none."),
    ] = None,
    step: Annotated[
        list[str] | None, typer.Option("--step", metavar="S", help='"12", "drill 3.7".')
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", metavar="N", help="503, 5xx, or none.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what did not end well, or nobody knows how.")
    ] = False,
    answered_by: Annotated[
        AnsweredBy | None, typer.Option("--answered-by", help="The store, or the gateway itself.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="List so many; 0: all.")
    ] = SHOWN,
    csv: Annotated[
        str, typer.Option("--csv", metavar="FILE", help="Export as CSV; - is stdout.")
    ] = "",
    jsonl: Annotated[
        str, typer.Option("--jsonl", metavar="FILE", help="Export as JSON Lines; - is stdout.")
    ] = "",
) -> None:
    """List the S3 requests of a run, sum them up, or export them.

    A filter that is given several times takes any of its values. docs/requests.md says what the
    fields mean.
    """
    if sum(map(bool, (by, csv, jsonl))) > 1:
        raise UsageError("only one of --by, --csv and --jsonl")
    log = log_of(newest(folder, reports))
    wanted = Wanted(
        scenario=scenario,
        operations=tuple(operation or ()),
        phases=tuple(phase or ()),
        kinds=tuple(kind or ()),
        steps=tuple(step or ()),
        statuses=tuple(status or ()),
        failed=failed,
        answered_by=answered_by,
    )
    with _pipe_may_close():
        _tell(log, wanted, by=by, csv=csv, jsonl=jsonl, limit=limit)


@contextmanager
def _pipe_may_close() -> Iterator[None]:
    """``drtest requests | head`` is no error: what the reader did not want is not written."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more at its end; into nothing, so that it says nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(log: Path, wanted: Wanted, *, by: By | None, csv: str, jsonl: str, limit: int) -> None:
    if csv:
        _export(csv, lambda file: write_csv(matching(log, wanted), file))
    elif jsonl:
        _export(jsonl, lambda file: write_jsonl(matching(log, wanted), file))
    elif by:
        _sum_up(log, wanted, by)
    else:
        _list(log, wanted, limit)


def _export(where: str, write: Callable[[TextIO], int]) -> None:
    with _opened(where) as file:
        number = write(file)
    typer.echo(f"{count(number, 'request')} exported", err=True)


@contextmanager
def _opened(where: str) -> Iterator[TextIO]:
    if where == "-":
        yield sys.stdout
        return
    try:
        with Path(where).open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as problem:
        raise UsageError(f"{where} cannot be written: {problem.strerror}") from problem


def _list(log: Path, wanted: Wanted, limit: int) -> None:
    number = 0
    for number, row in enumerate(matching(log, wanted), 1):
        if number == 1:
            _echo(HEAD)
        if not limit or number <= limit:
            _echo(_line(row))
    if limit and number > limit:
        _echo(f"{limit:,} of {count(number, 'request')}; --limit 0 lists all, --by sums up")
    else:
        _echo(count(number, "request"))


def _row(number: str, phase: str, step: str, operation: str, status: str, *rest: str) -> str:
    sent, received, ms, what = rest
    first = f"{number:>7}  {pad(phase, 11)}  {pad(step, 10)}  {pad(operation, OPERATION_COLUMNS)}"
    return f"{first} {status:>6}  {sent:>11}  {received:>11}  {ms:>8}  {what}".rstrip()


HEAD = _row("number", "phase", "step", "operation", "status", "sent", "received", "ms", "object")


def _line(row: Request) -> str:
    what = [printable(row.key)] if row.key else []
    what += [f"(try {row.attempt})"] if row.attempt > 1 else []
    what += [f"({printable(row.error_code)})"] if row.error_code else []
    what += ["(outcome unknown)"] if row.outcome == "unknown" else []
    what += ["(by the gateway)"] if row.answered_by == "gateway" else []
    what += [f"({printable(', '.join(row.touched_by))})"] if row.touched_by else []
    return _row(
        str(row.number),
        printable(row.phase),
        printable(row.step),
        printable(row.operation),
        str(row.status or "-"),
        _number(row.body_in_bytes),
        _number(row.body_out_bytes),
        "-" if row.last_byte_s is None else f"{row.last_byte_s * 1000:,.1f}",
        " ".join(what),
    )


def _sum_up(log: Path, wanted: Wanted, by: By) -> None:
    found = sums(log, wanted, by)
    rows: list[list[str]] = [[by, "requests", "failed", "unknown", "bytes sent", "bytes received"]]
    for key, part in sorted(found.items(), key=lambda item: (-item[1].requests, item[0])):
        rows.append([printable(key), *map(_number, _figures(part))])
    if len(found) > 1:
        whole = [sum(column) for column in zip(*map(_figures, found.values()), strict=True)]
        rows.append(["all", *map(_number, whole)])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        _echo("  ".join([pad(row[0], widths[0]), *rest]))


def _figures(part: Sum) -> tuple[int, ...]:
    return (
        part.requests,
        part.failed,
        part.unknown,
        part.body_in_bytes,
        part.body_out_bytes,
    )


def _number(number: int) -> str:
    return f"{number:,}" if number else "-"


def _echo(text: str) -> None:
    typer.echo(text)
