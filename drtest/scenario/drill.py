"""Reads ``drills``: what to restore, when, from what, and what must come of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from drtest.model.chain import Damage
from drtest.model.interval import parse_interval
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
    DrillMoment,
    DrillOutcome,
    Everything,
    OneFile,
    Paths,
    PointSelector,
    RestoreWhat,
    Run,
    RunAction,
)
from drtest.scenario import fields, words
from drtest.scenario.escrow import read_escrow, read_sign_key
from drtest.scenario.fields import Fields
from drtest.scenario.harm import read_damage
from drtest.scenario.host import read_host, read_options
from drtest.scenario.instant import looks_like_instant, parse_instant
from drtest.scenario.node import Mapping, Node, Scalar, Sequence
from drtest.scenario.probe import read_probe
from drtest.scenario.problem import Problems, suggest
from drtest.scenario.text import Place

MOST_POINTS = 20_000
_FIXED: dict[str, Callable[[], PointSelector]] = {
    "end": AtEnd,
    "each restore point": AtEach,
    "oldest promised": AtOldest,
    "newest": AtNewest,
    "edges": AtEdges,
    "before the first": AtBeforeFirst,
}
_COUNTED = re.compile(r"(?P<before>[a-z ]+?) (?P<count>[0-9]{1,6})(?P<after> sets?)?", re.ASCII)
_TYPED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2})?", re.ASCII)
_POINTS = f"allowed: {', '.join(words.POINTS)}, or a list of those"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedDrill:
    """A drill and where its parts are written."""

    drill: Drill
    place: Place
    must_be: Place
    selectors: tuple[tuple[PointSelector, Place], ...]  # those of must-be too
    paths: tuple[tuple[str, Place], ...]
    escrow: tuple[tuple[str, Place], ...] = field(default=())


def read_drills(node: Node, problems: Problems) -> tuple[PlacedDrill, ...]:
    """Return the drills, numbered from 1 in the order of the file; broken ones are left out."""
    if not isinstance(node, Sequence) or not node.items:
        problems.add(
            node.place,
            "drills is a list of drills, one at least",
            "write   - restore: everything   below it",
        )
        return ()
    found = [_drill(item, number, problems) for number, item in enumerate(node.items, start=1)]
    return tuple(drill for drill in found if drill is not None)


def _drill(node: Node, number: int, problems: Problems) -> PlacedDrill | None:
    before = len(problems.found)
    found = fields.read_fields(
        node, problems, what="key of a drill", allowed=words.DRILL, later=words.DRILL_LATER
    )
    if found is None:
        return None
    name: str | None = ""
    if (value := found.get("name")) is not None:
        name = fields.text(value, problems, what="a name")
    restore: RestoreWhat | None = None
    paths: list[tuple[str, Place]] = []
    if (run := found.get("run")) is not None:
        restore = _run(run, found, problems)
    elif (value := found.get("restore")) is None:
        if len(problems.found) == before:
            problems.add(
                node.place, "the drill restores nothing", "add   restore: everything   to it"
            )
    else:
        restore = _restore(value, problems, paths)
    selectors: list[tuple[PointSelector, Place]] = []
    at: tuple[PointSelector, ...] = (AtEnd(),)
    if (value := found.get("at")) is not None:
        at = _selectors(value, problems, selectors)
    else:
        selectors.append((AtEnd(), node.place))
    escrow: list[tuple[str, Place]] = []
    kept = read_escrow(found, problems, escrow)
    when: str | None = "end"
    if (value := found.get("when")) is not None:
        when = fields.word(value, problems, what="moment of a drill", allowed=words.MOMENTS)
    host = None if (value := found.get("host")) is None else read_host(value, problems)
    options = read_options(found, problems)
    sign_key = read_sign_key(found, problems)
    probe = read_probe(found, problems)
    damage: list[Damage | None] = []
    if (value := found.get("damage")) is not None:
        damage = [read_damage(part, problems) for part in fields.items(value)]
    must_be = _must_be(found, problems, selectors, is_run="run" in found.values)
    if len(problems.found) > before or restore is None or name is None:
        return None
    return PlacedDrill(
        drill=Drill(
            number=number,
            name=name,
            restore=restore,
            at=at,
            when=cast(DrillMoment, when),
            escrow=kept,
            host=host,
            options=options,
            sign_key=sign_key,
            damage=tuple(one for one in damage if one is not None),
            probe=probe,
            must_be=must_be,
            line=node.place.line,
        ),
        place=node.place,
        must_be=found.values["must-be"].place if "must-be" in found.values else node.place,
        selectors=tuple(selectors),
        paths=tuple(paths),
        escrow=tuple(escrow),
    )


def _run(node: Node, found: Fields, problems: Problems) -> Run | None:
    word = fields.word(node, problems, what="action to run", allowed=words.RUNS)
    for key in ("restore", "options", "sign-key"):
        if key in found.values:
            problems.add(found.place(key), f"{key} and run do not go together", f"remove {key}")
    at = found.get("at")
    if (
        word == "verify --compare-data"
        and at is not None
        and not (isinstance(at, Scalar) and at.value in ("end", "newest"))
    ):
        problems.add(
            at.place,
            "verify --compare-data reads the source as it is at the calendar's end",
            "allowed: end, newest",
        )
    return None if word is None else Run(action=cast(RunAction, word))


def _restore(node: Node, problems: Problems, paths: list[tuple[str, Place]]) -> RestoreWhat | None:
    if isinstance(node, Scalar):
        if node.value == "everything":
            return Everything()
        if node.value == "one file":
            return OneFile()
        if not node.value.startswith("/"):
            problems.add(
                node.place,
                f"{node.value or 'nothing'} cannot be restored",
                *suggest(node.value, ("everything", "one file", "/a/path")),
            )
            return None
    if isinstance(node, Mapping) or (isinstance(node, Sequence) and not node.items):
        problems.add(
            node.place,
            "restore says what to restore",
            "allowed: everything, one file, a path, a list of paths",
        )
        return None
    for item in fields.items(node):
        if (path := fields.path(item, problems)) is not None:
            if path in (known for known, _ in paths):
                problems.add(item.place, f"{path} stands twice", "allowed: each path once")
            paths.append((path, item.place))
    return Paths(paths=tuple(path for path, _ in paths)) if paths else None


def _selectors(
    node: Node, problems: Problems, places: list[tuple[PointSelector, Place]]
) -> tuple[PointSelector, ...]:
    if isinstance(node, Sequence) and not node.items:
        problems.add(node.place, "at names no point", _POINTS)
    found: list[PointSelector] = []
    for item in fields.items(node):
        if isinstance(item, Mapping):
            selector = _typed(item, problems)
        else:
            selector = fields.parsed(
                item, problems, parse_selector, what="a restore point", advice=_POINTS
            )
        if selector is not None:
            places.append((selector, item.place))
            found.append(selector)
    return tuple(found)


def _typed(node: Mapping, problems: Problems) -> PointSelector | None:
    found = fields.read_fields(
        node, problems, what="key of a typed restore time", allowed=words.TYPED
    )
    if found is None:
        return None
    read: dict[str, str | None] = {}
    for key in words.TYPED:
        value = found.get(key)
        if value is None:
            problems.add(
                node.place,
                f"a typed restore time needs {key}",
                "write at: {typed: 2024-07-01T12:00:00, timezone: Europe/Berlin}",
            )
            return None
        read[key] = fields.text(value, problems, what=key)
    text, timezone = read["typed"], read["timezone"]
    if text is None or timezone is None:
        return None
    if not _TYPED.fullmatch(text):
        problems.add(
            found.values["typed"].place,
            f"{text} is no time that duplicity reads in the machine's own zone",
            "allowed: 2024-07-01T12:00:00 and 2024-07-01",
        )
        return None
    try:
        return AtTyped(text=text, timezone=timezone)
    except ValueError as error:
        problems.add(node.place, str(error), "allowed: a day that there is, and a zone such as UTC")
        return None


def parse_selector(written: str) -> PointSelector:
    """Return the restore points that one phrase means; ValueError is for the user."""
    if make := _FIXED.get(written):
        return make()
    if found := _COUNTED.fullmatch(written):
        count, after = int(found["count"]), found["after"]
        if not 1 <= count <= MOST_POINTS:
            raise ValueError(f"allowed: numbers from 1 to {MOST_POINTS}")
        match found["before"], after:
            case "sample of", None:
                return AtSample(count=count)
            case "edges of", " set" | " sets":
                return AtEdges(of=count)
            case "chain", None:
                return AtChain(number=count)
            case "edges of", None:
                raise ValueError(f"write edges of {count} sets")
            case _:
                pass
    if looks_like_instant(written):
        return AtInstant(instant=parse_instant(written))
    if written[:1].isdecimal():
        return AtAgo(ago=_ago(written))
    raise ValueError(". ".join(suggest(written, words.POINTS)).replace("?.", "?"))


def _ago(written: str) -> timedelta:
    try:
        return parse_interval(written)
    except ValueError as error:
        near = fields.nearest_interval(written)
        raise ValueError(
            f"{near}{fields.INTERVALS}; or an instant such as 2026-01-09 03:00"
        ) from error


def _must_be(
    found: Fields,
    problems: Problems,
    places: list[tuple[PointSelector, Place]],
    *,
    is_run: bool,
) -> DrillOutcome | tuple[tuple[PointSelector | None, DrillOutcome], ...]:
    node = found.get("must-be")
    if node is None:
        return "detected" if is_run else "recovered"
    outcomes = ("detected", "done") if is_run else ("recovered", "refused", "done")
    if not isinstance(node, Mapping):
        word = fields.word(node, problems, what="outcome", allowed=outcomes)
        return cast(DrillOutcome, word or "recovered")
    pairs: list[tuple[PointSelector | None, DrillOutcome]] = []
    for pair in node.pairs:
        word = fields.word(pair.key, problems, what="outcome", allowed=outcomes)
        if word is None:
            continue
        for item in fields.items(pair.value):
            if isinstance(item, Scalar) and item.value == words.THE_REST:
                if any(selector is None for selector, _ in pairs):
                    problems.add(
                        item.place, "the rest can have one outcome only", "keep one of them"
                    )
                pairs.append((None, cast(DrillOutcome, word)))
                continue
            selector = fields.parsed(
                item,
                problems,
                parse_selector,
                what="a restore point",
                advice=f"{_POINTS}; or {words.THE_REST}",
            )
            if selector is not None:
                places.append((selector, item.place))
                pairs.append((selector, cast(DrillOutcome, word)))
    if not node.pairs:
        problems.add(node.place, "must-be is empty", f"allowed: {', '.join(outcomes)}")
    return tuple(pairs)
