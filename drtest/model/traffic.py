"""S3 requests as the gateway saw them, and their totals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

AnsweredBy = Literal["store", "gateway"]
Outcome = Literal["ok", "failed", "unknown"]


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


def _bump(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
