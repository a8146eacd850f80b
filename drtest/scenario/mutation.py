"""Reads ``mutate``: what one step does to the source."""

from __future__ import annotations

from typing import cast

from drtest.model.scenario import Mutation, MutationTarget, MutationVerb, PathTarget
from drtest.scenario import fields, words
from drtest.scenario.amount import COUNTS, parse_target
from drtest.scenario.node import Mapping, Node, Sequence
from drtest.scenario.problem import Problems
from drtest.scenario.text import Place

_HOW = "write   edit: 3%   below it; verbs: " + ", ".join(words.VERBS)


def read_mutations(
    node: Node, problems: Problems, paths: list[tuple[str, Place]]
) -> tuple[Mutation, ...]:
    """Return the mutations in the order of the file: a mapping, or a list of mappings.

    *paths* gets each path that is named, to be compared with the source later.
    """
    found: list[Mutation] = []
    for part in fields.items(node):
        if not isinstance(part, Mapping) or not part.pairs:
            problems.add(part.place, "mutate is a mapping of verbs", _HOW)
            continue
        for pair in part.pairs:
            if pair.key.value not in words.VERBS:
                fields.refuse_word(pair.key, problems, what="verb of mutate", allowed=words.VERBS)
                continue
            verb = cast(MutationVerb, pair.key.value)
            if targets := _targets(pair.value, problems, paths):
                found.append(Mutation(verb=verb, targets=targets, line=pair.key.place.line))
    if isinstance(node, Sequence) and not node.items:
        problems.add(node.place, "mutate is empty", _HOW)
    return tuple(found)


def _targets(
    node: Node, problems: Problems, paths: list[tuple[str, Place]]
) -> tuple[MutationTarget, ...]:
    parts = fields.items(node)
    if not parts:
        problems.add(node.place, "an empty list changes nothing", COUNTS)
    found: list[MutationTarget] = []
    for part in parts:
        target = fields.parsed(part, problems, parse_target, what="a count", advice=COUNTS)
        if target is None:
            continue
        if isinstance(target, PathTarget):
            paths.append((target.path, part.place))
        found.append(target)
    return tuple(found)
