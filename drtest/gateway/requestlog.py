"""The request log: JSON lines, three kinds of row, written so that a crash loses nothing.

``listener`` names what a port stands for, ``arrived`` is written before a byte is forwarded,
``finished`` when the exchange is over. Rows of one exchange share its ``number``. A line that was
cut by a crash is passed over: an arrival that is not whole was never forwarded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from drtest.gateway.exchange import Exchange
from drtest.model.traffic import Request

SCHEMA_VERSION = 1
_BATCH_ROWS = 512

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode

Row = dict[str, Any]


class LogBroken(Exception):
    """A row could not be written: what passes from now on would be uncounted, so nothing may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a listening port stands for."""

    scenario: str
    step: str
    phase: str
    simulated_at: datetime


class RequestLog:
    """Appends rows, one ``write`` a row; raises LogBroken where the disk is full.

    A log that is already there is continued: numbers go on, a cut last line is closed.
    """

    def __init__(self, path: Path) -> None:
        last = {"listener": 0, "arrived": 0}
        if path.is_file():
            for row in _rows(path):
                if row["row"] in last:
                    last[row["row"]] = max(last[row["row"]], row["number"])
        self._requests, self._listeners = last["arrived"], last["listener"]
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        size_bytes = os.fstat(self._fd).st_size
        if size_bytes and os.pread(self._fd, 1, size_bytes - 1) != b"\n":
            os.write(self._fd, b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def listener(self, labels: Labels, *, mode: str, upstream: str) -> int:
        """Write what a new listener stands for; return its number."""
        self._listeners += 1
        self._write(
            {
                "row": "listener",
                "schema_version": SCHEMA_VERSION,
                "number": self._listeners,
                "scenario": labels.scenario,
                "step": labels.step,
                "phase": labels.phase,
                "simulated_at": labels.simulated_at.isoformat(),
                "mode": mode,
                "upstream": upstream,
            }
        )
        return self._listeners

    def next_number(self) -> int:
        """Return the number of the next request of the run."""
        self._requests += 1
        return self._requests

    def arrived(self, exchange: Exchange, listener: int) -> None:
        """Write what is known on arrival."""
        named = exchange.named
        self._write(
            {
                "row": "arrived",
                "number": exchange.number,
                "listener": listener,
                "operation": exchange.target.operation,
                "method": exchange.head.method,
                "path": exchange.head.target,
                "bucket": exchange.target.bucket,
                "key": exchange.target.key,
                "kind": named.kind,
                "set_at": named.set_at,
                "volume": named.volume,
                "arrived_at": round(exchange.arrived_at, 6),
                "attempt": exchange.attempt,
                "is_reused": exchange.is_reused,
            }
        )

    def finished(self, exchange: Exchange) -> None:
        """Write what became of it."""
        self._write(
            {
                "row": "finished",
                "number": exchange.number,
                "status": exchange.status,
                "error_code": exchange.error_code,
                "body_in_bytes": exchange.body_in_bytes,
                "body_out_bytes": exchange.body_out_bytes,
                "wire_in_bytes": exchange.wire_in_bytes,
                "wire_out_bytes": exchange.wire_out_bytes,
                "first_byte_s": exchange.first_byte_s,
                "last_byte_s": exchange.last_byte_s,
                "outcome": exchange.outcome,
                "answered_by": exchange.answered_by,
                "touched_by": exchange.touched_by,
            }
        )

    def _write(self, row: Row) -> None:
        line = _encode(row).encode("ascii") + b"\n"
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            raise LogBroken(f"the request log cannot be written: {error}") from error
        if written != len(line):
            raise LogBroken(f"the request log took {written} of {len(line)} bytes: disk full?")


def requests(path: Path, scenario: str | None = None, *, offset: int = 0) -> Iterator[Request]:
    """Yield the exchanges of a log, of one scenario or of all, in the order in which they ended.

    What never ended comes last, with outcome ``unknown``. Nothing but what is in flight is kept.
    *offset*: where in the file to begin, the log's size before the scenario's first listener was
    opened. A run then reads its log once for each job, however many scenarios it has.
    """
    for labels, arrived, finished in joined(path, scenario, offset):
        yield request(labels, arrived, finished)


def joined(
    path: Path, scenario: str | None = None, offset: int = 0
) -> Iterator[tuple[Row, Row, Row | None]]:
    """Yield (listener row, arrived row, finished row or None), in the order of ``requests``."""
    listeners: dict[int, Row] = {}
    flying: dict[int, Row] = {}
    for row in _rows(path, offset):
        match row["row"]:
            case "finished":
                arrived = flying.pop(row["number"], None)
                if arrived is not None:
                    yield listeners[arrived["listener"]], arrived, row
            case "arrived":
                if row["listener"] in listeners:
                    flying[row["number"]] = row
            case "listener":
                if scenario is None or row["scenario"] == scenario:
                    listeners[row["number"]] = row
    for arrived in flying.values():
        yield listeners[arrived["listener"]], arrived, None


def _rows(path: Path, offset: int = 0) -> Iterator[Row]:
    with path.open("rb") as file:
        file.seek(offset)
        while lines := list(islice(file, _BATCH_ROWS)):
            yield from _parsed(lines)


def _parsed(lines: list[bytes]) -> Iterable[Row]:
    try:  # one call for many rows: 2 million calls of json.loads alone would take 3 s
        batch: list[Row] = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        if len(lines) == 1:
            return ()
        middle = len(lines) // 2
        return [*_parsed(lines[:middle]), *_parsed(lines[middle:])]
    return batch


def request(labels: Row, arrived: Row, finished: Row | None) -> Request:
    """Return the exchange that three rows of ``joined`` tell of."""
    end = finished or {}
    return Request(
        number=arrived["number"],
        scenario=labels["scenario"],
        step=labels["step"],
        phase=labels["phase"],
        operation=arrived["operation"],
        method=arrived["method"],
        path=arrived["path"],
        bucket=arrived["bucket"],
        key=arrived["key"],
        kind=arrived["kind"],
        set_at=arrived["set_at"],
        volume=arrived["volume"],
        arrived_at=arrived["arrived_at"],
        simulated_at=labels["simulated_at"],
        status=end.get("status"),
        error_code=end.get("error_code", ""),
        body_in_bytes=end.get("body_in_bytes", 0),
        body_out_bytes=end.get("body_out_bytes", 0),
        wire_in_bytes=end.get("wire_in_bytes", 0),
        wire_out_bytes=end.get("wire_out_bytes", 0),
        first_byte_s=end.get("first_byte_s"),
        last_byte_s=end.get("last_byte_s"),
        attempt=arrived["attempt"],
        is_reused=arrived["is_reused"],
        outcome=end.get("outcome", "unknown"),
        answered_by=end.get("answered_by", "store"),
        touched_by=tuple(end.get("touched_by", ())),
    )
