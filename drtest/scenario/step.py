"""Reads ``do``: the steps of one entry of the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast

from drtest.model.interval import parse_interval
from drtest.model.scenario import (
    Backup,
    BackupAction,
    Change,
    Changeable,
    Clock,
    During,
    Harmed,
    Losable,
    Lose,
    Mutate,
    Prune,
    Revocable,
    Revoke,
    RollBack,
    Step,
    Wait,
)
from drtest.model.toxic import Toxic
from drtest.scenario import fields, words
from drtest.scenario.harm import read_damage, read_toxics, read_when
from drtest.scenario.mutation import read_mutations
from drtest.scenario.node import Mapping, Node, Scalar
from drtest.scenario.problem import Problems
from drtest.scenario.text import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One step as it is written, and where."""

    step: Step
    place: Place


def read_steps(
    node: Node, problems: Problems, paths: list[tuple[str, Place]]
) -> tuple[Placed, ...] | None:
    """Return the steps of one entry in order, None where any of them is wrong.

    *paths* gets each path that is named, to be compared with the source later.
    """
    before = len(problems.found)
    steps: list[Placed] = []
    for item in fields.items(node):
        if (step := _step(item, problems, paths)) is not None:
            steps.append(Placed(step=step, place=item.place))
    if not steps and len(problems.found) == before:
        problems.add(node.place, "do is empty", f"allowed: {', '.join(words.STEPS)}")
    if len(problems.found) > before:
        return None
    _refuse_unparted_backups(steps, problems)
    return tuple(steps)


def _refuse_unparted_backups(steps: list[Placed], problems: Problems) -> None:
    last: Placed | None = None
    for one in steps:
        if isinstance(one.step, Wait):
            last = None
        elif isinstance(one.step, Backup):
            if last is None and one.step.same_second:
                problems.add(
                    one.place,
                    "same-second: no backup stands before it at this instant",
                    "put one before it in the same do, without a wait between them",
                )
            elif last is not None and not one.step.same_second:
                problems.add(
                    one.place,
                    "two backups at one instant: duplicity cannot tell the sets apart",
                    "put   wait: 1h   between them, or say same-second: true where it is meant",
                )
            last = one


def _step(node: Node, problems: Problems, paths: list[tuple[str, Place]]) -> Step | None:
    if isinstance(node, Scalar):
        found = fields.word(
            node, problems, what="step", allowed=words.STEPS, later=words.STEPS_LATER
        )
        match found:
            case None:
                return None
            case "lose" | "change" | "revoke":
                problems.add(node.place, f"{found} what?", f"allowed: {_objects(found)}")
                return None
            case "wait":
                problems.add(node.place, "wait how long?", "write wait: 3h")
                return None
            case "clock":
                problems.add(node.place, "how far off is the clock?", "write clock: -3h")
                return None
            case "damage":
                problems.add(
                    node.place, "damage what?", "write damage: {delete: manifest of set 2}"
                )
                return None
            case "mutate":
                return Mutate()
            case "prune":
                return Prune()
            case "roll-back":
                return RollBack()
            case action:
                return Backup(action=cast(BackupAction, action))
    if not isinstance(node, Mapping) or len(node.pairs) != 1:
        problems.add(
            node.place,
            "a step is a word, or one word with details",
            f"allowed: {', '.join(words.STEPS)}; each an item of its own: do: [mutate, backup]",
        )
        return None
    key, value = node.pairs[0].key, node.pairs[0].value
    found = fields.word(key, problems, what="step", allowed=words.STEPS, later=words.STEPS_LATER)
    match found:
        case None:
            return None
        case "mutate":
            mutations = read_mutations(value, problems, paths)
            return Mutate(mutations=mutations) if mutations else None
        case "wait":
            by = fields.interval(value, problems)
            return None if by is None else Wait(by=by)
        case "clock":
            off = fields.parsed(
                value, problems, _clock, what="a clock's error", advice="write clock: -3h"
            )
            return None if off is None else Clock(off=off)
        case "damage":
            damage = read_damage(value, problems)
            return None if damage is None else Harmed(damage=damage)
        case "lose":
            lost = fields.word(value, problems, what="loss", allowed=words.LOSABLE)
            return None if lost is None else Lose(what=cast(Losable, lost))
        case "change":
            changed = fields.word(value, problems, what="change", allowed=words.CHANGEABLE)
            return None if changed is None else Change(what=cast(Changeable, changed))
        case "revoke":
            revoked = fields.word(value, problems, what="key to revoke", allowed=words.REVOCABLE)
            return None if revoked is None else Revoke(what=cast(Revocable, revoked))
        case "roll-back":
            problems.add(value.place, "roll-back has no details", "write roll-back alone")
            return None
        case action:
            return _action(action, value, problems, paths)


def _clock(written: str) -> timedelta:
    """Return a signed interval; no sign is fast."""
    try:
        off = parse_interval(written.lstrip("+-") if len(written) > 1 else written)
    except ValueError as error:
        raise ValueError("write -3h, 1D or 0s; " + fields.INTERVALS) from error
    return -off if written.startswith("-") else off


_OBJECTS = {"lose": words.LOSABLE, "change": words.CHANGEABLE, "revoke": words.REVOCABLE}


def _objects(step: str) -> str:
    return ", ".join(f"{step}: {what}" for what in _OBJECTS[step])


def _during(node: Node, problems: Problems, paths: list[tuple[str, Place]]) -> During | None:
    found = fields.read_fields(node, problems, what="key of during", allowed=words.DURING)
    if found is None:
        return None
    for key in words.DURING:
        if key not in found.values:
            problems.add(
                node.place,
                f"during says nothing of {key}",
                "write during: {mutate: {edit: /srv/db}, when: {operation: PutObject}}",
            )
            return None
    mutations = read_mutations(found.values["mutate"], problems, paths)
    when = read_when(found.values["when"], problems)
    if not mutations or when is None:
        return None
    if when.times != 1:
        problems.add(
            found.values["when"].place, "a change during a backup happens once", "leave times out"
        )
        return None
    return During(mutations=mutations, when=when)


def _action(
    action: str, node: Node, problems: Problems, paths: list[tuple[str, Place]]
) -> Step | None:
    of_backup = ["must-be", "toxics", "same-second", "during"]
    allowed = ["must-be", "force"] if action == "prune" else of_backup
    found = fields.read_fields(
        node, problems, what=f"detail of {action}", allowed=allowed, later=words.DETAILS_LATER
    )
    if found is None:
        return None
    must_be: Literal["done", "refused"] = "done"
    if (value := found.get("must-be")) is not None:
        word = fields.word(
            value, problems, what="outcome of an action", allowed=("done", "refused")
        )
        must_be = "refused" if word == "refused" else "done"
    force: bool | None = True
    if (value := found.get("force")) is not None:
        force = fields.boolean(value, problems, what="force")
    if action == "prune":
        return Prune(force=force is not False, must_be=must_be)
    same_second: bool | None = False
    if (value := found.get("same-second")) is not None:
        same_second = fields.boolean(value, problems, what="same-second")
    toxics: tuple[Toxic, ...] | None = ()
    if (value := found.get("toxics")) is not None:
        toxics = read_toxics(value, problems)
        if toxics and must_be == "refused":
            problems.add(
                found.place("must-be"),
                "an action that is killed has no other outcome",
                "leave must-be out: what is judged is what comes after",
            )
            return None
    during: During | None = None
    if (value := found.get("during")) is not None:
        during = _during(value, problems, paths)
        if during is None:
            return None
    if toxics is None:
        return None
    return Backup(
        action=cast(BackupAction, action),
        must_be=must_be,
        toxics=toxics,
        same_second=same_second is True,
        during=during,
    )
