"""Writes plain trees as YAML 1.2: blocks outside, one-line flows inside, few quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

WIDTH = 96
# A subset of YAML's plain scalars that no reader, of 1.1 or 1.2, in or out of a flow, gets wrong.
_PLAIN = re.compile(r"(?:[A-Za-z/+0-9](?:[A-Za-z0-9 ._/+%()*'=:;?!<>-]*[A-Za-z0-9./+%)*!?])?)")
# What some reader of YAML, of 1.1 or 1.2, takes for something else than text.
_NO_TEXT = re.compile(
    r"[-+]?\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|0[xXoObB][0-9a-fA-F_]+"
    r"|true|false|null|yes|no|on|off|y|n|[-+]?\.inf|\.nan",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Flow:
    """A mapping or list that is written on one line."""

    value: dict[str, Tree] | list[Tree]


Tree = str | int | bool | dict[str, "Tree"] | list["Tree"] | Flow


def emit(tree: dict[str, Tree]) -> str:
    """Return *tree* as one YAML document; text that looks like a number is quoted."""
    return "".join(f"{line}\n" for line in _mapping(tree, ""))


def scalar(value: str) -> str:
    """Return a text plain where that is safe, else in double quotes with escapes."""
    is_safe = _PLAIN.fullmatch(value) and not _NO_TEXT.fullmatch(value)
    if is_safe and ": " not in value and " #" not in value:
        return value
    return '"' + "".join(_escaped(sign) for sign in value) + '"'


def printable(line: str) -> str:
    """Return *line* with every character escaped that a comment may not hold."""
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in line)


def _escaped(sign: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
    if sign in short:
        return short[sign]
    code = ord(sign)
    if sign.isprintable():
        return sign
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _flow(tree: Tree) -> str:
    match tree:
        case str():
            return scalar(tree)
        case bool():
            return "true" if tree else "false"
        case int():
            return str(tree)
        case dict():
            return "{" + ", ".join(f"{scalar(k)}: {_flow(v)}" for k, v in tree.items()) + "}"
        case list():
            return "[" + ", ".join(_flow(item) for item in tree) + "]"
        case Flow(value=value):
            return _flow(value)


def _mapping(tree: dict[str, Tree], indent: str) -> Iterator[str]:
    for key, value in tree.items():
        match value:
            case dict() if value:
                yield f"{indent}{scalar(key)}:"
                yield from _mapping(value, indent + "  ")
            case list() if value:
                yield f"{indent}{scalar(key)}:"
                yield from _sequence(value, indent + "  ")
            case _:
                yield f"{indent}{scalar(key)}: {_flow(value)}"


def _sequence(items: list[Tree], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, dict) and item:
            lines = list(_mapping(item, indent + "  "))
            yield f"{indent}- {lines[0].removeprefix(indent + '  ')}"
            yield from lines[1:]
        else:
            yield f"{indent}- {_flow(item)}"
