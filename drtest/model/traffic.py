"""S3 requests as the gateway saw them, and their totals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

AnsweredBy = Literal["store", "gateway"]
Outcome = Literal["ok", "failed", "unknown"]
# Rules of the gateway that answer what the store would: a listing as of a moment, for a drill.
STAND_INS = frozenset({"horizon"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One exchange. Times are seconds since 1970 (real) and since arrival (latencies)."""

    number: int  # in order of arrival over the run
    scenario: str
    step: str  # "12" for step 12 of the calendar, "drill 3.7" for the 7th restore of drill 3
    phase: str  # full, incremental, backup, prune, drill ...
    operation: str  # S3 API name: PutObject, UploadPart ...
    method: str
    path: str  # raw request target, as received
    bucket: str
    key: str
    kind: str  # volume, manifest, signatures, jsonstat, other; "" where there is no key
    set_at: str  # which set, as duplicity stamps it; "" where there is none
    volume: int | None
    arrived_at: float
    simulated_at: str  # ISO instant of the step
    status: int | None  # None: no answer
    error_code: str  # S3's own, "" where there is none
    body_in_bytes: int  # from the client
    body_out_bytes: int  # to the client
    wire_in_bytes: int
    wire_out_bytes: int
    first_byte_s: float | None
    last_byte_s: float | None
    attempt: int  # 1 for the first try of the same request, 2 for its retry ...
    is_reused: bool  # came on a connection that had carried a request before
    outcome: Outcome
    answered_by: AnsweredBy
    touched_by: tuple[str, ...] = ()

    @property
    def meant_for(self) -> AnsweredBy:
        """Who would have answered outside of drtest."""
        return meant_for(self.answered_by, self.touched_by)


def meant_for(answered_by: AnsweredBy, touched_by: Iterable[str]) -> AnsweredBy:
    """Return the store where it answered, or where a rule stood in for it."""
    return answered_by if STAND_INS.isdisjoint(touched_by) else "store"


@dataclass(slots=True, kw_only=True)
class Totals:
    """Counts of requests; what ``run.json`` holds under ``requests``."""

    total: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)
    by_phase: dict[str, dict[str, int]] = field(default_factory=dict)  # phase -> operation -> n
    by_kind: dict[str, int] = field(default_factory=dict)
    by_step: dict[str, int] = field(default_factory=dict)
    body_in_bytes: int = 0
    body_out_bytes: int = 0
    failed: int = 0
    unknown: int = 0

    def add(self, request: Request) -> None:
        """Count one more."""
        self.total += 1
        _bump(self.by_operation, request.operation)
        _bump(self.by_phase.setdefault(request.phase, {}), request.operation)
        _bump(self.by_kind, request.kind or "none")
        _bump(self.by_step, request.step)
        self.body_in_bytes += request.body_in_bytes
        self.body_out_bytes += request.body_out_bytes
        self.failed += request.outcome == "failed"
        self.unknown += request.outcome == "unknown"

    @classmethod
    def of(cls, requests: Iterable[Request]) -> Totals:
        """Return the totals of a stream of requests; nothing but the counts is kept."""
        totals = cls()
        for request in requests:
            totals.add(request)
        return totals

    @classmethod
    def of_alike(cls, found: Iterable[Alike]) -> Totals:
        """Return the totals of requests that are added up already."""
        totals = cls()
        for one in found:
            totals.total += one.count
            _bump(totals.by_operation, one.operation, one.count)
            _bump(totals.by_phase.setdefault(one.phase, {}), one.operation, one.count)
            _bump(totals.by_kind, one.kind or "none", one.count)
            _bump(totals.by_step, one.step, one.count)
            totals.body_in_bytes += one.body_in_bytes
            totals.body_out_bytes += one.body_out_bytes
            totals.failed += one.count if one.outcome == "failed" else 0
            totals.unknown += one.count if one.outcome == "unknown" else 0
        return totals


def _bump(counts: dict[str, int], key: str, by: int = 1) -> None:
    counts[key] = counts.get(key, 0) + by


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Requests that differ in nothing that is counted or billed, added up.

    A log of a million requests comes to some hundred of these; fields are those of ``Request``.
    """

    step: str
    phase: str
    simulated_at: str
    operation: str
    kind: str
    status: int | None
    error_code: str
    outcome: Outcome
    meant_for: AnsweredBy
    count: int
    body_in_bytes: int
    body_out_bytes: int
    read_keys: frozenset[str]  # of what GetObject read

    @property
    def has_read(self) -> bool:
        """Whether each of them read an object."""
        return is_read(self.operation, self.status)


def is_read(operation: str, status: int | None) -> bool:
    """Whether a request read an object: what must be thawed, and is billed as retrieved."""
    return operation == "GetObject" and status is not None and status < 300
