"""Reads what a drill says of its machine and of duplicity's restore; writes it again."""

from __future__ import annotations

import re
from collections.abc import Callable

from drtest.model.host import Host
from drtest.scenario import fields, words
from drtest.scenario.emit import Flow, Tree
from drtest.scenario.fields import Fields
from drtest.scenario.node import Mapping, Node, Scalar
from drtest.scenario.problem import Problems

_HOW = {
    "user": "allowed: a user's name or number, such as nobody or 1000",
    "hostname": "allowed: letters, digits, dots and dashes, such as rescue",
    "timezone": "allowed: a name below /usr/share/zoneinfo, such as Europe/Berlin",
    "lang": "allowed: a locale, such as C or de_DE.UTF-8",
}

_OPTIONS = 'options: ["--no-restore-ownership"]'


def read_host(node: Node, problems: Problems) -> Host | None:
    """Return what ``host`` says; None where something of it is wrong."""
    before = len(problems.found)
    found = fields.read_fields(node, problems, what="key of a host", allowed=words.HOST)
    if found is None:
        return None
    if not found.values:
        if isinstance(node, Mapping) and not node.pairs:
            problems.add(node.place, "an empty host", f"allowed: {', '.join(words.HOST)}")
        return None
    said: dict[str, str] = {}
    for key, advice in _HOW.items():
        if (value := found.get(key)) is None:
            continue
        parsed = fields.parsed(
            value, problems, _parser(key, advice), what=f"a {key}", advice=advice
        )
        if parsed is not None:
            said[key] = parsed
    umask: int | None = None
    if (value := found.get("umask")) is not None:
        umask = fields.parsed(
            value, problems, _umask, what="a umask", advice="allowed: octal digits such as 0077"
        )
    if len(problems.found) > before:
        return None
    return Host(umask=umask, **said)


def read_options(found: Fields, problems: Problems) -> tuple[str, ...]:
    """Return the ``options`` of a drill: what the user adds to duplicity's restore."""
    node = found.get("options")
    if node is None:
        return ()
    options: list[str] = []
    for item in fields.items(node):
        written = item.value if isinstance(item, Scalar) else ""
        advice = next(
            (told for given, told in words.GIVEN.items() if written.startswith(given)), None
        )
        if advice is not None:
            problems.add(item.place, f"{written} is given by drtest itself", advice)
        elif not written.strip():
            problems.add(item.place, "an option is one text", f"write {_OPTIONS}")
        else:
            options.append(written)
    if options and not options[0].startswith("-"):
        problems.add(
            node.place,
            f"{options[0]} is no option: options begin with dashes",
            f"write {_OPTIONS}",
        )
    return tuple(options)


def _parser(key: str, advice: str) -> Callable[[str], str]:
    """Return what takes a text that ``Host`` takes as its *key*."""

    def parse(written: str) -> str:
        try:
            Host(**{key: written})  # type: ignore[arg-type]  # each of them is a text
        except ValueError as error:
            raise ValueError(advice) from error
        return written

    return parse


def _umask(written: str) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", written, re.ASCII):
        raise ValueError("allowed: octal digits such as 0077")
    return int(written, 8)


def host_words(host: Host) -> Tree:
    """Return *host* in the words of a scenario file."""
    tree: dict[str, Tree] = {}
    for key in words.HOST:
        value = getattr(host, key)
        if value is not None:
            tree[key] = f"{value:04o}" if isinstance(value, int) else value
    return Flow(tree)
