"""Reads the request log of a stored run: rows that fit, their sums, and exports. Streams."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

from drtest.api.select import has_words
from drtest.api.session import REQUEST_LOG
from drtest.errors import UsageError
from drtest.gateway.requestlog import Row, joined, request
from drtest.model.traffic import AnsweredBy, Request

By = Literal["operation", "phase", "kind", "step", "scenario", "status"]
BYS: tuple[By, ...] = get_args(By)
NONE = "none"  # kind of a request without a key, status of one without an answer

COLUMNS = tuple(field.name for field in fields(Request))

_Joined = tuple[Row, Row, Row | None]
_VALUES: Mapping[By, Callable[[_Joined], str]] = {
    "operation": lambda rows: str(rows[1]["operation"]),
    "phase": lambda rows: str(rows[0]["phase"]),
    "kind": lambda rows: str(rows[1]["kind"] or NONE),
    "step": lambda rows: str(rows[0]["step"]),
    "scenario": lambda rows: str(rows[0]["scenario"]),
    "status": lambda rows: str((rows[2] or {}).get("status") or NONE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows are asked for; an empty field asks for all. Several words of one field: any."""

    scenario: str = ""  # words of its name
    operations: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()  # "503", "5xx", "none"
    failed: bool = False  # whatever did not end well, unknown outcomes too
    answered_by: AnsweredBy | None = None

    def __post_init__(self) -> None:
        for status in self.statuses:
            is_number = len(status) == 3 and status.isascii() and status[0] in "12345"
            if status != NONE and not (is_number and (status[1:] == "xx" or status.isdigit())):
                raise UsageError(f"--status {status}: write 503, 5xx or {NONE}")


@dataclass(slots=True, kw_only=True)
class Sum:
    """What some requests add up to."""

    requests: int = 0
    failed: int = 0
    unknown: int = 0
    body_in_bytes: int = 0
    body_out_bytes: int = 0


def log_of(folder: Path) -> Path:
    """Return the request log of the run in *folder*; UsageError where there is none."""
    log = folder / REQUEST_LOG
    if not log.is_file():
        raise UsageError(
            f"{folder} holds no {REQUEST_LOG}: it is not a run, or nothing was metered"
        )
    return log


def matching(log: Path, wanted: Wanted) -> Iterator[Request]:
    """Yield the requests of *log* that are *wanted*, in the order in which they ended."""
    return (request(*rows) for rows in _fitting(log, wanted))


def sums(log: Path, wanted: Wanted, by: By) -> dict[str, Sum]:
    """Return the sums of what is *wanted*, by one field; no request is kept."""
    found: dict[str, Sum] = {}
    value = _VALUES[by]
    for rows in _fitting(log, wanted):
        key = value(rows)
        part = found.get(key)
        if part is None:
            part = found[key] = Sum()
        part.requests += 1
        _add_end(part, rows[2])
    return found


def _add_end(part: Sum, finished: Row | None) -> None:
    """Add one exchange's bytes and outcome; None: it never ended, so nobody knows."""
    if finished is None:
        part.unknown += 1
        return
    part.body_in_bytes += finished["body_in_bytes"]
    part.body_out_bytes += finished["body_out_bytes"]
    outcome = finished["outcome"]
    if outcome != "ok":
        part.failed += outcome == "failed"
        part.unknown += outcome == "unknown"


def write_csv(rows: Iterable[Request], file: TextIO) -> int:
    """Write *rows* below one line of column names, as RFC 4180 has it; return how many."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    number = 0
    for row in rows:
        writer.writerow(
            [" ".join(value) if isinstance(value, tuple) else value for value in _values(row)]
        )
        number += 1
    return number


def write_jsonl(rows: Iterable[Request], file: TextIO) -> int:
    """Write *rows*, one JSON object a line, in ASCII; return how many."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    number = 0
    for row in rows:
        file.write(encode(dict(zip(COLUMNS, _values(row), strict=True))) + "\n")
        number += 1
    return number


def _values(row: Request) -> list[Any]:
    return [getattr(row, name) for name in COLUMNS]


def _fitting(log: Path, wanted: Wanted) -> Iterator[_Joined]:
    tests = list(_tests(wanted))
    for rows in joined(log):
        if all(test(rows) for test in tests):
            yield rows


def _tests(wanted: Wanted) -> Iterator[Callable[[_Joined], bool]]:
    if wanted.scenario:
        yield lambda rows: has_words(rows[0]["scenario"], wanted.scenario)
    asked: tuple[tuple[By, tuple[str, ...]], ...] = (
        ("operation", wanted.operations),
        ("phase", wanted.phases),
        ("kind", wanted.kinds),
        ("step", wanted.steps),
    )
    for by, words in asked:
        if words:
            yield _one_of(_VALUES[by], frozenset(words))
    if wanted.statuses:
        yield _has_status(frozenset(wanted.statuses))
    if wanted.failed:
        yield lambda rows: rows[2] is None or rows[2]["outcome"] != "ok"
    if wanted.answered_by is not None:
        yield lambda rows: (rows[2] or {}).get("answered_by", "store") == wanted.answered_by


def _has_status(words: frozenset[str]) -> Callable[[_Joined], bool]:
    status = _VALUES["status"]
    return lambda rows: (value := status(rows)) in words or f"{value[0]}xx" in words


def _one_of(value: Callable[[_Joined], str], words: frozenset[str]) -> Callable[[_Joined], bool]:
    return lambda rows: value(rows) in words
