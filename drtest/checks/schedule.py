"""The calendar's own habits: in what order its steps stand, and what its machine's clock does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from drtest.checks.case import Case
from drtest.checks.words import counted, listed, stamps
from drtest.model.finding import Finding
from drtest.model.interval import format_instant
from drtest.model.scenario import Backup, DatedStep, Prune


def check(case: Case) -> Iterator[Finding]:
    """Yield where the clock went back, and where retention runs before the backup."""
    yield from _went_back(case)
    yield from _prunes_first(case)


def _went_back(case: Case) -> Iterator[Finding]:
    """A set that is stamped before the newest one joins no chain: duplicity ignores it."""
    newest: datetime | None = None
    found: list[tuple[datetime, datetime, int]] = []
    for one in case.made:
        if newest is not None and one.set.at < newest:
            found.append((one.set.at, newest, one.point.step))
        newest = one.set.at if newest is None else max(newest, one.set.at)
    if not found:
        return
    set_at, newest_at, step = found[0]
    more = f", and {counted(len(found) - 1, 'more set')} like it" if len(found) > 1 else ""
    yield Finding(
        code="clock-went-back",
        subject=format_instant(set_at),
        message=(
            f"A backup ended with status 0 and wrote a set of {format_instant(set_at)}, though one "
            f"of {format_instant(newest_at)} was there{more}."
        ),
        line=case.line_of_step(step),
        restore_points=tuple(case.steps[index].at for _, _, index in found),
        evidence={
            "set_at": set_at.isoformat(),
            "newest_at": newest_at.isoformat(),
            "sets": stamps(at for at, _, _ in found),
        },
    )


def _prunes_first(case: Case) -> Iterator[Finding]:
    """Within one instant a prune, then a backup, and none before the prune."""
    found: list[DatedStep] = []
    waiting: DatedStep | None = None
    last_backup_at: datetime | None = None
    for dated in case.scenario.steps:
        if isinstance(dated.step, Prune):
            waiting = None if last_backup_at == dated.at else dated
        elif isinstance(dated.step, Backup):
            if waiting is not None and waiting.at == dated.at:
                found.append(waiting)
            waiting, last_backup_at = None, dated.at
    if not found:
        return
    yield Finding(
        code="prune-before-backup",
        subject="prune",
        message=(
            f"Retention ran before the backup {counted(len(found), 'time')} "
            f"({listed([one.at for one in found])}): where that backup fails, what it was to "
            "replace is gone already."
        ),
        line=found[0].line,
        evidence={"at": stamps(one.at for one in found)},
    )
