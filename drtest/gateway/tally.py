"""Adds up a request log in one pass: those alike together, from which totals and bills are made.

Nothing is kept of a request but what it is counted by, and the keys that were read. Everything
that one port saw has one step and one instant, so the port stands for both while rows are read.
"""

from __future__ import annotations

from pathlib import Path

from drtest.gateway.requestlog import Row, joined
from drtest.model.traffic import Alike, Totals, is_read, meant_for

_Kind = tuple[int, str, str, int | None, str, str, str]
_NEVER_ENDED: Row = {
    "status": None,
    "error_code": "",
    "outcome": "unknown",
    "answered_by": "store",
    "body_in_bytes": 0,
    "body_out_bytes": 0,
}


class _Sum:
    """What requests of one kind add up to."""

    __slots__ = ("body_in_bytes", "body_out_bytes", "count", "read_keys")

    def __init__(self) -> None:
        self.count = self.body_in_bytes = self.body_out_bytes = 0
        self.read_keys: set[str] = set()


def tally(path: Path, scenario: str | None = None, *, offset: int = 0) -> dict[str, list[Alike]]:
    """Return the requests of a log by scenario, of one or of all, those alike added up.

    *offset* is that of ``requests``. A scenario that asked nothing is not there.
    """
    sums: dict[_Kind, _Sum] = {}
    listeners: dict[int, Row] = {}
    names: dict[str, str] = {}  # each key once, however often it is read
    for labels, arrived, finished in joined(path, scenario, offset):
        end = finished or _NEVER_ENDED
        operation, status = arrived["operation"], end["status"]
        kind = (
            arrived["listener"],
            operation,
            arrived["kind"],
            status,
            end["error_code"],
            end["outcome"],
            "store"
            if end["answered_by"] == "store"
            else meant_for("gateway", end.get("touched_by", ())),
        )
        found = sums.get(kind)
        if found is None:
            found = sums[kind] = _Sum()
            listeners[arrived["listener"]] = labels
        found.count += 1
        found.body_in_bytes += end["body_in_bytes"]
        found.body_out_bytes += end["body_out_bytes"]
        if is_read(operation, status):
            key = arrived["key"]
            found.read_keys.add(names.setdefault(key, key))
    return _by_scenario(sums, listeners)


def _by_scenario(sums: dict[_Kind, _Sum], listeners: dict[int, Row]) -> dict[str, list[Alike]]:
    told: dict[str, list[Alike]] = {}
    for (listener, operation, kind, status, error, outcome, meant), found in sums.items():
        labels = listeners[listener]
        told.setdefault(labels["scenario"], []).append(
            Alike(
                step=labels["step"],
                phase=labels["phase"],
                simulated_at=labels["simulated_at"],
                operation=operation,
                kind=kind,
                status=status,
                error_code=error,
                outcome=outcome,  # type: ignore[arg-type]  # rows are written by this package
                meant_for=meant,  # type: ignore[arg-type]  # likewise
                count=found.count,
                body_in_bytes=found.body_in_bytes,
                body_out_bytes=found.body_out_bytes,
                read_keys=frozenset(found.read_keys),
            )
        )
    return told


def totals(path: Path, scenario: str | None = None, *, offset: int = 0) -> Totals:
    """Return ``Totals.of(requests(path, scenario))``, without building a Request for each."""
    found = tally(path, scenario, offset=offset)
    return Totals.of_alike(one for of in found.values() for one in of)
