"""Which paths of a source duplicity's rules select, by drtest's own model of them.

For each path the rules are asked in order. A rule includes, excludes, says nothing, or (include
only) says that the path is a folder on the way to something it could include. The first that
includes or excludes decides; none at all means included. A folder that an include leads through is
entered even where a later rule excludes it, and is stored if anything below it is. Nothing below an
excluded folder is looked at. The root is always stored.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, assert_never

from drtest.model.scenario import Rule
from drtest.model.tree import Entry
from drtest.oracle.glob import IGNORECASE, Glob, PatternError, literal, split_prefix

Says = Literal["include", "exclude", "scan"] | None


class Criterion(Protocol):
    """What one rule says of one path. A new kind of rule is one more implementation."""

    def says(self, name: str, entry: Entry) -> Says:
        """Return the rule's word on *entry*, whose absolute path is *name*."""
        ...


@dataclass(frozen=True, slots=True)
class GlobCriterion:
    """``--include`` and ``--exclude`` with a pattern."""

    action: Literal["include", "exclude"]
    glob: Glob

    def says(self, name: str, entry: Entry) -> Says:
        """Return the action where the pattern covers the path, ``scan`` where it leads to some."""
        match self.glob.reach(name, is_dir=entry.type == "dir"):
            case "covers":
                return self.action
            case "leads-to":
                return "scan" if self.action == "include" else None
            case None:
                return None
            case _ as unreachable:
                assert_never(unreachable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why rules cannot be used; ``status`` is duplicity's exit status, None where it would run."""

    rule: int  # counts from 0
    message: str
    status: int | None


class Selection:
    """The rules of a policy over a source at *root* (absolute).

    ``matched[i]`` counts the paths that rule *i* covers, ``decided[i]`` those where it was the
    first to say include or exclude; both grow while ``select`` runs. Raises PatternError where
    duplicity refuses a pattern (``problems`` says all that it would refuse).
    """

    def __init__(self, rules: Sequence[Rule], root: Path) -> None:
        self.root = root
        self._prefix = str(root).rstrip("/") + "/"
        self._criteria: list[Criterion] = [
            GlobCriterion(rule.action, Glob(rooted(rule.pattern, root))) for rule in rules
        ]
        self.matched = [0] * len(rules)
        self.decided = [0] * len(rules)

    def select(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield a sorted stream of a whole source with ``selected`` set on each entry.

        A folder that is only scanned is held back until something below it is selected or its last
        path has gone by; what follows it waits too. So memory holds the longest stretch of a tree
        in which folders were scanned and nothing was found.

        Sockets and what cannot be read are never stored, so they bring no folder along.
        """
        waiting: list[Entry] = []  # from the first undecided folder on, in order
        undecided: dict[str, int] = {}  # folder -> its place in waiting
        cut: dict[str, int | None] = {}  # excluded folder -> the rule that excluded it
        for entry in entries:
            settled = [path for path in undecided if _is_past(entry.path, path)]
            for path in settled:
                del undecided[path]
            for path in [path for path in cut if _is_past(entry.path, path)]:
                del cut[path]
            if settled and not undecided:
                yield from waiting
                waiting.clear()
            word, rule = self._judge(entry)
            parents = list(_parents(entry.path))
            above = next((path for path in parents if path in cut), None)
            if above is not None:
                word, rule = "exclude", cut[above]
            if rule is not None:
                self.decided[rule] += 1
            is_selected = word == "include"
            marked = (
                entry if entry.selected == is_selected else replace(entry, selected=is_selected)
            )
            if word == "exclude" and entry.type == "dir" and above is None:
                cut[entry.path] = rule
            if is_selected and entry.type != "socket" and not entry.error:
                for path in parents:
                    if path in undecided:
                        place = undecided.pop(path)
                        waiting[place] = replace(waiting[place], selected=True)
                if waiting and not undecided:
                    yield from waiting
                    waiting.clear()
            if word == "scan" and entry.type == "dir":
                undecided[entry.path] = len(waiting)
            if undecided:
                waiting.append(marked)
            else:
                yield marked
        yield from waiting

    def _judge(self, entry: Entry) -> tuple[Says, int | None]:
        """Return the rules' word on one path, and the rule that was first to include or exclude."""
        if entry.path == ".":
            return "include", None
        name = self._prefix + entry.path
        word: Says = None
        decider: int | None = None
        scans = False
        for number, criterion in enumerate(self._criteria):
            said = criterion.says(name, entry)
            if said is None:
                continue
            if said == "scan":
                scans = scans or decider is None
                continue
            self.matched[number] += 1
            if decider is None:
                word, decider = said, number
        if scans and word != "include":
            return "scan", decider
        return word or "include", decider


def duplicity_arguments(rules: Sequence[Rule], root: Path) -> list[str]:
    """Return the options for *rules* in order, absolute patterns put below *root*."""
    return [
        argument for rule in rules for argument in (f"--{rule.action}", rooted(rule.pattern, root))
    ]


def rooted(pattern: str, root: Path) -> str:
    """Return an absolute *pattern* as one below *root*; any other is left alone.

    Characters of *root* that mean something in a pattern are made literal.
    """
    folds, bare = split_prefix(pattern)
    if not bare.startswith("/"):
        return pattern
    return (IGNORECASE if folds else "") + literal(str(root).rstrip("/")) + bare


def problems(rules: Sequence[Rule], root: Path) -> list[Problem]:
    """Return what duplicity would refuse, and patterns that mean another thing below *root*.

    A pattern that starts with ``**`` can match the folders that drtest put above the source; then
    it covers everything, which it would not do at the user's. Another *root* helps.
    """
    found = []
    for number, rule in enumerate(rules):
        try:
            glob = Glob(rooted(rule.pattern, root))
        except PatternError as error:
            found.append(Problem(rule=number, message=str(error), status=error.status))
            continue
        reach = glob.reach(str(root), is_dir=True)
        if reach is None:
            message = "cannot match below the source: a pattern begins with / or with **"
            found.append(Problem(rule=number, message=message, status=14))
        elif (
            reach == "covers"
            and rooted(rule.pattern, root) == rule.pattern
            and not _covers_all(glob)
        ):
            message = f"matches {root}, where drtest keeps the source, and so all of it"
            found.append(Problem(rule=number, message=message, status=None))
    if rules and rules[-1].action == "include":
        message = "the last rule is an include; what no rule matches is included anyway"
        found.append(Problem(rule=len(rules) - 1, message=message, status=16))
    return found


def nearest(pattern: str, paths: Iterable[str]) -> str | None:
    """Return the path of the source that *pattern* was perhaps meant for, as the user writes it.

    ``/var/ww`` gives ``/var/www``. *paths* are relative to the root; of equally near ones the first
    wins. None where nothing is near.
    """
    wanted = split_prefix(pattern)[1].rstrip("/*") or pattern
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)  # what stays the same goes second: its index is kept
    best: str | None = None
    best_ratio = 0.6  # difflib's own bound for "close"
    for path in paths:
        matcher.set_seq1(f"/{path}")
        if matcher.real_quick_ratio() <= best_ratio or matcher.quick_ratio() <= best_ratio:
            continue
        if (ratio := matcher.ratio()) > best_ratio:
            best, best_ratio = f"/{path}", ratio
    return best


def _covers_all(glob: Glob) -> bool:
    return glob.reach("/", is_dir=True) == "covers"


def _parents(path: str) -> Iterator[str]:
    """Yield the folders above *path*, the nearest first, without the root."""
    while (slash := path.rfind("/")) > 0:
        path = path[:slash]
        yield path


def _is_past(path: str, folder: str) -> bool:
    """Return whether nothing below *folder* can follow *path* in sorted order."""
    return path.encode("utf-8", "surrogateescape") >= (
        folder.encode("utf-8", "surrogateescape") + b"0"  # the byte after "/"
    )
