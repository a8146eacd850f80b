"""What a calendar means: the sets that it should make, and the points that it promises.

Pure; validate and show use it before a run, runner and checks after it.

Source of the rules: duplicity 3.2.1, dup_main.check_last_full and dup_collections
(get_chains_older_than, get_nth_last_full_backup_time); shared facts 1.5 and 1.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drtest.model.scenario import (
    Backup,
    Clock,
    DatedStep,
    Prune,
    Scenario,
)

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSet:
    """One backup set that the calendar should make."""

    at: datetime
    step: int  # index of the step that makes it
    chain: int  # chains count from 1 in order of time
    is_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sets that the calendar should make and those that its prunes should leave."""

    made: tuple[PlannedSet, ...]
    left: tuple[PlannedSet, ...]
    removing: tuple[int, ...] = ()  # the steps whose prunes should remove a set


@dataclass(slots=True, kw_only=True)
class _Chains:
    made: list[PlannedSet] = field(default_factory=list)
    left: list[list[PlannedSet]] = field(default_factory=list)  # by chain
    fulls: int = 0
    last_full_at: datetime | None = None
    removing: list[int] = field(default_factory=list)


def is_full_due(last_full_at: datetime | None, now: datetime, every: timedelta | None) -> bool:
    """Whether duplicity's implied action makes a full: none yet, or older than *every*."""
    return last_full_at is None or (every is not None and last_full_at < now - every)


def plan(scenario: Scenario) -> Plan:
    """Return the sets that *scenario*'s calendar should make, if all goes well."""
    chains = _Chains()
    clock = clocks(scenario)
    for dated in scenario.steps:
        match dated.step:
            case Backup(is_killed=True):
                pass  # the next backup takes it up again
            case Backup(action=action, must_be="done"):
                _add_set(chains, scenario, action, dated, clock_at=clock[dated.index])
            case Prune(force=True, must_be="done"):
                kept = prune(
                    [_Span.of(chain) for chain in chains.left], scenario, now=clock[dated.index]
                )
                if not all(keep.kept and not keep.only_full for keep in kept):
                    chains.removing.append(dated.index)
                chains.left = [
                    [one for one in chain if one.is_full or not keep.only_full]
                    for chain, keep in zip(chains.left, kept, strict=True)
                    if keep.kept
                ]
            case _:
                pass
    return Plan(
        made=tuple(chains.made),
        left=tuple(one for chain in chains.left for one in chain),
        removing=tuple(chains.removing),
    )


def clocks(scenario: Scenario) -> dict[int, datetime]:
    """Return what the machine's clock shows at each step, by the ``clock`` steps before it."""
    off, shown = timedelta(), {}
    for dated in scenario.steps:
        shown[dated.index] = dated.at + off
        if isinstance(dated.step, Clock):
            off = dated.step.off
    return shown


def _add_set(
    chains: _Chains, scenario: Scenario, action: str, dated: DatedStep, *, clock_at: datetime
) -> None:
    if action == "incremental" and not chains.fulls:
        return  # status 17, no signatures: nothing is made
    due = is_full_due(chains.last_full_at, clock_at, scenario.policy.full_if_older_than)
    is_full = action == "full" or due
    if is_full:
        chains.fulls += 1
        chains.last_full_at = clock_at
    one = PlannedSet(at=dated.at, step=dated.index, chain=chains.fulls, is_full=is_full)
    chains.made.append(one)
    if is_full or not chains.left:
        chains.left.append([one])
    else:
        chains.left[-1].append(one)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A chain as retention sees it."""

    full_at: datetime
    end_at: datetime
    has_incrementals: bool

    @classmethod
    def of(cls, chain: Sequence[PlannedSet]) -> _Span:
        return cls(
            full_at=chain[0].at,
            end_at=chain[-1].at,
            has_incrementals=len(chain) > 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keep:
    kept: bool = True
    only_full: bool = False


def prune(chains: Sequence[_Span], scenario: Scenario, *, now: datetime) -> list[_Keep]:
    """Return what the policy's retention leaves of *chains* (oldest first) at *now*.

    Whole chains go, and only those that end before the limit; the newest chain never goes.
    """
    policy = scenario.policy
    kept = [_Keep() for _ in chains]
    for number, chain in enumerate(chains):
        is_newest = number == len(chains) - 1
        if is_newest:
            continue
        limits: list[datetime] = []
        if policy.remove_older_than is not None:
            limits.append(now - policy.remove_older_than)
        if (count := policy.remove_all_but_n_full) is not None and len(chains) >= count:
            limits.append(chains[-count].full_at)
        if any(chain.end_at < limit for limit in limits):
            kept[number] = _Keep(kept=False)
        elif (
            (count := policy.remove_all_inc_of_but_n_full) is not None
            and len(chains) >= count
            and chain.end_at < chains[-count].full_at
        ):
            kept[number] = _Keep(only_full=chain.has_incrementals)
    return kept


def due(sets: Iterable[PlannedSet], scenario: Scenario, *, now: datetime) -> tuple[PlannedSet, ...]:
    """Return those of *sets*, all that the bucket holds, that retention should remove at *now*."""
    chains: dict[int, list[PlannedSet]] = {}
    for one in sets:
        chains.setdefault(one.chain, []).append(one)
    kept = prune([_Span.of(chain) for chain in chains.values()], scenario, now=now)
    return tuple(
        one
        for chain, keep in zip(chains.values(), kept, strict=True)
        for one in chain
        if not keep.kept or (keep.only_full and not one.is_full)
    )


# ---------------------------------------------------------------- what is promised


def promised(scenario: Scenario, made: Iterable[PlannedSet]) -> tuple[datetime, ...]:
    """Return the restore points that must be restorable at the calendar's end, oldest first.

    ``objectives.keep`` says which: all that are at most so old. Without it the policy's own
    retention is the promise (by its own wording: an age, or a number of fulls), and without
    retention every point is. The newest is always promised.
    """
    sets = tuple(made)
    if not sets:
        return ()
    keep, policy = scenario.objectives.keep, scenario.policy
    points = list(sets)
    if keep is not None:
        points = [one for one in sets if one.at >= scenario.end_at - keep]
    elif any(isinstance(dated.step, Prune) for dated in scenario.steps):
        fulls = sorted({one.chain for one in sets})
        if policy.remove_older_than is not None:
            oldest = scenario.end_at - policy.remove_older_than
            points = [one for one in points if one.at >= oldest]
        if (count := policy.remove_all_but_n_full) is not None:
            points = [one for one in points if one.chain in fulls[-count:]]
        if (count := policy.remove_all_inc_of_but_n_full) is not None:
            points = [one for one in points if one.is_full or one.chain in fulls[-count:]]
    newest = sets[-1]
    return (
        tuple(one.at for one in points)
        if newest in points
        else (*(one.at for one in points), newest.at)
    )
