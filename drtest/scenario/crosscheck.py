"""What only shows when the sections of a scenario are laid side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drtest.clock import real_now
from drtest.model.interval import format_instant
from drtest.model.plan import PlannedSet, plan
from drtest.model.restores import PlannedRestore, resolve, restores
from drtest.model.scenario import (
    AtBeforeFirst,
    AtChain,
    AtInstant,
    AtTyped,
    Backup,
    During,
    Harmed,
    Mutate,
    Objectives,
    Policy,
    Prune,
    RollBack,
    Run,
    Scenario,
    SourceEntry,
)
from drtest.model.source import COPY
from drtest.scenario.calendar import Calendar
from drtest.scenario.drill import PlacedDrill
from drtest.scenario.fields import Fields
from drtest.scenario.keycheck import check_keys
from drtest.scenario.problem import Problems
from drtest.scenario.source import is_covered, require_covered
from drtest.scenario.text import Place

MOST_RESTORES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read of one document; None or empty where that part is broken already."""

    fields: Fields
    source: tuple[SourceEntry, ...]
    paths: Iterable[tuple[str, Place]]
    policy: Policy | None
    objectives: Objectives | None
    calendar: Calendar | None
    drills: tuple[PlacedDrill, ...]
    scenario: Scenario | None  # only where all that decides about points is sound


def crosscheck(found: Found, problems: Problems) -> None:
    """Note every contradiction between the parts."""
    copies = found.scenario is None or "copy" in _verbs(found.scenario)
    for path, place in found.paths:
        if not copies or not is_covered(path.removesuffix(COPY), found.source):
            require_covered(path, place, found.source, problems)
    if found.policy is not None:
        _escrow(found.policy, found.drills, problems)
        unpromised = found.objectives is not None and found.objectives.protect is None
        if found.policy.select and unpromised:
            problems.add(
                found.fields.place("policy"),
                "the policy selects with rules, and no objective says what must come back",
                "add   objectives: {protect: [/etc]}   with every path that must come back, or",
                "protect: selected with because: WHY; else a typing mistake in a rule would "
                "shrink the promise too",
            )
    sound = True
    if found.calendar is not None:
        sound = _calendar(found.calendar, found.policy, problems)
    if found.policy is not None and found.calendar is not None:
        check_keys(found.policy, found.calendar, found.drills, found.fields, problems)
    if found.scenario is not None and found.calendar is not None:
        _roll_backs(found.scenario, found.calendar, problems)
    if found.scenario is not None and sound:
        _points(found.scenario, found.drills, found.fields, problems)


def _verbs(scenario: Scenario) -> set[str]:
    """Whatever is done to the source, by whichever step."""
    found: set[str] = {one.verb for one in scenario.mutate}
    for dated in scenario.steps:
        match dated.step:
            case Mutate(mutations=mutations):
                found |= {one.verb for one in mutations or ()}
            case Backup(during=During(mutations=mutations)):
                found |= {one.verb for one in mutations}
            case _:
                pass
    return found


def _escrow(policy: Policy, drills: Iterable[PlacedDrill], problems: Problems) -> None:
    has_key = policy.encrypt_key is not None or policy.sign_key is not None
    for drill in drills:
        for item, place in drill.escrow:
            if item.endswith("key") and not has_key:
                problems.add(
                    place,
                    f"this policy has no {item}: it neither encrypts to a key nor signs",
                    "allowed: passphrase, wrong passphrase, none"
                    if policy.encryption == "passphrase"
                    else "allowed: none",
                )


def _calendar(calendar: Calendar, policy: Policy | None, problems: Problems) -> bool:
    """Whether prunes come after a backup and have something to run."""
    sound, told_retention, has_backup = True, False, False
    for dated, place in zip(calendar.steps, calendar.places, strict=True):
        match dated.step:
            case Backup():
                has_backup = True
            case Prune():
                if not has_backup:
                    problems.add(
                        place,
                        "prune before the first backup",
                        "put a backup before it: do: [backup, prune]",
                    )
                    return False
                if policy is not None and not policy.has_retention and not told_retention:
                    told_retention = True
                    sound = False
                    problems.add(
                        place,
                        "prune has nothing to run: the policy keeps everything",
                        "add remove-older-than, remove-all-but-n-full or "
                        "remove-all-inc-of-but-n-full to the policy",
                    )
            case _:
                pass
    return sound


def _roll_backs(scenario: Scenario, calendar: Calendar, problems: Problems) -> None:
    """A roll-back needs versions, and something to undo."""
    harmed = False
    for dated, place in zip(calendar.steps, calendar.places, strict=True):
        match dated.step:
            case Harmed():
                harmed = True
            case RollBack() if scenario.bucket == "plain":
                problems.add(place, "a plain bucket has no versions", "add   bucket: versioned")
                return
            case RollBack() if not harmed:
                problems.add(
                    place,
                    "nothing was damaged before this roll-back",
                    "put   damage: {delete: all objects}   before it",
                )
                return
            case _:
                pass


def _points(
    scenario: Scenario, drills: Iterable[PlacedDrill], found: Fields, problems: Problems
) -> None:
    made = plan(scenario).made
    if not made:
        problems.add(
            found.place("calendar"),
            "the calendar makes no backup that a drill could restore",
            "add a backup or full that must be done",
        )
        return
    total = 0
    for placed in drills:
        before = len(problems.found)
        _selectors(placed, made, problems)
        if len(problems.found) > before:
            continue
        try:
            found_restores = restores(scenario, placed.drill, made)
        except ValueError as error:
            problems.add(
                placed.must_be, str(error), "name every restore point once; recovered: the rest"
            )
            continue
        _idle_outcomes(scenario, placed, found_restores, made, problems)
        total += len(found_restores)
        if total > MOST_RESTORES:
            problems.add(
                placed.place,
                f"the drills come to {total:,} restores, counted up to this one",
                f"allowed: {MOST_RESTORES:,} in one scenario; write sample of 10 instead",
            )
            return
        _first_set(scenario, placed, found_restores, made, problems)
        _moments(placed, found_restores, problems)


def _selectors(placed: PlacedDrill, made: tuple[PlannedSet, ...], problems: Problems) -> None:
    chains = made[-1].chain
    now = real_now()
    for selector, place in placed.selectors:
        match selector:
            case AtChain(number=number) if number > chains:
                have = "chain 1 only" if chains == 1 else f"chain 1 to chain {chains}"
                problems.add(
                    place,
                    f"there is no chain {number}",
                    f"the calendar makes {have}: a chain is one full and its incrementals",
                )
            case AtInstant(instant=instant) | AtTyped(instant=instant) if instant > now:
                problems.add(
                    place, "this instant is later than now", "allowed: an instant of the calendar"
                )
            case _:
                pass


def _idle_outcomes(
    scenario: Scenario,
    placed: PlacedDrill,
    restores: tuple[PlannedRestore, ...],
    made: tuple[PlannedSet, ...],
    problems: Problems,
) -> None:
    """Points that ``must-be`` names and that the drill does not ask for."""
    if isinstance(placed.drill.must_be, str) or placed.drill.when != "end":
        return
    newest = made[-1].at
    asked = {one.asked_at or newest for one in restores}
    places = dict(placed.selectors)
    for selector, _ in placed.drill.must_be:
        if selector is None:
            continue
        alone = replace(placed.drill, at=(selector,), must_be="done")
        named = {one.asked_at or newest for one in resolve(scenario, alone, made)}
        if not named & asked:
            problems.add(
                places[selector],
                "must-be names points that at does not ask for",
                "allowed: points of this drill, or the rest",
            )


def _first_set(
    scenario: Scenario,
    placed: PlacedDrill,
    restores: tuple[PlannedRestore, ...],
    made: tuple[PlannedSet, ...],
    problems: Problems,
) -> None:
    for one in restores:
        if one.point_at is None and one.must_be != "refused":
            place = next(
                (
                    place
                    for selector, place in placed.selectors
                    if _asks_before(scenario, selector, made)
                ),
                placed.place,
            )
            asked = format_instant(one.asked_at or scenario.end_at)
            problems.add(
                place,
                f"{asked} lies before the first set, at {format_instant(made[0].at)}",
                "there is nothing to recover: add   must-be: refused   or ask for a later point",
            )
            return


def _moments(placed: PlacedDrill, restores: tuple[PlannedRestore, ...], problems: Problems) -> None:
    drill = placed.drill
    if drill.when != "end" and (drill.damage or isinstance(drill.restore, Run)):
        problems.add(
            placed.place,
            "after each prune a drill only restores",
            "leave when: after each prune out, or damage and run",
        )
    elif drill.when != "end" and not restores:
        problems.add(
            placed.place,
            "no prune of the calendar removes anything, so this drill is never run",
            "add a prune that comes late enough, or leave when: after each prune out",
        )


def _asks_before(scenario: Scenario, selector: object, made: tuple[PlannedSet, ...]) -> bool:
    match selector:
        case AtBeforeFirst():
            return True
        case AtInstant(instant=instant) | AtTyped(instant=instant):
            return instant < made[0].at
        case _:
            ago = getattr(selector, "ago", None)
            return ago is not None and scenario.end_at - ago < made[0].at
