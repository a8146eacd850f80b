"""Steps, mutations and restore points in the words of a scenario file; calendars folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from drtest.model.chain import Damage
from drtest.model.interval import format_instant, format_interval
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
    Backup,
    Change,
    Clock,
    DatedStep,
    Harmed,
    Lose,
    Mutate,
    Mutation,
    PointSelector,
    Prune,
    Revoke,
    RollBack,
    Step,
    Wait,
)
from drtest.model.toxic import Hold, Kill, Toxic, When
from drtest.scenario.amount import format_bytes, format_target
from drtest.scenario.emit import Flow, Tree

_SHORTEST_RUN = 3  # fewer equal steps at equal distances are written one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Equal steps at ``times`` instants, ``every`` so far apart."""

    first_at: datetime
    every: timedelta
    times: int
    steps: tuple[Step, ...]


def entries(steps: Iterable[DatedStep]) -> list[Entry]:
    """Return *steps* as few entries, which merge to the same steps again.

    The steps of one instant are one entry; what follows a wait is an entry of its own instant.
    Equal entries at equal distances become one that repeats.
    """
    instants: dict[datetime, list[Step]] = {}
    for dated in steps:
        instants.setdefault(dated.at, []).append(dated.step)
    alike: dict[tuple[Step, ...], list[datetime]] = {}
    for at, inside in instants.items():
        alike.setdefault(tuple(inside), []).append(at)
    found = [
        Entry(first_at=first, every=every, times=times, steps=same)
        for same, at in alike.items()
        for first, every, times in _runs(at)
    ]
    return sorted(found, key=lambda entry: entry.first_at)


def _runs(at: list[datetime]) -> Iterator[tuple[datetime, timedelta, int]]:
    start = 0
    while start < len(at):
        end = start + 1
        if end < len(at):
            every = at[end] - at[start]
            while end < len(at) and at[end] - at[end - 1] == every:
                end += 1
            if end - start >= _SHORTEST_RUN:
                yield at[start], every, end - start
                start = end
                continue
        yield at[start], timedelta(0), 1
        start += 1


def mutation_words(mutations: Iterable[Mutation], *, flow: bool = False) -> Tree:
    """Return mutations: a mapping, or a list of mappings where one verb comes twice."""
    groups: list[dict[str, Tree]] = [{}]
    for one in mutations:
        targets: list[Tree] = [format_target(target) for target in one.targets]
        if one.verb in groups[-1]:
            groups.append({})
        groups[-1][one.verb] = targets[0] if len(targets) == 1 else Flow(targets)
    tree: dict[str, Tree] | list[Tree] = groups[0] if len(groups) == 1 else list(groups)
    return Flow(tree) if flow else tree


def step_words(step: Step) -> Tree:
    """Return one step in the words of a scenario file."""
    match step:
        case Mutate(mutations=None):
            return "mutate"
        case Mutate(mutations=mutations):
            return {"mutate": mutation_words(mutations or (), flow=True)}
        case Backup(action=action):
            details = _backup_details(step)
            return {action: details} if details else action
        case Prune(force=True, must_be="done"):
            return "prune"
        case Prune(force=force, must_be=must_be):
            return {"prune": {"force": force, "must-be": must_be}}
        case Lose(what=what):
            return {"lose": what}
        case Change(what=what):
            return {"change": what}
        case Revoke(what=what):
            return {"revoke": what}
        case Harmed(damage=damage):
            return {"damage": damage_words(damage)}
        case RollBack():
            return "roll-back"
        case Wait(by=by):
            return {"wait": format_interval(by)}
        case Clock(off=off):
            return {"clock": f"{'-' if off < timedelta() else ''}{format_interval(abs(off))}"}
        case _ as never:
            assert_never(never)


def _backup_details(step: Backup) -> dict[str, Tree]:
    details: dict[str, Tree] = {}
    if step.must_be != "done":
        details["must-be"] = step.must_be
    if step.same_second:
        details["same-second"] = True
    if step.toxics:
        details["toxics"] = [_toxic_words(toxic) for toxic in step.toxics]
    if step.during is not None:
        when = _when_words(step.during.when)
        del when["times"]  # always once
        details["during"] = Flow(
            {"mutate": mutation_words(step.during.mutations, flow=True), "when": Flow(when)}
        )
    return details


def damage_words(damage: Damage) -> Tree:
    """Return damage in the words of a scenario file."""
    targets: list[Tree] = [str(one) for one in damage.objects]
    return Flow({damage.harm: targets[0] if len(targets) == 1 else Flow(targets)})


def _toxic_words(toxic: Toxic) -> Tree:
    match toxic.does:
        case Kill(signal=signal, at=at):
            words: dict[str, Tree] = {"kill": signal, "at": at}
        case Hold():
            raise ValueError("holding a request has no words")
        case _ as never:
            assert_never(never)
    return Flow({**words, "when": Flow(_when_words(toxic.when))})


def _when_words(when: When) -> dict[str, Tree]:
    words: dict[str, Tree] = {}
    if when.operations:
        operations: list[Tree] = list(when.operations)
        words["operation"] = operations[0] if len(operations) == 1 else Flow(operations)
    if when.of is not None:
        words["of"] = when.objects
    if when.sent_bytes is None:
        words["nth"] = when.nth
    else:
        words["bytes"] = format_bytes(when.sent_bytes)
    words["times"] = when.times
    return words


def selector_tree(selector: PointSelector) -> Tree:
    """Return restore points as they are written in a scenario file."""
    if isinstance(selector, AtTyped):
        return Flow({"typed": selector.text, "timezone": selector.timezone})
    return selector_words(selector)


def selector_words(selector: PointSelector) -> str:
    """Return restore points in the words of a scenario file, on one line."""
    match selector:
        case AtEnd():
            return "end"
        case AtEach():
            return "each restore point"
        case AtAgo(ago=ago):
            return format_interval(ago)
        case AtInstant(instant=instant):
            return format_instant(instant)
        case AtTyped(text=text, timezone=timezone):
            return f"{text} as typed in {timezone}"
        case AtBeforeFirst():
            return "before the first"
        case AtSample(count=count):
            return f"sample of {count}"
        case AtOldest():
            return "oldest promised"
        case AtNewest():
            return "newest"
        case AtEdges(of=None):
            return "edges"
        case AtEdges(of=count):
            return f"edges of {count} sets"
        case AtChain(number=number):
            return f"chain {number}"
        case _ as never:
            assert_never(never)
