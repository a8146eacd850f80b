"""Reads what a drill runs in the restored tree; writes it again."""

from __future__ import annotations

import shlex
from datetime import timedelta

from drtest.model.interval import format_interval
from drtest.model.probe import DEFAULT_LIMIT, Probe
from drtest.scenario import fields, words
from drtest.scenario.emit import Flow, Tree
from drtest.scenario.fields import Fields
from drtest.scenario.node import Mapping, Node, Scalar
from drtest.scenario.problem import Problems

_HOW = 'write   probe: python3 srv/check.py   or a list of words: ["sh", "-c", "..."]'


def read_probe(found: Fields, problems: Problems) -> Probe | None:
    """Return the ``probe`` of a drill; None where there is none, or something of it is wrong."""
    node = found.get("probe")
    if node is None:
        return None
    if "run" in found.values:
        problems.add(
            found.place("probe"), "probe and run do not go together", "run restores nothing"
        )
    must_be = found.get("must-be")
    if isinstance(must_be, Scalar) and must_be.value == "refused":
        problems.add(
            found.place("probe"),
            "a restore that must be refused leaves nothing to probe",
            "remove probe, or must-be: refused",
        )
    limit: timedelta | None = DEFAULT_LIMIT
    command = node
    if isinstance(node, Mapping):
        before = len(problems.found)
        inside = fields.read_fields(node, problems, what="key of a probe", allowed=words.PROBE)
        written = None if inside is None else inside.get("command")
        if inside is None or (written is None and len(problems.found) > before):
            return None
        if written is None:
            problems.add(node.place, "a probe says what to run", f"allowed keys: {_keys()}")
            return None
        command = written
        if (value := inside.get("time-limit")) is not None:
            limit = fields.interval(value, problems)
    read = _command(command, problems)
    return None if read is None or limit is None else Probe(command=read, limit=limit)


def _keys() -> str:
    return ", ".join(words.PROBE)


def _parted(written: str) -> list[str]:
    try:
        return shlex.split(written)
    except ValueError as error:
        raise ValueError(f"{error}: a quotation mark or a backslash stands alone") from error


def _command(node: Node, problems: Problems) -> tuple[str, ...] | None:
    """One text is parted into words as a shell parts it; a list holds the words themselves."""
    if isinstance(node, Scalar):
        parted = fields.parsed(node, problems, _parted, what="a command", advice=_HOW)
        if parted is None:
            return None
        found = tuple(parted)
    else:
        listed = [one.value if isinstance(one, Scalar) else None for one in fields.items(node)]
        found = tuple(word for word in listed if word is not None)
        if len(found) < len(listed):
            problems.add(node.place, "each word of a command is a text", _HOW)
            return None
    if not found or not found[0]:
        problems.add(node.place, "a probe without a command", _HOW)
        return None
    if any("\0" in word for word in found):
        problems.add(node.place, "a word of a command has no NUL in it", _HOW)
        return None
    return found


def probe_words(probe: Probe) -> Tree:
    """Return *probe* in the words of a scenario file."""
    return Flow({"command": Flow(list(probe.command)), "time-limit": format_interval(probe.limit)})
