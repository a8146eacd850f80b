"""Reads nodes into plain values; what does not fit becomes a problem and gives None."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from drtest.model.interval import parse_interval
from drtest.scenario.amount import normal_path
from drtest.scenario.node import Mapping, Node, Scalar, Sequence
from drtest.scenario.problem import Problems, suggest
from drtest.scenario.text import Place

T = TypeVar("T")
INTERVALS = "allowed: 30m, 1D2h, 6M; units are s, m (minutes), h, D, W, M (30 days), Y"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping whose keys were compared with those that are known."""

    node: Mapping
    values: dict[str, Node]
    keys: dict[str, Scalar]

    def get(self, key: str) -> Node | None:
        """What stands at *key*, None where it is absent."""
        return self.values.get(key)

    def place(self, key: str) -> Place:
        """Where *key* stands, or the whole mapping."""
        found = self.keys.get(key)
        return found.place if found else self.node.place


def read_fields(
    node: Node,
    problems: Problems,
    *,
    what: str,
    allowed: Iterable[str],
    later: Collection[str] = (),
) -> Fields | None:
    """Return the known keys of a mapping; *what* names a key of it, such as ``policy option``."""
    known = list(allowed)
    if not isinstance(node, Mapping):
        problems.add(node.place, "here a mapping is wanted", f"allowed keys: {', '.join(known)}")
        return None
    values: dict[str, Node] = {}
    keys: dict[str, Scalar] = {}
    for pair in node.pairs:
        word = pair.key.value
        if word in known:
            values[word], keys[word] = pair.value, pair.key
        else:
            refuse_word(pair.key, problems, what=what, allowed=known, later=later)
    return Fields(node, values, keys)


def refuse_word(
    node: Scalar,
    problems: Problems,
    *,
    what: str,
    allowed: Iterable[str],
    later: Collection[str] = (),
) -> None:
    """Say that a word is unknown, or known and not built yet."""
    known = list(allowed)
    if node.value in later:
        problems.add(
            node.place, f"{node.value} is not built yet", f"allowed here: {', '.join(known)}"
        )
    else:
        shown = node.value if node.value else "''"
        problems.add(node.place, f"unknown {what} {shown}", *suggest(node.value, known))


def text(node: Node, problems: Problems, *, what: str) -> str | None:
    """Return a text that is not empty, without the white space around it."""
    if not isinstance(node, Scalar) or not node.value.strip():
        problems.add(node.place, f"{what} is missing", f"write {what} behind the colon, as text")
        return None
    return node.value.strip()


def exact(node: Node, problems: Problems, *, what: str) -> str | None:
    """Return a text that is not empty, every character of it."""
    if not isinstance(node, Scalar) or not node.value:
        problems.add(node.place, f"{what} is missing", f"write {what} behind the colon, as text")
        return None
    return node.value


def word(
    node: Node,
    problems: Problems,
    *,
    what: str,
    allowed: Iterable[str],
    later: Collection[str] = (),
) -> str | None:
    """Return one of the *allowed* words."""
    known = list(allowed)
    if not isinstance(node, Scalar):
        problems.add(node.place, f"{what} is one word", f"allowed: {', '.join(known)}")
        return None
    if node.value in known:
        return node.value
    refuse_word(node, problems, what=what, allowed=known, later=later)
    return None


def boolean(node: Node, problems: Problems, *, what: str) -> bool | None:
    """Return ``true`` or ``false``."""
    found = word(node, problems, what=f"value of {what}", allowed=("true", "false"))
    return None if found is None else found == "true"


def whole(node: Node, problems: Problems, *, what: str, low: int, high: int) -> int | None:
    """Return a whole number from *low* to *high*, written with digits alone."""
    written = node.value if isinstance(node, Scalar) else ""
    if re.fullmatch(r"[0-9]{1,20}", written, re.ASCII) and low <= int(written) <= high:
        return int(written)
    advice = f"allowed: a whole number from {low} to {high}, digits alone"
    joined = re.sub(r"(?<=[0-9])[_,'](?=[0-9])", "", written)
    if joined != written and joined.isdecimal():
        advice = f"write {joined}; {advice}"
    shown = f"{written} is no {what}" if written else f"{what} is a number"
    problems.add(node.place, shown, advice)
    return None


def parsed(
    node: Node, problems: Problems, parse: Callable[[str], T], *, what: str, advice: str
) -> T | None:
    """Return what *parse* makes of one scalar; its ValueError says what is allowed."""
    if not isinstance(node, Scalar) or not node.value:
        problems.add(node.place, f"{what} is missing", advice)
        return None
    try:
        return parse(node.value)
    except ValueError as error:
        problems.add(node.place, f"{node.value} is not {what}", str(error))
        return None


def interval(node: Node, problems: Problems, *, positive: bool = True) -> timedelta | None:
    """Return an interval in duplicity's words."""

    def parse(written: str) -> timedelta:
        try:
            found = parse_interval(written)
        except ValueError as error:
            why = f"{error}. " if "longer than" in str(error) else ""
            raise ValueError(f"{why}{nearest_interval(written)}{INTERVALS}") from error
        if positive and not found:
            raise ValueError("an interval of no time; " + INTERVALS)
        return found

    return parsed(node, problems, parse, what="an interval", advice=INTERVALS)


def nearest_interval(written: str) -> str:
    """Return advice for common spellings: ``1 D``, ``1d``, ``3 days``."""
    near = re.fullmatch(r"([0-9]+) ?([A-Za-z]+)", written)
    if not near:
        return ""
    names = {
        "sec": "s",
        "min": "m",
        "hour": "h",
        "day": "D",
        "week": "W",
        "month": "M",
        "year": "Y",
        "d": "D",
        "w": "W",
        "y": "Y",
        "H": "h",
        "S": "s",
    }
    unit = near[2] if near[2] in ("s", "m", "h", "D", "W", "M", "Y") else names.get(near[2])
    if unit is None:
        folded = near[2].casefold().removesuffix("s")
        unit = next((sign for name, sign in names.items() if name.startswith(folded)), None)
    return f"write {near[1]}{unit}; " if unit else ""


def path(node: Node, problems: Problems) -> str | None:
    """Return an absolute path, its doubled and trailing slashes gone."""
    return parsed(
        node, problems, normal_path, what="a path", advice="allowed: a path such as /srv/www"
    )


def items(node: Node) -> list[Node]:
    """Return the items of a list, or the one thing that stands in its place."""
    return list(node.items) if isinstance(node, Sequence) else [node]
