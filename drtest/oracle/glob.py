"""duplicity's file patterns, modelled by hand from what its runs do (docs/findings.md).

``*`` and ``?`` stop at ``/``, ``**`` does not, ``[...]`` is a set of characters, and no character
escapes another: a literal ``[`` is written ``[[]``. A pattern covers the path that it matches and
all that lies below. With ``/`` at its end it covers folders only, and what they hold. With
``ignorecase:`` before it, case does not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Reach = Literal["covers", "leads-to"] | None
"""``leads-to``: the path is a folder on the way to something that the pattern could cover."""


IGNORECASE = "ignorecase:"


class PatternError(ValueError):
    """A pattern that duplicity refuses; ``status`` is the exit status that it ends with."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern, ready to be asked; *folds* where a filter says so. PatternError at birth."""

    pattern: str
    folds: bool = False
    _covers: re.Pattern[str] = field(init=False, repr=False)
    _exactly: re.Pattern[str] | None = field(init=False, repr=False)
    _leads: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        has_prefix, text = split_prefix(self.pattern)
        flags = re.IGNORECASE if has_prefix or self.folds else re.NOFLAG
        if has_prefix:
            # As duplicity does, so "ß" in a pattern looks for "ss"; a filter leaves it alone.
            text = text.casefold()
        if not text:
            raise PatternError("the pattern is empty", status=30 if has_prefix else 23)
        if text == "/":
            text = "/**"
        folders_only = text.endswith("/")
        text = text.removesuffix("/")
        whole = translate(text)
        # "$" and not "\Z", as duplicity has it: a newline at the end of a name does not count.
        object.__setattr__(self, "_covers", _compile(f"{whole}($|/)", flags))
        object.__setattr__(self, "_exactly", _compile(f"{whole}$", flags) if folders_only else None)
        object.__setattr__(self, "_leads", _compile(f"({'|'.join(_ways(text))})$", flags))

    def reach(self, name: str, *, is_dir: bool) -> Reach:
        """Return what the pattern has to do with the absolute path *name*."""
        if self._covers.match(name):
            if self._exactly is None or is_dir or not self._exactly.match(name):
                return "covers"
            return None
        return "leads-to" if self._leads.match(name) else None


def translate(pattern: str) -> str:
    """Return the regular expression for one pattern, without anchors."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**", at):
            parts.append(".*")
            at += 2
            continue
        character = pattern[at]
        at += 1
        if character == "*":
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "[" and (end := _set_end(pattern, at)) is not None:
            parts.append(_set(pattern[at:end]))
            at = end + 1
        else:
            parts.append(re.escape(character))
    return "".join(parts)


def split_prefix(pattern: str) -> tuple[bool, str]:
    """Return whether *pattern* folds case, and the pattern without the word that says so."""
    folds = pattern.lower().startswith(IGNORECASE)
    return folds, pattern[len(IGNORECASE) :] if folds else pattern


def literal(text: str) -> str:
    """Return the pattern that matches *text* and nothing else."""
    return re.sub(r"[*?\[]", r"[\g<0>]", text)


def _set_end(pattern: str, start: int) -> int | None:
    """Return where the set that opened before *start* closes; a leading ``]`` is a member."""
    first = start
    if pattern[first : first + 1] in ("!", "^"):
        first += 1
    end = pattern.find("]", first + 1)
    return end if end >= 0 else None


def _set(members: str) -> str:
    negated = members[0] in "!^"
    # Ranges stay; what only newer dialects of re give a meaning to is made literal.
    body = re.sub(r"[\\\[&~|]", r"\\\g<0>", members[1:] if negated else members)
    return f"[{'^' if negated else ''}{body}]"


def _ways(pattern: str) -> list[str]:
    """Return what matches each folder on the way to *pattern*; behind ``**`` any could be one."""
    before, stars, _ = pattern.partition("**")
    parts = (before + stars).split("/")
    if "" in parts[1:-1]:
        raise PatternError("two slashes stand side by side", status=15)
    ways = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    return [translate(way or "/") for way in ways]


def _compile(expression: str, flags: re.RegexFlag) -> re.Pattern[str]:
    try:
        return re.compile(expression, re.DOTALL | flags)
    except re.error as error:
        raise PatternError(f"a set of characters is not valid: {error.msg}", status=30) from None
