"""Reads and writes ``select``: duplicity's selection options, one rule each, in their order."""

from __future__ import annotations

from typing import assert_never, get_args

from drtest.model.interval import format_interval
from drtest.model.rule import LISTS, WITHOUT_VALUE, ListLine, Rule, RuleAction, RuleKind
from drtest.scenario import fields, words
from drtest.scenario.emit import Flow, Tree
from drtest.scenario.node import Mapping, Node, Scalar, Sequence
from drtest.scenario.problem import Problems
from drtest.scenario.text import Place

_MOVED = frozenset({"if-present", "device-files"})  # duplicity asks these first wherever they stand
_NO_RULE = frozenset({"filter", "files-from"})


def read_select(node: Node, problems: Problems) -> tuple[Rule, ...]:
    """Return the rules that are usable; what duplicity would refuse at a glance is a problem."""
    if not isinstance(node, Sequence) or not node.items:
        problems.add(
            node.place,
            "select is a list of rules, since their order decides",
            'write   - include: /etc   and at last   - exclude: "**"',
        )
        return ()
    rules: list[Rule] = []
    broken = False
    mode = "globbing"
    last: tuple[Rule, Place] | None = None
    first_list: Place | None = None
    for item in node.items:
        rule = _rule(item, problems, mode=mode)
        if rule is None:
            broken = True
            continue
        if rule.kind == "filter" and rule.pattern in ("globbing", "literal", "regexp"):
            mode = rule.pattern
        if rule.kind == "files-from" and first_list is not None:
            problems.add(
                item.place,
                "files-from stands twice: duplicity forgets the first one",
                f"put all paths into the list on line {first_list.line}",
            )
        first_list = item.place if rule.kind == "files-from" else first_list
        if rule.kind not in _MOVED | _NO_RULE:
            last = rule, item.place
        rules.append(rule)
    if last is None or broken or last[0].kind == "filelist":  # of a list the last line decides
        return tuple(rules)
    if last[0].action == "include":
        problems.add(
            last[1],
            "the last rule is an include, which changes nothing: duplicity ends with status 16",
            'end with   - exclude: "**"',
        )
    return tuple(rules)


def rule_words(rule: Rule) -> Tree:
    """Return *rule* as ``read_select`` reads it."""
    if rule.kind in WITHOUT_VALUE:
        return rule.word
    if rule.kind in LISTS:
        return Flow({rule.word: [line.text for line in rule.lines]})
    return Flow({rule.word: rule.pattern})


def _rule(node: Node, problems: Problems, *, mode: str) -> Rule | None:
    if isinstance(node, Scalar) and node.value in words.RULES:
        action, kind, pattern = _split(node.value)
        if kind in WITHOUT_VALUE:
            return Rule(action=action, kind=kind, pattern=pattern, line=node.place.line)
    if not isinstance(node, Mapping) or len(node.pairs) != 1:
        problems.add(
            node.place,
            "a rule has one key",
            f"allowed: include: PATTERN, exclude: PATTERN; and {', '.join(list(words.RULES)[2:])}",
        )
        return None
    pair = node.pairs[0]
    word = fields.word(pair.key, problems, what="rule", allowed=words.RULES)
    if word is None:
        return None
    action, kind, pattern = _split(word)
    line = pair.key.place.line
    match kind:
        case "filter" | "device-files" | "other-filesystems":
            problems.add(pair.value.place, f"{word} takes no value", f"write   - {word}")
            return None
        case "filelist" | "files-from":
            lines = _lines(pair.value, problems, word)
            return None if lines is None else Rule(action=action, kind=kind, lines=lines, line=line)
        case "older-than":
            age = fields.interval(pair.value, problems)
            return (
                None
                if age is None
                else Rule(action=action, kind=kind, pattern=format_interval(age), line=line)
            )
        case "if-present":
            name = fields.exact(pair.value, problems, what="the name of a file")
            if name is not None and "/" in name:
                problems.add(
                    pair.value.place,
                    f"{name} is no name: duplicity looks for it in each folder's own list",
                    "write the last part alone, such as .nobackup",
                )
                return None
            return None if name is None else Rule(action=action, kind=kind, pattern=name, line=line)
        case "regexp":
            text = fields.exact(pair.value, problems, what="a regular expression")
            return None if text is None else Rule(action=action, kind=kind, pattern=text, line=line)
        case "pattern":
            text = _pattern(pair.value, problems, mode=mode)
            return None if text is None else Rule(action=action, pattern=text, line=line)
        case "listed":
            raise ValueError("no word means a path of a list")
        case _ as never:
            assert_never(never)


def _split(word: str) -> tuple[RuleAction, RuleKind, str]:
    """Return action and kind of one of the words, and the pattern that is part of it."""
    if word == "files-from":
        return "exclude", "files-from", ""
    action, _, kind = word.partition("-")
    for known in get_args(RuleAction):
        if action == known == "filter":
            return known, "filter", kind
        if action == known:
            return known, next((one for one in get_args(RuleKind) if one == kind), "pattern"), ""
    raise ValueError(f"{word} is no rule")


def _pattern(node: Node, problems: Problems, *, mode: str) -> str | None:
    pattern = fields.exact(node, problems, what="a pattern")
    if pattern is None or mode == "regexp":
        return pattern
    is_glob = mode == "globbing"
    bare = pattern.removeprefix("ignorecase:") if is_glob else pattern
    if bare.startswith(("/", "**") if is_glob else "/"):
        return pattern
    advice = (
        f'a pattern begins with / or **: write "**/{bare.lstrip("./")}", or its whole path'
        if is_glob
        else "behind filter-literal a pattern is a whole path; - filter-globbing ends that"
    )
    problems.add(
        node.place,
        f"{pattern} can match nothing below the source: duplicity ends with status 14",
        advice,
    )
    return None


def _lines(node: Node, problems: Problems, word: str) -> tuple[ListLine, ...] | None:
    """Return the lines of a list, written as one text or as a list of texts."""
    found: list[ListLine] = []
    match node:
        case Scalar() if node.value:
            is_block = node.place.shown_line[node.place.column - 1 :][:1] in ("|", ">")
            texts = node.value.removesuffix("\n").split("\n")
            for offset, text in enumerate(texts, start=1):
                line = node.place.line + (offset if is_block else 0)
                found += _line(text, node.place, line, problems)
        case Sequence() if node.items and all(isinstance(one, Scalar) for one in node.items):
            for item in node.items:
                if isinstance(item, Scalar):
                    found += _line(item.value, item.place, item.place.line, problems)
        case _:
            problems.add(
                node.place,
                f"{word} is a list of lines, as they stand in the file",
                f'write   - {word}: ["srv/www/index.html"]'
                if word == "files-from"
                else f'write   - {word}: ["- /srv/www/cache", "/srv/www"]',
            )
    return tuple(found) or None


def _line(text: str, place: Place, line: int, problems: Problems) -> list[ListLine]:
    if "\0" in text:
        problems.add(place, "a line of a list holds a NUL, where duplicity would end it", "cut it")
        return []
    return [ListLine(text=text, line=line)]
