"""RPO, RTO and requests against what was achieved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from drtest.checks.case import Case
from drtest.checks.restored import Drilled
from drtest.checks.words import age, counted, stamps
from drtest.model.finding import Finding, Severity
from drtest.model.interval import format_instant, format_interval
from drtest.model.run import DrillResult
from drtest.model.scenario import Backup
from drtest.model.verdict import Disposition

_MONTH = timedelta(days=30)


def check(case: Case, drilled: Drilled) -> Iterator[Finding]:
    """Yield which objectives were missed, and which were never stated."""
    yield from _recovery_point(case, drilled)
    yield from _recovery_time(case, drilled)
    yield from _requests(case)
    yield from _unstated(case)


# ---------------------------------------------------------------- how stale


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which no newer good restore point came; ``start_at`` is the point before it."""

    start_at: datetime
    end_at: datetime
    has_point: bool  # False: there was none yet, and the age counts from the first backup's time

    @property
    def age(self) -> timedelta:
        """How old the newest good point was at the end."""
        return self.end_at - self.start_at


def gaps(first_due_at: datetime, good: Iterable[datetime], end_at: datetime) -> Iterator[Gap]:
    """Yield the gaps between *good* points (oldest first), the last one up to *end_at*."""
    start_at, has_point = first_due_at, False
    for point in good:
        if point > start_at or has_point:
            yield Gap(start_at=start_at, end_at=point, has_point=has_point)
        start_at, has_point = point, True
    yield Gap(start_at=start_at, end_at=end_at, has_point=has_point)


def _recovery_point(case: Case, drilled: Drilled) -> Iterator[Finding]:
    rpo = case.scenario.objectives.rpo
    backups = [dated for dated in case.scenario.steps if isinstance(dated.step, Backup)]
    if rpo is None or not backups or not case.history.is_complete:
        return
    bad = drilled.bad_points(case.gone_at | case.maimed_at.keys())
    points = [one.point.at for one in case.made]
    good = [point for point in points if point not in bad]
    undrilled = len(set(good) - drilled.good_points())
    late = [gap for gap in gaps(backups[0].at, good, case.scenario.end_at) if gap.age > rpo]
    if not late:
        return
    worst = max(late, key=lambda gap: gap.age)
    inside = [
        dated.at
        for dated in backups
        if worst.start_at <= dated.at <= worst.end_at and dated.at not in good
    ]
    said = (
        f"at {format_instant(worst.end_at)} the newest good restore point was {age(worst.age)} old"
        if worst.has_point
        else f"{age(worst.age)} after the first backup was due there was no good restore point"
    )
    more = f" ({counted(len(late), 'such time')})" if len(late) > 1 else ""
    assumed = (
        f"; {undrilled:,} of {counted(len(points), 'point')} were not drilled and count as good"
        if undrilled
        else ""
    )
    failed = f", after {counted(len(inside), 'backup')} that gave none" if inside else ""
    yield Finding(
        code="rpo-exceeded",
        subject="rpo",
        message=f"{said[0].upper()}{said[1:]}{failed}, the RPO is {format_interval(rpo)}"
        f"{more}{assumed}.",
        line=case.scenario.objectives.line,
        restore_points=(worst.start_at,) if worst.has_point else (),
        evidence={
            "at": worst.end_at.isoformat(),
            "recovery_point_age_s": worst.age.total_seconds(),
            "rpo_s": rpo.total_seconds(),
            "cause": "backups without a good point" if inside else "the calendar",
            "backups_without_point": stamps(inside),
            "times": [
                {"from": gap.start_at.isoformat(), "to": gap.end_at.isoformat()} for gap in late
            ],
            "not_drilled": undrilled,
        },
    )


# ---------------------------------------------------------------- how long


def _recovery_time(case: Case, drilled: Drilled) -> Iterator[Finding]:
    objectives = case.scenario.objectives
    timed = [
        one
        for one in drilled.results
        if one.must_be != "refused" and one.disposition is not Disposition.REFUSED
    ]
    if objectives.rto is None or not timed:
        return
    slowest = max(timed, key=lambda one: one.recovery_time_s)
    rto_s = objectives.rto.total_seconds()
    if not objectives.real_size:
        yield _of_time(
            case,
            "rto-projected",
            [slowest],
            f"The slowest of {counted(len(timed), 'restore')} took "
            f"{slowest.recovery_time_s:,.1f} s; the RTO of {format_interval(objectives.rto)} is "
            "not judged by it, since the scenario is not of real size.",
        )
        return
    late = [one for one in timed if one.recovery_time_s > rto_s]
    if late:
        yield _of_time(
            case,
            "rto-exceeded",
            sorted(late, key=lambda one: -one.recovery_time_s),
            f"{counted(len(late), 'restore')} of {len(timed)} took longer than the RTO of "
            f"{format_interval(objectives.rto)}, the slowest {slowest.recovery_time_s:,.1f} s.",
        )


def _of_time(case: Case, code: str, drills: list[DrillResult], message: str) -> Finding:
    assert case.scenario.objectives.rto is not None
    points = {one.restore_point for one in drills if one.restore_point is not None}
    return Finding(
        code=code,
        subject="rto",
        message=message,
        line=case.scenario.objectives.line,
        drills=tuple(one.label for one in drills),
        restore_points=tuple(sorted(points)),
        evidence={
            "recovery_time_s": drills[0].recovery_time_s,
            "rto_s": case.scenario.objectives.rto.total_seconds(),
        },
    )


# ---------------------------------------------------------------- requests


def _requests(case: Case) -> Iterator[Finding]:
    """The calendar's requests, scaled to 30 days of it; drills are drtest's own."""
    budget, totals = case.scenario.objectives.requests_per_month, case.history.requests
    if budget is None or totals is None or not case.history.is_complete:
        return
    phases = {
        phase: operations
        for phase, operations in totals.by_phase.items()
        if not phase.startswith("drill")
    }
    metered = sum(sum(operations.values()) for operations in phases.values())
    length = case.scenario.backups_stand_for
    scale = 1.0 if length is None else _MONTH / length
    requests = round(metered * scale)
    if requests <= budget:
        return
    count, phase, operation = max(
        (number, phase, operation)
        for phase, operations in phases.items()
        for operation, number in operations.items()
    )
    yield Finding(
        code="requests-exceeded",
        subject="requests-per-month",
        message=(
            f"{requests:,} requests in 30 days, the budget is {budget:,}; the most are "
            f"{operation} in {phase}, {count / metered:.0%} of {metered:,} metered."
        ),
        line=case.scenario.objectives.line,
        evidence={
            "requests": requests,
            "budget": budget,
            "metered": metered,
            "metered_days": None if length is None else round(length / timedelta(days=1), 2),
            "biggest": {"phase": phase, "operation": operation, "requests": count},
        },
    )


# ---------------------------------------------------------------- what was not stated


def _unstated(case: Case) -> Iterator[Finding]:
    objectives = case.scenario.objectives
    stated = {"rpo": objectives.rpo, "rto": objectives.rto, "keep": objectives.keep}
    missing = [name for name, value in stated.items() if value is None]
    if missing:
        yield Finding(
            code="no-objective",
            subject="objectives",
            message=(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not stated, "
                "and so not judged."
            ),
            line=objectives.line,
            evidence={"missing": missing},
        )


def forbid_warnings(case: Case, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield *findings*, each warning as a failure where the objectives say ``warnings: none``."""
    for one in findings:
        if case.scenario.objectives.warnings_allowed or one.severity is not Severity.WARNING:
            yield one
            continue
        yield Finding(
            code="warnings-not-allowed",
            subject=one.subject if one.code == "duplicity-warned" else one.code,
            message=f"The objectives say warnings: none. {one.message}",
            line=one.line,
            drills=one.drills,
            restore_points=one.restore_points,
            silent=one.silent,
            evidence={"warning": one.code, **one.evidence},
        )
