"""The two plots of the page as coordinates: age of the newest good point, recovery times.

Two forms of line are drawn, and a page must stay small and load nothing: a charting library would
bring tens of megabytes of dependencies for some thirty lines of SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drtest.model.account import Account
from drtest.model.run import DrillResult
from drtest.report.calendar import day_words

WIDTH, HEIGHT = 440, 236
LEFT, RIGHT, TOP, BOTTOM = 52, 428, 20, 202
LEAST = 4  # fewer points or restores are told in words
_CLOSE = 20  # of two labels, in the plot's own unit
_MOST = 400  # corners of a line, dots
_GOOD = frozenset({"verified", "untried", "pruned"})
_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400)
_DAY_STEPS = (1, 2, 5, 10, 20, 30, 60, 90, 180, 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot: ticks, a line or dots, and the objective where one is stated."""

    label: str  # what it shows, for whoever cannot see it
    path: str
    dots: tuple[tuple[float, float], ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_ticks: tuple[tuple[float, str], ...]
    goal_y: float | None
    goal: str
    worst: tuple[float, float, str]  # where the worst is, and its figure


def ages(account: Account) -> Plot | None:
    """Plot the age of the newest point that did not prove bad; None where there are few points."""
    good = [one.at for one in account.points if one.state in _GOOD]
    if len(good) < LEAST:
        return None
    ends = [*good[1:], account.end_at]
    gaps = [(start, (end - start).total_seconds()) for start, end in zip(good, ends, strict=True)]
    worst_at, worst_s = max(gaps, key=lambda one: one[1])
    scale = _Scale.of(good[0], account.end_at, [worst_s, account.goals.rpo_s or 0.0])
    corners: list[tuple[float, float]] = []
    for start, age_s in _thinned(gaps):
        end = start + timedelta(seconds=age_s)
        corners += [(scale.x(start), scale.y(0)), (scale.x(end), scale.y(age_s))]
    place = (scale.x(worst_at + timedelta(seconds=worst_s)), scale.y(worst_s), lasting(worst_s))
    return _plot(
        scale,
        label=f"Age of the newest good restore point: {lasting(worst_s)} at the most",
        path="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners),
        goal_s=account.goals.rpo_s,
        goal="RPO",
        worst=place,
    )


def times(account: Account, drills: Sequence[DrillResult]) -> Plot | None:
    """Plot how long restores of everything took; None where there are few."""
    timed = [
        (one.restore_point, one.recovery_time_s)
        for one in drills
        if one.restore_point is not None and one.path == "everything" and one.must_be == "recovered"
    ]
    if len({at for at, _ in timed}) < LEAST:
        return None
    timed.sort()
    slowest_at, slowest_s = max(timed, key=lambda one: one[1])
    # A recovery time that is not judged has no line to stand under.
    goal_s = account.goals.rto_s if account.goals.real_size else None
    scale = _Scale.of(timed[0][0], timed[-1][0], [slowest_s, goal_s or 0.0])
    return _plot(
        scale,
        label=f"Recovery time of everything: {lasting(slowest_s)} at the most",
        dots=tuple((scale.x(at), scale.y(one)) for at, one in _thinned(timed)),
        goal_s=goal_s,
        goal="RTO",
        worst=(scale.x(slowest_at), scale.y(slowest_s), lasting(slowest_s)),
    )


def lasting(seconds: float) -> str:
    """Return ``0 s``, ``1.2 s``, ``41 s``, ``12 min``, ``31 days``: two figures, no more."""
    if seconds < 0.05:
        return "0 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    for limit, unit, word in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds / 86_400:.0f} days"


def time_axis(highest_s: float) -> tuple[float, float]:
    """Return a step that people count time in, of which four suffice, and the axis' top."""
    steps = [*_STEPS_S, *(days * 86_400 for days in _DAY_STEPS)]
    step = next((one for one in steps if highest_s / one <= 4), highest_s / 4)
    return step, step * max(1, math.ceil(highest_s / step))


def time_tick(seconds: float, top_s: float) -> str:
    """Return the name of a tick, in the unit that fits the axis' top."""
    for unit, word in ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if top_s >= unit * 2 or unit == 1:
            return f"{seconds / unit:.4g} {word}"
    raise AssertionError(seconds)


def _thinned(pairs: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """At most so many, the worst of each group kept."""
    size = math.ceil(len(pairs) / _MOST)
    if size == 1:
        return list(pairs)
    groups = [pairs[start : start + size] for start in range(0, len(pairs), size)]
    return [max(group, key=lambda one: one[1]) for group in groups]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    start: datetime
    span_s: float
    step_s: float
    top_s: float

    @classmethod
    def of(cls, start: datetime, end: datetime, values_s: Sequence[float]) -> _Scale:
        step_s, top_s = time_axis(max(*values_s, 1e-3))
        return cls(
            start=start,
            span_s=max((end - start).total_seconds(), 1.0),
            step_s=step_s,
            top_s=top_s,
        )

    def x(self, at: datetime) -> float:
        return LEFT + (RIGHT - LEFT) * (at - self.start).total_seconds() / self.span_s

    def y(self, seconds: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * seconds / self.top_s

    def y_ticks(self) -> tuple[tuple[float, str], ...]:
        number = round(self.top_s / self.step_s)
        ticks = [
            (self.y(one * self.step_s), time_tick(one * self.step_s, self.top_s))
            for one in range(1, number + 1)
        ]
        return ((self.y(0), "0"), *ticks)

    def x_ticks(self) -> tuple[tuple[float, str], ...]:
        """At most four days, at the edges and between."""
        found: dict[str, float] = {}
        for part in range(4):
            at = self.start + timedelta(seconds=self.span_s * part / 3)
            day = at.astimezone(UTC).date()
            found.setdefault(day_words(day).rsplit(" ", 1)[0], self.x(at))
        return tuple((x, name) for name, x in found.items())


def _plot(
    scale: _Scale,
    *,
    label: str,
    goal_s: float | None,
    goal: str,
    worst: tuple[float, float, str],
    path: str = "",
    dots: tuple[tuple[float, float], ...] = (),
) -> Plot:
    goal_y = None if goal_s is None else scale.y(goal_s)
    if goal_y is not None and abs(goal_y - worst[1]) < _CLOSE:  # both labels on one line
        worst = (min(worst[0], LEFT + (RIGHT - LEFT) / 2), goal_y, worst[2])
    return Plot(
        label=label + ("" if goal_s is None else f", the {goal} is {lasting(goal_s)}"),
        path=path,
        dots=dots,
        y_ticks=scale.y_ticks(),
        x_ticks=scale.x_ticks(),
        goal_y=goal_y,
        goal="" if goal_s is None else f"{goal} {lasting(goal_s)}",
        worst=worst,
    )
