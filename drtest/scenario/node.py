"""YAML documents as nodes with positions: every scalar is its text, nothing is resolved.

Built on ruamel.yaml's events (YAML 1.2). What a scenario file must not have (anchors, aliases,
merge keys, tags, duplicate keys) is refused here, each with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from drtest.scenario.problem import Problems
from drtest.scenario.text import Place, Text

MAX_DEPTH = 12  # the deepest that a scenario needs is 7


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """One word or text; ``is_plain`` where it stands without quotes and is no block."""

    place: Place
    value: str
    is_plain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One key of a mapping, and what stands there."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Keys and values in the order of the file, each key once."""

    place: Place
    pairs: list[Pair] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list."""

    place: Place
    items: list[Node] = field(default_factory=list)


Node = Scalar | Mapping | Sequence


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    node: Mapping | Sequence
    key: Scalar | None = None
    has_key: bool = False  # a key was read, also one that was refused
    seen: dict[str, Scalar] = field(default_factory=dict)


class _Stop(Exception):
    """The rest of the file cannot be read."""


def compose(text: Text, problems: Problems) -> list[Node]:
    """Return the documents of *text*; what is wrong with its YAML goes into *problems*.

    A mistake of syntax ends the reading, and the documents before it are still returned.
    """
    documents: list[Node] = []
    builder = _Builder(text, problems)
    try:
        for document in builder.documents():
            documents.append(document)
    except _Stop:
        pass
    except MarkedYAMLError as error:
        _syntax(text, problems, error)
    except (YAMLError, ValueError) as error:  # ValueError: an escape that is no character
        problems.add(text.start, f"not YAML: {str(error).splitlines()[0]}", "mend the syntax")
    return documents


class _Builder:
    def __init__(self, text: Text, problems: Problems) -> None:
        self.text = text
        self.problems = problems
        self.stack: list[_Open] = []
        self.root: Node | None = None

    def documents(self) -> Iterator[Node]:
        for event in YAML(typ="safe", pure=True).parse(self.text.content):
            match event:
                case DocumentStartEvent():
                    self.root = None
                    if event.tags:
                        self.problems.add(
                            self._place(event), "tags are not used here", "delete the %TAG line"
                        )
                case CollectionStartEvent():
                    self._refuse_extras(event)
                    kind = Mapping if isinstance(event, MappingStartEvent) else Sequence
                    node = kind(self._place(event))
                    self._put(node)
                    self.stack.append(_Open(node))
                    if len(self.stack) > MAX_DEPTH:
                        self.problems.add(
                            node.place,
                            f"nested more than {MAX_DEPTH} deep",
                            "a scenario needs 7 levels at most: see docs/scenarios.md",
                        )
                        raise _Stop
                case MappingEndEvent() | SequenceEndEvent():
                    self.stack.pop()
                case ScalarEvent():
                    self._refuse_extras(event)
                    is_plain = not event.style
                    place = self._place(event)
                    if is_plain and not event.value:
                        place = self._nothing_behind(place)
                    self._put(Scalar(place, event.value, is_plain))
                case AliasEvent():
                    self._refuse_alias(event)
                    self._put(Scalar(self._place(event), "*", is_plain=False))
                case DocumentEndEvent() if self.root is not None:
                    yield self.root
                case _:
                    pass

    def _place(self, event: Any) -> Place:
        line, column = event.start_mark.line, event.start_mark.column
        shown = self.text.lines[line] if line < len(self.text.lines) else ""
        if event.end_mark.line == line and event.end_mark.column > column:
            length = event.end_mark.column - column
        else:
            length = len(shown.rstrip()) - column
        if isinstance(event, MappingStartEvent) and not event.flow_style:
            key = re.match(r"[^:\s]+", shown[column:])
            length = len(key[0]) if key else 1
        return Place(self.text, line + 1, column + 1, max(1, length))

    def _nothing_behind(self, place: Place) -> Place:
        """Where a value is missing: behind its key, not where the next thing begins."""
        key = self.stack[-1].key if self.stack else None
        if key is None or key.place.line == place.line:
            return place
        return Place(self.text, key.place.line, key.place.column + key.place.length + 1, 1)

    def _put(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node, Sequence):
            top.node.items.append(node)
        elif top.has_key:
            if top.key is not None:
                top.node.pairs.append(Pair(top.key, node))
            top.key, top.has_key = None, False
        else:
            top.key, top.has_key = self._key(top, node), True

    def _key(self, top: _Open, node: Node) -> Scalar | None:
        if not isinstance(node, Scalar):
            self.problems.add(
                node.place, "a key is one word", "quote it where { or [ begins a text"
            )
            return None
        if node.value == "<<":
            self.problems.add(
                node.place,
                "merge keys (<<) are not read",
                "write the keys out, or keep the whole part in a file: source: parts/FILE.yaml",
            )
            return None
        if first := top.seen.get(node.value):
            self.problems.add(
                node.place,
                f"{node.value} stands twice",
                f"it is already on line {first.place.line}: keep one of them",
            )
            return None
        top.seen[node.value] = node
        return node

    def _refuse_extras(self, event: Any) -> None:
        place = self._place(event)
        if event.anchor is not None:
            self.problems.add(
                Place(place.text, place.line, place.column, 1 + len(str(event.anchor))),
                f"anchors (&{event.anchor}) are not read",
                "write it out where it is wanted, or keep the whole part in a file; "
                "quote a text that begins with &",
            )
        if event.tag is not None:
            self.problems.add(
                Place(place.text, place.line, place.column, 1),
                "tags (!) are not read: every value is text",
                "delete the tag; quote a text that begins with !",
            )

    def _refuse_alias(self, event: Any) -> None:
        place = self._place(event)
        written = re.match(r"[^\s,\]}]+", place.shown_line[place.column - 1 :])
        word = written[0] if written else "*"
        self.problems.add(
            Place(place.text, place.line, place.column, len(word)),
            "an unquoted * begins an alias in YAML",
            f'quote it: "{word}"',
        )
        self.problems.settle(place)


def _syntax(text: Text, problems: Problems, error: MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        problems.add(text.start, f"not YAML: {error.problem}", "mend the syntax")
        return
    line = text.lines[mark.line] if mark.line < len(text.lines) else ""
    rest = line[mark.column :]
    place = Place(text, mark.line + 1, mark.column + 1, 1)
    word = (re.match(r"[^\s,\]}]+", rest) or [""])[0]
    said = str(error.problem)
    if percent := re.match(r"%\s*([0-9]+(?:\.[0-9]+)?)", rest):
        place = Place(text, place.line, place.column, len(percent[0]))
        problems.add(place, f"{percent[0]} cannot begin a value", f"write {percent[1]}%")
    elif rest.startswith("\t") or ("\t" in line[: mark.column] and not line[: mark.column].strip()):
        problems.add(place, "a tab cannot indent in YAML", "indent with spaces")
    elif "cannot start any token" in said:
        place = Place(text, place.line, place.column, max(1, len(word)))
        problems.add(place, f"{rest[:1]} cannot begin a value", f'quote it: "{word}"')
    elif "mapping values are not allowed" in said:
        problems.add(
            place,
            "a second ': ' on one line, or a key that is indented otherwise than those above it",
            "quote a text that holds ': ', and give keys of one mapping the same indentation",
        )
    elif "scanning a quoted scalar" in str(error.context):
        start = error.context_mark or mark
        problems.add(
            Place(text, start.line + 1, start.column + 1, 1),
            "the quote is never closed, or closed wrongly",
            f"not YAML: {said}",
        )
    elif "alias" in str(error.context) or "anchor" in str(error.context):
        begin = "*" if "alias" in str(error.context) else "&"
        problems.add(
            place, f"an unquoted {begin} begins an alias or anchor in YAML", 'quote it: "**"'
        )
    else:
        context = f"{error.context}: " if error.context else ""
        problems.add(
            place,
            f"not YAML: {context}{said}",
            "is the indentation that of its neighbours, and is every bracket closed?",
        )
