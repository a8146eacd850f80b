"""duplicity's lists of patterns: their syntax, and a policy's rules with each list taken apart.

A line of a filelist is stripped; an empty one and one that begins with ``#`` say nothing; ``+ `` or
``- `` before a pattern says include or exclude whatever the list's own word is; one pair of quotes
is taken off. A line of ``files-from`` is a path, every character of it. Lines end with a line
break, or with NUL where ``--null-separator`` is given; duplicity reads files with universal line
ends, so a carriage return is a line break.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from drtest.model.rule import LISTS, ListLine, Rule


class Line(NamedTuple):
    """A line of a filelist taken apart; ``before + pattern + after`` says the same."""

    action: Literal["include", "exclude"]
    before: str
    pattern: str
    after: str


def needs_null(rules: Sequence[Rule]) -> bool:
    """Return whether some line of a list holds a line break, so that NUL has to end lines."""
    return any("\n" in line.text for rule in rules for line in rule.lines)


def pieces(rules: Sequence[Rule], rule: Rule) -> Iterator[ListLine]:
    """Yield the lines that duplicity sees in the list *rule*, one of a policy's *rules*."""
    for line in rule.lines:
        text = _as_read(line.text)
        for piece in [text] if needs_null(rules) else text.split("\n"):
            yield replace(line, text=piece)


def split(text: str, action: Literal["include", "exclude"]) -> Line | None:
    """Return what one line of a filelist says; None for one that says nothing."""
    text = text.strip()
    if not text or text.startswith("#"):
        return None
    before = ""
    if text.startswith(("+ ", "- ")):
        action = "include" if text[0] == "+" else "exclude"
        before, text = text[:2], text[2:]
    for quote in "'\"":
        if text.startswith(quote) and text.endswith(quote):
            text = text[1:-1]
            return Line(action, before + quote, text, quote) if text else None
    return Line(action, before, text, "") if text else None


def flat(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return *rules* one by one: each line of a list is a rule of its own, in its place.

    Before the lines of ``files-from`` stands the rule itself, which leaves out what is not named.
    duplicity forgets all such lists but the last.
    """
    found: list[Rule] = []
    last = max((i for i, rule in enumerate(rules) if rule.kind == "files-from"), default=-1)
    for number, rule in enumerate(rules):
        if rule.kind not in LISTS:
            found.append(rule)
        elif rule.kind == "files-from":
            if number == last:
                found.append(rule)
                found += [
                    Rule(action="include", kind="listed", pattern=one.text, line=one.line)
                    for one in pieces(rules, rule)
                    if one.text
                ]
        else:
            for one in pieces(rules, rule):
                said = split(one.text, "include" if rule.action == "include" else "exclude")
                if said is not None:
                    found.append(
                        Rule(action=said.action, pattern=said.pattern, line=one.line or rule.line)
                    )
    return tuple(found)


def _as_read(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
