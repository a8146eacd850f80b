"""Reads ``damage`` and ``toxics``: what happens to stored objects, and to requests on their way."""

from __future__ import annotations

import re
from typing import cast

from drtest.model.chain import Damage, Harm, Objects, Of
from drtest.model.toxic import Kill, Point, Toxic, Watched, When
from drtest.scenario import fields, words
from drtest.scenario.amount import parse_bytes
from drtest.scenario.node import Mapping, Node
from drtest.scenario.problem import Problems

_WHAT = r"volume (?P<volume>[1-9][0-9]{0,5})|(?P<kind>manifest|signatures|all objects)"
_NUMBERED = r"(?P<word>full|set|chain) (?P<number>[1-9][0-9]{0,5})"
_LATEST = r"(?P<latest>the latest (?:full|incremental))"
_OBJECTS = re.compile(rf"(?:{_WHAT})(?: of (?:{_NUMBERED}|{_LATEST}))?")
OBJECTS = (
    "allowed: volume 2, manifest, signatures or all objects, of full 1, set 3, chain 2, "
    "the latest full or the latest incremental; all objects alone is the whole backup"
)
WATCHED = "allowed: volume 2, volume, manifest, signatures, all objects"
_SENT = "allowed: a size from 1 B, such as 3 MiB; units are B, KiB, MiB, GiB"
_HARMS = "write damage: {delete: volume 2 of full 1}"
_TOXIC = "write toxics: [{kill: SIGKILL, when: {operation: PutObject, of: volume 2}}]"


def parse_objects(written: str) -> Objects:
    """Return the stored objects that are meant; ValueError with what is allowed."""
    found = _OBJECTS.fullmatch(written)
    if found is None:
        raise ValueError(OBJECTS)
    volume, number = found["volume"], found["number"]
    of = found["word"] or found["latest"]
    try:
        return Objects(
            what="volume" if volume else cast(Watched, found["kind"]),
            volume=int(volume) if volume else None,
            of=cast(Of, of) if of else None,
            number=int(number) if number else None,
        )
    except ValueError as error:
        raise ValueError(f"{error} {OBJECTS}") from error


def read_damage(node: Node, problems: Problems) -> Damage | None:
    """Return one damage: a verb and the objects that it hits, one or a list."""
    if not isinstance(node, Mapping) or len(node.pairs) != 1:
        problems.add(node.place, "damage is one verb with its objects", _HARMS)
        return None
    key, value = node.pairs[0].key, node.pairs[0].value
    verb = fields.word(key, problems, what="damage", allowed=words.HARMS, later=words.HARMS_LATER)
    parts = fields.items(value)
    if not parts:
        problems.add(value.place, "an empty list harms nothing", OBJECTS)
    found = [
        fields.parsed(part, problems, parse_objects, what="stored objects", advice=OBJECTS)
        for part in parts
    ]
    targets = tuple(one for one in found if one is not None)
    if verb is None or not targets or len(targets) < len(found):
        return None
    try:
        return Damage(harm=cast(Harm, verb), objects=targets)
    except ValueError as error:
        problems.add(value.place, f"{verb} does not go with this", str(error))
        return None


def read_toxics(node: Node, problems: Problems) -> tuple[Toxic, ...] | None:
    """Return the toxics of one action in order, None where any of them is wrong."""
    parts = fields.items(node)
    if not parts:
        problems.add(node.place, "toxics is empty", _TOXIC)
        return None
    found = [_toxic(part, problems) for part in parts]
    toxics = tuple(one for one in found if one is not None)
    return toxics if len(toxics) == len(found) else None


def _toxic(node: Node, problems: Problems) -> Toxic | None:
    before = len(problems.found)
    found = fields.read_fields(
        node,
        problems,
        what="key of a toxic",
        allowed=words.TOXIC,
        later=words.TOXICS_LATER,
    )
    if found is None:
        return None
    if (kill := found.get("kill")) is None:
        problems.add(node.place, "the toxic does nothing", _TOXIC)
        return None
    fields.word(kill, problems, what="signal", allowed=("SIGKILL",))
    at: str | None = "head"
    if (value := found.get("at")) is not None:
        at = fields.word(value, problems, what="point of an exchange", allowed=words.HELD_AT)
    if (value := found.get("when")) is None:
        problems.add(node.place, "the toxic has no trigger", _TOXIC)
        return None
    when = read_when(value, problems)
    if len(problems.found) > before or when is None:
        return None
    return Toxic(does=Kill(at=cast(Point, at)), when=when, line=node.place.line)


def read_when(node: Node, problems: Problems) -> When | None:
    """Return a trigger; None where something of it is wrong."""
    before = len(problems.found)
    found = fields.read_fields(
        node, problems, what="key of when", allowed=words.WHEN, later=words.WHEN_LATER
    )
    if found is None:
        return None
    operations: list[str] = []
    if (value := found.get("operation")) is not None:
        for part in fields.items(value):
            one = fields.word(part, problems, what="operation of S3", allowed=words.OPERATIONS)
            operations += [] if one is None else [one]
    of, volume = None, None
    if (value := found.get("of")) is not None:
        watched = fields.parsed(value, problems, _watched, what="a trigger", advice=WATCHED)
        of, volume = watched or (None, None)
    counts = {
        key: fields.whole(value, problems, what=key, low=1, high=1_000_000)
        for key in ("nth", "times")
        if (value := found.get(key)) is not None
    }
    sent_bytes: int | None = None
    if (value := found.get("bytes")) is not None:
        sent_bytes = fields.parsed(value, problems, _sent, what="a size", advice=_SENT)
        if "nth" in found.values:
            problems.add(
                found.place("bytes"), "bytes and nth do not go together", "keep one of them"
            )
    if len(problems.found) > before:
        return None
    return When(
        operations=tuple(operations),
        of=of,
        volume=volume,
        sent_bytes=sent_bytes,
        **{key: count for key, count in counts.items() if count is not None},
    )


def _sent(written: str) -> int:
    found = parse_bytes(written)
    if not found:
        raise ValueError(_SENT)
    return found


def _watched(written: str) -> tuple[Watched, int | None]:
    found = re.fullmatch(r"volume(?: ([1-9][0-9]{0,5}))?|manifest|signatures|all objects", written)
    if found is None:
        raise ValueError(WATCHED)
    if found[1]:
        return "volume", int(found[1])
    return cast(Watched, written), None
