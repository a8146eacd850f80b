"""Restore points as a calendar, month by month, and as stretches of equal nights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from drtest.model.account import STATES, PointResult, PointState, worst_state

DAYS = 31
WORDS: dict[PointState, str] = {
    "verified": "verified, exact",
    "wrong": "wrong, without an error",
    "refused": "did not come back",
    "lost": "lost: promised, and gone",
    "missing": "no backup",
    "unverified": "could not be verified",
    "untried": "not drilled",
    "pruned": "pruned, as configured",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One night of the calendar; of several points it shows the worst."""

    state: PointState
    is_full: bool
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One row: 31 days, None where there is no point."""

    name: str
    days: tuple[Day | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Points in a row that fared alike."""

    since: str
    until: str  # "" where it is one point
    points: int
    state: PointState
    drills: tuple[str, ...]

    @property
    def words(self) -> str:
        """What became of them."""
        return WORDS[self.state]


def months(points: Sequence[PointResult]) -> tuple[Month, ...]:
    """Return a row for each month from the first point to the last, empty ones included."""
    by_day: dict[date, list[PointResult]] = {}
    for point in points:
        by_day.setdefault(point.at.astimezone(UTC).date(), []).append(point)
    if not by_day:
        return ()
    first, last = min(by_day), max(by_day)
    made: list[Month] = []
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = divmod(number, 12)
        days = [
            _day(day, by_day[day]) if (day := _date(year, month + 1, one)) in by_day else None
            for one in range(1, DAYS + 1)
        ]
        has_year = month == 0 or not made
        made.append(
            Month(name=f"{_MONTHS[month]} {year}" if has_year else _MONTHS[month], days=tuple(days))
        )
    return tuple(made)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # the 31st of a month that has none
        return None


def _day(day: date | None, points: Sequence[PointResult]) -> Day:
    assert day is not None
    state = worst_state(point.state for point in points)
    chain = next((point.chain for point in points if point.state == state), 0)
    is_full = any(point.is_full for point in points)
    parts = [
        day_words(day),
        f"chain {chain}" if chain else "",
        "full" if is_full else "",
        f"{len(points)} points" if len(points) > 1 else "",
    ]
    shown = ", ".join(part for part in parts if part)
    return Day(state=state, is_full=is_full, title=f"{shown}: {WORDS[state]}")


def stretches(points: Sequence[PointResult]) -> tuple[Stretch, ...]:
    """Return *points*, oldest first, as runs of the same state."""
    made: list[list[PointResult]] = []
    for point in points:
        if made and made[-1][-1].state == point.state:
            made[-1].append(point)
        else:
            made.append([point])
    return tuple(
        Stretch(
            since=instant_words(group[0].at),
            until=instant_words(group[-1].at) if len(group) > 1 else "",
            points=len(group),
            state=group[0].state,
            drills=tuple(dict.fromkeys(label for one in group for label in one.drills)),
        )
        for group in made
    )


def counts(points: Sequence[PointResult]) -> dict[PointState, int]:
    """Return how many points are in each state, the good ones first; none that has no point."""
    found = Counter(point.state for point in points)
    order: list[PointState] = ["verified", *(one for one in STATES if one != "verified")]
    return {state: found[state] for state in order if found[state]}


def day_words(day: date) -> str:
    """Return ``9 Jan 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def instant_words(instant: datetime) -> str:
    """Return ``9 Jan 2026 03:00``, by UTC as everywhere in a report."""
    shown = instant.astimezone(UTC)
    return f"{day_words(shown.date())} {shown:%H:%M}"
