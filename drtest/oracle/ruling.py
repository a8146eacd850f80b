"""From a policy's rules to what is asked of each path, and to duplicity's command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never

from drtest.model.interval import epoch, parse_interval
from drtest.model.rule import LISTS, Rule
from drtest.oracle import filelist
from drtest.oracle.criteria import (
    AgeCriterion,
    Criterion,
    DeviceCriterion,
    GlobCriterion,
    LiteralCriterion,
    MarkerCriterion,
    MountCriterion,
    RegexpCriterion,
    Setting,
    Word,
)
from drtest.oracle.glob import Glob, PatternError
from drtest.oracle.rooting import Mode, rooted

ASKED_FIRST = frozenset({"if-present", "device-files"})
"""duplicity puts these before all others, wherever they stand, the last of them first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How patterns are read at one place among the rules; filters change it for those behind."""

    mode: Mode = "globbing"
    folds: bool = False

    def after(self, rule: Rule) -> Reading:
        """Return how the rules behind *rule* are read."""
        match rule.pattern if rule.kind == "filter" else "":
            case "globbing" | "literal" | "regexp" as mode:
                return Reading(mode, self.folds)
            case "ignorecase":
                return Reading(self.mode, True)
            case "strictcase":
                return Reading(self.mode, False)
            case _:
                return self


def read(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Reading]]:
    """Yield each rule with how it is read."""
    reading = Reading()
    for rule in rules:
        yield rule, reading
        reading = reading.after(rule)


def criteria(rules: Sequence[Rule], setting: Setting) -> list[tuple[int, Criterion]]:
    """Return what is asked of each path in the order of asking, with the number of its rule.

    *rules* are flat (``filelist.flat``). PatternError where duplicity refuses a pattern.
    """
    found: list[tuple[int, Criterion]] = []
    for number, (rule, reading) in enumerate(read(rules)):
        one = criterion(rule, reading, setting)
        if one is not None:
            found.insert(0 if rule.kind in ASKED_FIRST else len(found), (number, one))
    return found


def criterion(rule: Rule, reading: Reading, setting: Setting) -> Criterion | None:
    """Return what one flat rule asks, None where it asks nothing of a path by itself."""
    word: Word = "include" if rule.action == "include" else "exclude"
    match rule.kind:
        case "pattern" if reading.mode == "regexp":
            return RegexpCriterion(word, _regexp(rule.pattern, reading, setting.root))
        case "pattern" if reading.mode == "literal":
            text = rooted(rule.pattern, setting.root, "literal")
            return LiteralCriterion(word, text, reading.folds)
        case "pattern":
            return GlobCriterion(word, Glob(rooted(rule.pattern, setting.root), reading.folds))
        case "regexp":
            return RegexpCriterion(word, _regexp(rule.pattern, reading, setting.root))
        case "if-present":
            return MarkerCriterion(rule.pattern, setting.around)
        case "older-than":
            if setting.at is None:
                raise ValueError("a rule about age needs to know when the backup is made")
            return AgeCriterion(epoch(setting.at - parse_interval(rule.pattern)))
        case "other-filesystems":
            return MountCriterion(setting.around)
        case "device-files":
            return DeviceCriterion()
        case "filter" | "files-from" | "listed" | "filelist":
            return None
        case _ as unreachable:
            assert_never(unreachable)


def duplicity_arguments(
    rules: Sequence[Rule], root: Path, *, at: datetime, lists: Path
) -> list[str]:
    """Return the options for *rules* in order, patterns put below *root*.

    *lists* is where ``write_lists`` puts the lists. Ages are counted back from *at* and given as
    seconds since 1970: duplicity would count them back from the real clock.
    """
    found = ["--null-separator"] if filelist.needs_null(rules) else []
    for number, (rule, reading) in enumerate(read(rules), start=1):
        option = f"--{rule.word}"
        match rule.kind:
            case "filelist" | "files-from":
                found += [option, str(_list_file(lists, number))]
            case "older-than":
                found += [option, str(epoch(at - parse_interval(rule.pattern)))]
            case "other-filesystems" | "device-files" | "filter":
                found.append(option)
            case "if-present":
                found += [option, rule.pattern]
            case "regexp":
                found += [option, rooted(rule.pattern, root, "regexp")]
            case "pattern":
                found += [option, rooted(rule.pattern, root, reading.mode)]
            case "listed":
                raise ValueError("a path of a list is no rule of a policy")
            case _ as unreachable:
                assert_never(unreachable)
    return found


def write_lists(rules: Sequence[Rule], root: Path, lists: Path) -> None:
    """Write the lists of *rules* into the folder *lists*, patterns put below *root*."""
    end = "\0" if filelist.needs_null(rules) else "\n"
    for number, (rule, reading) in enumerate(read(rules), start=1):
        if rule.kind not in LISTS:
            continue
        texts = [one.text for one in filelist.pieces(rules, rule)]
        if rule.kind == "filelist":
            texts = [_rooted_line(text, root, reading.mode) for text in texts]
        lists.mkdir(mode=0o700, parents=True, exist_ok=True)
        _list_file(lists, number).write_text(
            "".join(text + end for text in texts), encoding="utf-8", newline=""
        )


def _list_file(lists: Path, number: int) -> Path:
    return lists / f"rule-{number}.txt"


def _rooted_line(text: str, root: Path, mode: Mode) -> str:
    said = filelist.split(text, "include")
    return text if said is None else said.before + rooted(said.pattern, root, mode) + said.after


def _regexp(pattern: str, reading: Reading, root: Path) -> re.Pattern[str]:
    text = rooted(pattern, root, "regexp")
    try:
        return re.compile(text, re.IGNORECASE if reading.folds else re.NOFLAG)
    except re.error as error:
        raise PatternError(f"a regular expression is not valid: {error}", status=30) from None
