"""Reads ``calendar``: dated entries, expanded and merged by time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from drtest.clock import real_now
from drtest.model.interval import format_instant, parse_interval
from drtest.model.scenario import Clock, DatedStep, Wait
from drtest.scenario import fields, words
from drtest.scenario.fields import Fields
from drtest.scenario.instant import last_second, parse_instant
from drtest.scenario.node import Node, Scalar, Sequence
from drtest.scenario.problem import Problems
from drtest.scenario.step import Placed, read_steps
from drtest.scenario.text import Place

MOST_STEPS = 20_000
_INSTANTS = "allowed: 2026-01-01 03:00, with Z or +01:00 behind it, or +1D after the entry before"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    place: Place
    until_place: Place  # what to point at where it ends too late
    first_at: datetime
    every: timedelta
    times: int
    steps: tuple[Placed, ...]

    @property
    def last_at(self) -> datetime:
        return self.first_at + self.every * (self.times - 1)

    def starts(self) -> Iterator[datetime]:
        for number in range(self.times):
            yield self.first_at + self.every * number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    at: datetime
    entry: int
    start_at: datetime  # of the repetition that it belongs to
    order: int
    placed: Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The expanded calendar, and where each step is written (the place of step n is [n - 1])."""

    steps: tuple[DatedStep, ...]
    places: tuple[Place, ...]


def read_calendar(
    node: Node, problems: Problems, paths: list[tuple[str, Place]]
) -> Calendar | None:
    """Return the steps in order of time, None where anything in the calendar is wrong."""
    before = len(problems.found)
    if not isinstance(node, Sequence) or not node.items:
        problems.add(
            node.place,
            "calendar is a list of entries",
            "write   - at: 2026-01-01 03:00   with   do: full   below it",
        )
        return None
    entries: list[_Entry] = []
    previous: datetime | None = None
    is_known = True  # whether the entry before could be dated
    for item in node.items:
        entry = _entry(item, problems, previous, is_known=is_known, paths=paths)
        is_known = entry is not None
        if entry is not None:
            entries.append(entry)
            previous = entry.last_at
    total = sum(entry.times * len(entry.steps) for entry in entries)
    if total > MOST_STEPS:
        problems.add(
            node.place,
            f"the calendar has {total:,} steps",
            f"allowed: {MOST_STEPS:,} steps in one scenario; repeat less often, or end earlier",
        )
        return None
    if len(problems.found) > before:
        return None
    dated = sorted(_expand(entries), key=lambda one: (one.at, one.entry, one.order))
    _refuse_same_instant(entries, dated, problems)
    _refuse_late_wait(dated, problems)
    _refuse_fast_clock(dated, problems)
    if len(problems.found) > before:
        return None
    return Calendar(
        steps=tuple(
            DatedStep(index=index, at=one.at, step=one.placed.step, line=one.placed.place.line)
            for index, one in enumerate(dated, start=1)
        ),
        places=tuple(one.placed.place for one in dated),
    )


# ---------------------------------------------------------------- entries


def _entry(
    node: Node,
    problems: Problems,
    previous: datetime | None,
    *,
    is_known: bool,
    paths: list[tuple[str, Place]],
) -> _Entry | None:
    found = fields.read_fields(
        node, problems, what="key of a calendar entry", allowed=words.ENTRY, later=words.STEPS_LATER
    )
    if found is None:
        return None
    steps: tuple[Placed, ...] | None = None
    if (do := found.get("do")) is None:
        problems.add(node.place, "the entry does nothing", "add   do: backup   to it")
    else:
        steps = read_steps(do, problems, paths)
    if "at" in found.values and "every" in found.values:
        problems.add(
            found.place("every"), "at and every do not go together", "write from instead of at"
        )
        return None
    if "at" in found.values:
        for key in ("from", "times", "until"):
            if key in found.values:
                problems.add(
                    found.place(key), f"{key} goes with every", "write every: 1D instead of at"
                )
                return None
        at = _instant(found.values["at"], problems, previous, is_known=is_known)
        if at is None or not steps:
            return None
        return _checked(found, problems, "at", first=at, every=timedelta(0), times=1, steps=steps)
    if "every" not in found.values:
        problems.add(
            node.place, "the entry has no instant", "add   at: 2026-01-01 03:00   or every and from"
        )
        return None
    return _repeated(found, problems, previous, is_known=is_known, steps=steps)


def _repeated(
    found: Fields,
    problems: Problems,
    previous: datetime | None,
    *,
    is_known: bool,
    steps: tuple[Placed, ...] | None,
) -> _Entry | None:
    every = fields.interval(found.values["every"], problems)
    first: datetime | None = None
    if (node := found.get("from")) is None:
        problems.add(found.place("every"), "every needs from", "add   from: 2026-01-01 03:00")
    else:
        first = _instant(node, problems, previous, is_known=is_known)
    if ("times" in found.values) == ("until" in found.values):
        problems.add(
            found.place("until" if "until" in found.values else "every"),
            "every needs times or until, and one of them only",
            "add   times: 30   or   until: 2026-01-30",
        )
        return None
    if (node := found.get("times")) is not None:
        times = fields.whole(node, problems, what="number of times", low=1, high=10_000_000)
        if every is None or first is None or times is None or not steps:
            return None
        return _checked(
            found, problems, "times", first=first, every=every, times=times, steps=steps
        )
    until_node = found.values["until"]
    until = fields.parsed(
        until_node, problems, last_second, what="an instant", advice="allowed: 2026-01-31"
    )
    if every is None or first is None or until is None or not steps:
        return None
    if until < first:
        problems.add(
            until_node.place,
            f"until lies before from ({format_instant(first)})",
            "allowed: a later instant; a date alone means that whole day",
        )
        return None
    times = (until - first) // every + 1
    return _checked(found, problems, "until", first=first, every=every, times=times, steps=steps)


def _checked(
    found: Fields,
    problems: Problems,
    key: str,
    *,
    first: datetime,
    every: timedelta,
    times: int,
    steps: tuple[Placed, ...],
) -> _Entry | None:
    place = found.values[key].place
    try:
        end = first + every * (times - 1)
        for one in steps:
            if isinstance(one.step, Wait):
                end += one.step.by
    except OverflowError:
        end = None
    if end is None or end > real_now():
        when = f"at {format_instant(end)}" if end else "beyond all time"
        problems.add(
            place,
            f"the calendar ends {when}, later than now",
            "start in an earlier year: duplicity reads some times against the real clock",
        )
        return None
    return _Entry(
        place=found.node.place,
        until_place=place,
        first_at=first,
        every=every,
        times=times,
        steps=steps,
    )


def _instant(
    node: Node, problems: Problems, previous: datetime | None, *, is_known: bool
) -> datetime | None:
    if isinstance(node, Scalar) and node.value.startswith("+"):
        try:
            ahead = parse_interval(node.value[1:])
        except ValueError:
            problems.add(node.place, f"{node.value} is not an instant", fields.INTERVALS, _INSTANTS)
            return None
        if previous is None or not is_known:
            if is_known:
                problems.add(
                    node.place, f"{node.value} follows no entry", "allowed: 2026-01-01 03:00"
                )
            return None  # the entry before is wrong, and said so
        return previous + ahead
    return fields.parsed(node, problems, parse_instant, what="an instant", advice=_INSTANTS)


# ---------------------------------------------------------------- merging


def _expand(entries: list[_Entry]) -> Iterator[_Dated]:
    for number, entry in enumerate(entries):
        for start in entry.starts():
            now = start
            for order, placed in enumerate(entry.steps):
                yield _Dated(at=now, entry=number, start_at=start, order=order, placed=placed)
                if isinstance(placed.step, Wait):
                    now += placed.step.by


def _refuse_same_instant(entries: list[_Entry], dated: list[_Dated], problems: Problems) -> None:
    told: set[tuple[int, int]] = set()
    for one, other in pairwise(dated):
        if one.at != other.at or (one.entry, one.start_at) == (other.entry, other.start_at):
            continue
        pair = (one.entry, other.entry)
        if pair in told:
            continue
        told.add(pair)
        if one.entry == other.entry:
            problems.add(
                entries[one.entry].place,
                f"the entry begins again at {format_instant(one.at)}, before its waits are over",
                "wait less, or repeat less often",
            )
            continue
        problems.add(
            entries[other.entry].place,
            f"at {format_instant(one.at)} there are also steps of the entry on line "
            f"{entries[one.entry].place.line}",
            "put them into one do, in the order that is meant, or move one of the two",
        )


def _refuse_late_wait(dated: list[_Dated], problems: Problems) -> None:
    """A wait that outlasts the last step would leave open when the calendar ends."""
    last = dated[-1]
    for one in dated[:-1]:
        if isinstance(one.placed.step, Wait) and one.at + one.placed.step.by > last.at:
            problems.add(
                one.placed.place,
                f"this wait outlasts the last step, at {format_instant(last.at)}",
                "wait less, or put the wait behind the last step",
            )
            return


def _refuse_fast_clock(dated: list[_Dated], problems: Problems) -> None:
    """A clock beyond the real now: duplicity reads some times against that."""
    for one in dated:
        if isinstance(one.placed.step, Clock) and dated[-1].at + one.placed.step.off > real_now():
            problems.add(
                one.placed.place,
                "by this clock the calendar ends later than now",
                "start in an earlier year",
            )
            return
