"""Shows a scenario: its file with all defaults, and what its calendar comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from drtest.model.interval import format_instant, format_interval
from drtest.model.plan import PlannedSet, plan, promised
from drtest.model.restores import PlannedRestore, describe, restores
from drtest.model.scenario import Drill, Scenario
from drtest.scenario.dump import dump
from drtest.scenario.emit import Flow, Tree, emit, printable
from drtest.scenario.load import count
from drtest.scenario.phrase import entries, selector_words, step_words

_MOST_LINES = 20  # of one list; the rest is counted
_MOST_DRILLS = 30


def show(scenario: Scenario) -> str:
    """Return *scenario* as ``dump`` does, and as comments what follows from it.

    That is the calendar with its days counted, the sets and chains that it should make, the points
    that are promised, and the restores of each drill. The whole still loads as a scenario.
    """
    lines = [
        *_calendar(scenario),
        *_sets(scenario),
        *_promise(scenario),
        *_drills(scenario),
    ]
    return dump(scenario) + "".join(f"# {printable(line)}".rstrip() + "\n" for line in ["", *lines])


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _folded(lines: Sequence[str], most: int = _MOST_LINES) -> list[str]:
    """The first and last of *lines*, and how many lie between."""
    if len(lines) <= most:
        return list(lines)
    head, tail = most - 3, 2
    left_out = len(lines) - head - tail
    return [*lines[:head], f"  ... {left_out:,} more ...", *lines[-tail:]]


def _calendar(scenario: Scenario) -> Iterator[str]:
    steps = scenario.steps
    kinds = Counter(_word(step_words(dated.step)) for dated in steps)
    counted = ", ".join(f"{number:,} {word}" for word, number in kinds.items())
    yield f"calendar: {_plural(len(steps), 'step')} ({counted})"
    yield f"  from {format_instant(steps[0].at)} to {format_instant(scenario.end_at)} UTC"
    lines: list[str] = []
    for entry in entries(steps):
        words = ", ".join(_step(step_words(step)) for step in entry.steps)
        when = format_instant(entry.first_at)
        if entry.times > 1:
            last = entry.first_at + entry.every * (entry.times - 1)
            when += f" ... {format_instant(last)}, every {format_interval(entry.every)},"
            when += f" {entry.times:,} times"
        lines.append(f"  {when}   {words}")
    yield from _folded(lines)


def _word(words: Tree) -> str:
    return words if isinstance(words, str) else next(iter(words)) if isinstance(words, dict) else ""


def _step(words: Tree) -> str:
    match words:
        case dict():
            inside: dict[str, Tree] = {
                key: Flow(value) if isinstance(value, dict) else value
                for key, value in words.items()
            }
            return emit(inside).strip()
        case _:
            return _word(words)


def _sets(scenario: Scenario) -> Iterator[str]:
    planned = plan(scenario)
    chains: dict[int, list[PlannedSet]] = {}
    for one in planned.made:
        chains.setdefault(one.chain, []).append(one)
    fulls = sum(one.is_full for one in planned.made)
    yield ""
    yield (
        f"should make {_plural(len(planned.made), 'set')} in {_plural(len(chains), 'chain')}: "
        f"{fulls:,} full, {len(planned.made) - fulls:,} incremental; "
        f"{_plural(len(planned.left), 'set')} left at the end"
    )
    left = {one.at for one in planned.left}
    lines: list[str] = []
    for number, sets in chains.items():
        kept = sum(one.at in left for one in sets)
        state = "" if kept == len(sets) else "   pruned" if not kept else f"   {kept} left"
        lines.append(
            f"  chain {number:<3} {format_instant(sets[0].at)} to {format_instant(sets[-1].at)}   "
            f"{_plural(len(sets), 'set')}{state}"
        )
    yield from _folded(lines)


def _promise(scenario: Scenario) -> Iterator[str]:
    planned = plan(scenario)
    points = promised(scenario, planned.made)
    left = {one.at for one in planned.left}
    yield ""
    if scenario.objectives.keep is not None:
        whose = f"by keep: {format_interval(scenario.objectives.keep)}"
    elif scenario.policy.has_retention:
        whose = "by the policy's own retention, since no objective says keep"
    else:
        whose = "every point, since nothing says how long"
    yield f"promises {_plural(len(points), 'restore point')}: {whose}"
    if points:
        yield f"  oldest {format_instant(points[0])}, newest {format_instant(points[-1])}"
    if gone := [point for point in points if point not in left]:
        yield (
            f"  {len(gone):,} of them are gone by then: {format_instant(gone[0])}"
            f" to {format_instant(gone[-1])}"
        )


def _drills(scenario: Scenario) -> Iterator[str]:
    made = plan(scenario).made
    total = count([scenario])
    yield ""
    yield f"{_plural(len(scenario.drills), 'drill')}, {_plural(total.drills, 'restore')}"
    lines: list[str] = []
    for drill in scenario.drills:
        found = restores(scenario, drill, made)
        lines.append(f"  {drill.number}  {_title(drill)}: {_plural(len(found), 'restore')}")
        lines += [f"     {line}" for line in _folded([_restore(one) for one in found], 8)]
    yield from _folded(lines, _MOST_DRILLS)


def _title(drill: Drill) -> str:
    points = ", ".join(selector_words(selector) for selector in drill.at)
    title = f"{describe(drill)} at {points}"
    if drill.when != "end":
        title += f" {drill.when}"
    return f"{drill.name}: {title}" if drill.name else title


def _restore(one: PlannedRestore) -> str:
    asked: datetime = one.asked_at or one.now_at
    point = "nothing" if one.point_at is None else format_instant(one.point_at)
    means = "" if asked == one.point_at else f" (the point {point})"
    return f"{format_instant(asked)}{means}   must be {one.must_be}"
