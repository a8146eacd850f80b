"""Reads what duplicity writes to ``--log-file``: the same stanzas as ``--log-fd``.

A stanza is ``KEYWORD CODE [args]``, then lines that begin with ``. ``, then an empty line. Extra
arguments and unknown keywords are to be ignored (duplicity's log.py, class
MachineFormatter; man page, section on --log-fd).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from drtest.model.events import Stanza

_HEAD = re.compile(r"([A-Z]+) ([0-9]{1,9})(?: (.*))?")
# What str.encode("unicode-escape") writes, and no more: a log that somebody else wrote may hold
# anything behind a backslash.
_ESCAPE = re.compile(
    r"\\(?:([\\nrt])|x([0-9a-f]{2})|u([0-9a-f]{4})|U(000[0-9a-f]{5}|0010[0-9a-f]{4}))"
)
_PLAIN = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_ARGUMENT = re.compile(r"'((?:[^'\\]|\\.)*)'|(\S+)")
TEXT_LIMIT = 4000  # a traceback is enough; duplicity can print whole file lists


def parse(lines: Iterable[str]) -> Iterator[Stanza]:
    """Yield the stanzas of a log, in order; what is no stanza is passed over. Texts are whole."""
    head: tuple[str, int, tuple[str, ...]] | None = None
    text: list[str] = []
    for raw in lines:
        line = raw.rstrip("\n")
        if line.startswith(". "):
            text.append(line[2:])
        elif line == ".":
            text.append("")
        elif found := _HEAD.fullmatch(line):
            if head:
                yield _stanza(head, text)
            head = found[1], int(found[2]), _arguments(found[3] or "")
            text = []
        elif not line and head:
            yield _stanza(head, text)
            head, text = None, []
    if head:
        yield _stanza(head, text)


def _stanza(head: tuple[str, int, tuple[str, ...]], text: list[str]) -> Stanza:
    keyword, code, args = head
    return Stanza(keyword=keyword, code=code, args=args, text="\n".join(text))


def _arguments(text: str) -> tuple[str, ...]:
    """Split at blanks; an argument in single quotes has Python's unicode escapes undone."""
    return tuple(
        _unescape(quoted) if quoted or not plain else plain
        for quoted, plain in _ARGUMENT.findall(text)
    )


def _unescape(text: str) -> str:
    """Undo ``str.encode("unicode-escape")``; lone surrogates stay what they were."""
    return _ESCAPE.sub(
        lambda found: _PLAIN[found[1]] if found[1] else chr(int(found[found.lastindex or 0], 16)),
        text,
    )


def read(log: Path, *, redact: Callable[[str], str]) -> tuple[Stanza, ...]:
    """Return the ERROR and WARNING stanzas of *log*, and nothing where it was never written."""
    try:
        # Only "\n" ends a line: a file name with a carriage return must not begin a stanza.
        with log.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            kept = [one for one in parse(file) if one.keyword in {"ERROR", "WARNING"}]
    except FileNotFoundError:
        return ()
    return tuple(
        Stanza(
            keyword=one.keyword,
            code=one.code,
            args=tuple(redact(argument) for argument in one.args),
            text=redact(one.text)[:TEXT_LIMIT],  # cut behind redacting: half a secret is one too
        )
        for one in kept
    )
