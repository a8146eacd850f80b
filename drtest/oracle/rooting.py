"""Puts drtest's workspace before a user's patterns, so that they mean below it what they meant.

The user's source lies at ``/``, drtest's at a *root* far below it. A pattern that reaches from
``/`` gets the root before it, and so does one that begins with ``**``: else it could match the
folders above the source (``**/tmp`` where drtest works in /tmp), and with them all of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from drtest.oracle.glob import IGNORECASE, literal, split_prefix

Mode = Literal["globbing", "literal", "regexp"]

_FLAGS = re.compile(r"\(\?[aiLmsux]+\)")
# One piece of a regular expression: an escape, a set of characters, or any other character.
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


class Unrootable(ValueError):
    """A regular expression that cannot be put below a folder; duplicity itself would take it."""


def rooted(pattern: str, root: Path, mode: Mode = "globbing") -> str:
    """Return *pattern* as one that means below *root* what it meant below ``/``.

    Characters of *root* that mean something in a pattern are made literal. A pattern that can match
    nothing in an absolute name is left alone, and so are ``**``, which is the same everywhere, and
    a regular expression that is not valid. Unrootable is raised for one with the flag ``x``.
    """
    top = str(root).rstrip("/")
    match mode:
        case "globbing":
            folds, bare = split_prefix(pattern)
            if bare == "**" or not bare.startswith(("/", "**")):
                return pattern
            return (IGNORECASE if folds else "") + literal(top) + bare
        case "literal":
            return top + pattern if pattern.startswith("/") else pattern
        case "regexp":
            return _rooted_regexp(pattern, top)


def _rooted_regexp(pattern: str, top: str) -> str:
    try:
        re.compile(pattern)
    except re.error:
        return pattern
    if re.search(r"\(\?[aiLmsu]*x", pattern):
        raise Unrootable("drtest cannot put a verbose (?x) regular expression below its workspace")
    flags = ""
    while found := _FLAGS.match(pattern):
        flags += found[0]
        pattern = pattern[found.end() :]
    above = re.escape(top)
    start = rf"(?<=\A{above})"  # where the user's name begins
    by_line = start if "m" not in flags else rf"(?:{start}|(?<=\n))"
    parts = [
        by_line if piece == "^" else start if piece == r"\A" else piece
        for piece in _PIECE.findall(pattern)
    ]
    return rf"{flags}\A{above}(?s:.*?)(?:{''.join(parts)})"
