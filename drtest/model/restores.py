"""What each drill asks for: the restores that it means, given the sets that were or should be made.

Pure; validate and show use it before a run, runner and checks after it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from drtest.model.interval import format_instant
from drtest.model.plan import PlannedSet, plan, promised
from drtest.model.scenario import (
    AtAgo,
    AtBeforeFirst,
    AtChain,
    AtEach,
    AtEdges,
    AtEnd,
    AtInstant,
    AtNewest,
    AtOldest,
    AtSample,
    AtTyped,
    Drill,
    DrillOutcome,
    Everything,
    OneFile,
    Paths,
    PointSelector,
    Run,
    Scenario,
)

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRestore:
    """One restore of a drill.

    ``asked_at`` is the instant handed to duplicity, None for its default (the newest).
    ``point_at`` is the restore point that it means, None where there is none at or before it.
    """

    drill: int
    part: int
    parts: int
    name: str
    what: str
    asked_at: datetime | None
    point_at: datetime | None
    must_be: DrillOutcome
    now_at: datetime  # when it is run, by the calendar
    after: int = 0  # the step whose prune it follows; 0: it is run at the calendar's end
    typed: AtTyped | None = None  # how duplicity is asked where not by ``asked_at``


def point_before(points: Sequence[datetime], instant: datetime) -> datetime | None:
    """Return the newest of *points* (oldest first) that is not after *instant*."""
    place = bisect_right(points, instant)
    return points[place - 1] if place else None


def restores(
    scenario: Scenario, drill: Drill, made: Sequence[PlannedSet]
) -> tuple[PlannedRestore, ...]:
    """Return all restores that *drill* comes to if every prune does what it should.

    As ``resolve``; a drill that is run after each prune is resolved for each of those moments.
    """
    if drill.when == "end":
        return resolve(scenario, drill, made)
    found: list[PlannedRestore] = []
    for index in plan(scenario).removing:
        found += resolve_after(scenario, drill, made, index, before=len(found))
    return tuple(replace(one, parts=len(found)) for one in found)


def resolve_after(
    scenario: Scenario, drill: Drill, made: Sequence[PlannedSet], index: int, *, before: int
) -> tuple[PlannedRestore, ...]:
    """Return the restores that *drill* means just after the prune of step *index*.

    They are numbered on from *before*, the number of those after earlier prunes.
    """
    until = scenario.until(index)
    then = [one for one in made if one.step <= index]
    moment = f" after the prune of {format_instant(until.end_at)}"
    return tuple(
        replace(
            one,
            part=before + one.part,
            parts=before + one.parts,
            what=one.what + moment,
            after=index,
        )
        for one in resolve(until, drill, then)
    )


def resolve(
    scenario: Scenario, drill: Drill, made: Sequence[PlannedSet]
) -> tuple[PlannedRestore, ...]:
    """Return the restores that *drill* means at the calendar's end, given the sets that were made.

    Points that several selectors name come once. ValueError where ``must-be`` leaves a point out
    or names it twice; the message is for the user.
    """
    asked = _asked(scenario, drill.at, made, label=f"drill {drill.number}")
    points = [one.at for one in made]
    outcomes = _outcomes(scenario, drill, made, [one.at for one in asked])
    return tuple(
        PlannedRestore(
            drill=drill.number,
            part=part,
            parts=len(asked),
            name=drill.name,
            what=f"{describe(drill)} at {_typed(ask.typed) or _shown(scenario, ask.at)}",
            asked_at=ask.at,
            point_at=point_before(points, ask.at or scenario.end_at),
            must_be=outcome,
            now_at=scenario.end_at,
            typed=ask.typed,
        )
        for part, (ask, outcome) in enumerate(zip(asked, outcomes, strict=True), start=1)
    )


def describe(drill: Drill) -> str:
    """Return what the drill restores, in the user's words."""
    match drill.restore:
        case Everything():
            return "everything"
        case Paths(paths=paths):
            return ", ".join(paths)
        case OneFile():
            return "one file"
        case Run(action=action):
            return action
        case _ as never:
            assert_never(never)


def _shown(scenario: Scenario, instant: datetime | None) -> str:
    return format_instant(instant or scenario.end_at)


def _typed(typed: AtTyped | None) -> str:
    return "" if typed is None else f"{typed.text} as typed in {typed.timezone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One question to duplicity; ``at`` None: none, which gives its default."""

    at: datetime | None
    typed: AtTyped | None = None


def _asked(
    scenario: Scenario,
    selectors: Iterable[PointSelector],
    made: Sequence[PlannedSet],
    *,
    label: str,
) -> list[_Ask]:
    """What to ask for, each once, in order of the selectors."""
    found: dict[_Ask, None] = {}
    for selector in selectors:
        typed = selector if isinstance(selector, AtTyped) else None
        for instant in _instants(scenario, selector, made, label=label):
            found[_Ask(at=instant, typed=typed)] = None
    if _Ask(at=None) in found and _Ask(at=scenario.end_at) in found:
        del found[_Ask(at=scenario.end_at)]  # the same state, asked for twice
    return list(found)


def _instants(
    scenario: Scenario, selector: PointSelector, made: Sequence[PlannedSet], *, label: str
) -> list[datetime | None]:
    end = scenario.end_at
    points = list(promised(scenario, made))
    match selector:
        case AtEnd() | AtNewest():
            return [None]
        case AtEach():
            return list(points)
        case AtAgo(ago=ago):
            return [end - ago]
        case AtInstant(instant=instant):
            return [instant]
        case AtTyped():
            return [selector.instant]
        case AtBeforeFirst():
            return [one.at - SECOND for one in made[:1]]
        case AtSample(count=count):
            return list(_sample(points, count, f"{scenario.seed}/{label}"))
        case AtOldest():
            return list(points[:1])
        case AtEdges(of=count):
            sets = points if count is None else _sample(points, count, f"{scenario.seed}/{label}")
            edges: list[datetime | None] = []
            for point in sets:
                if point != points[0]:  # before the first there is nothing promised
                    edges.append(point - SECOND)
                edges += [point, point + SECOND]
            return edges
        case AtChain(number=number):
            return [one.at for one in made if one.chain == number]
        case _ as never:
            assert_never(never)


def _sample(points: Sequence[datetime], count: int, label: str) -> list[datetime]:
    """*count* of *points* by the seed, oldest and newest always among them, in order of time.

    Ranks by a hash rather than draws, so that a longer calendar keeps most of its sample.
    """
    if len(points) <= count:
        return list(points)
    ends = [points[0], points[-1]][-count:] if count < 2 else [points[0], points[-1]]
    inner = sorted(
        points[1:-1],
        key=lambda point: hashlib.sha256(f"{label}/{point.isoformat()}".encode()).digest(),
    )
    return sorted([*ends, *inner[: max(0, count - 2)]])


def _outcomes(
    scenario: Scenario,
    drill: Drill,
    made: Sequence[PlannedSet],
    asked: Sequence[datetime | None],
) -> list[DrillOutcome]:
    if isinstance(drill.must_be, str):
        return [drill.must_be] * len(asked)
    label = f"drill {drill.number}"
    newest = made[-1].at if made else None  # what duplicity's default gives, asked for by name
    claims = [
        (
            {one.at or newest for one in _asked(scenario, [selector], made, label=label)},
            outcome,
        )
        for selector, outcome in drill.must_be
        if selector is not None
    ]
    rest = next((outcome for selector, outcome in drill.must_be if selector is None), None)
    outcomes: list[DrillOutcome] = []
    orphans = 0
    for instant in asked:
        fitting = [outcome for instants, outcome in claims if (instant or newest) in instants]
        if len(fitting) > 1:
            raise ValueError(f"must-be names {_shown(scenario, instant)} twice")
        if not fitting and rest is None:
            orphans += 1
        outcomes.append(fitting[0] if fitting else rest or "recovered")
    if orphans:
        raise ValueError(
            f"must-be leaves {orphans} of {len(asked)} restore points without an outcome"
        )
    return outcomes
