"""Selection rules: what they leave out of the promise, and those that do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from drtest.checks.case import Case
from drtest.checks.words import EVIDENCE_PATHS, counted, shown
from drtest.model.events import RulesCounted
from drtest.model.finding import Finding
from drtest.model.rule import Rule
from drtest.model.tree import Entry
from drtest.oracle.criteria import Recorded, Surroundings
from drtest.oracle.filelist import flat
from drtest.oracle.nearest import nearest
from drtest.oracle.selection import Selection


def check(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the policy's rules; nothing where there are none."""
    if not case.scenario.has_rules:
        return
    yield from _unselected(case)
    yield from _idle(case)


# ---------------------------------------------------------------- promised and left out


@dataclass(slots=True, kw_only=True)
class _Promise:
    """One entry of ``protect``, and what of it some backup did not select."""

    path: str
    line: int
    left_out: set[str] = field(default_factory=set)
    first: Entry | None = None
    truth: int = 0  # the one that ``first`` is of
    worst: tuple[int, int] = (0, 0)  # left out, of how many, at the truth where most were
    now: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def name(self) -> str:
        """The path relative to the source's root."""
        return self.path.strip("/")

    def covers(self, path: str) -> bool:
        """Whether *path* of the source is this entry or lies below it."""
        return not self.name or path == self.name or path.startswith(f"{self.name}/")


def _promises(case: Case) -> list[_Promise]:
    """Return the entries of ``protect``; a source that is promised whole is one for each entry."""
    match case.scenario.objectives.protect:
        case None:
            entries: list[tuple[str, int]] = []
            for one in sorted(case.scenario.source, key=lambda one: len(one.path)):
                if not any(_Promise(path=path, line=0).covers(one.path[1:]) for path, _ in entries):
                    entries.append((one.path, 0))
            return [_Promise(path=path, line=line) for path, line in entries]
        case "selected":
            return []
        case tuple() as protect:
            return [_Promise(path=one.path, line=one.line) for one in protect]


def _unselected(case: Case) -> Iterator[Finding]:
    promises = _promises(case)
    if not promises:
        return
    for number in case.truths:
        for promise in promises:
            promise.now = [0, 0]
        for entry in case.history.trees.truth(number):
            if entry.protected and entry.type != "socket":
                for promise in promises:
                    if promise.covers(entry.path):
                        _count(promise, entry, number)
                        break
        for promise in promises:
            promise.worst = max(promise.worst, (promise.now[0], promise.now[1]))
    for promise in promises:
        if promise.first is not None:
            yield _left_out(case, promise, promise.first)


def _count(promise: _Promise, entry: Entry, truth: int) -> None:
    promise.now[1] += 1
    if not entry.selected:
        promise.now[0] += 1
        if promise.first is None:
            promise.first, promise.truth = entry, truth
        promise.left_out.add(entry.path)


def _left_out(case: Case, promise: _Promise, first: Entry) -> Finding:
    rules = flat(case.scenario.policy.select)
    by = _excluder(case, promise, first)
    near = next(
        (
            rule
            for rule in rules
            if rule.action == "include"
            and rule.kind != "regexp"
            and nearest(rule.pattern, [promise.name]) is not None
        ),
        None,
    )
    out, of = promise.worst
    text = f"{promise.path} is promised, and no backup selects {out:,} of its {counted(of, 'path')}"
    if by is not None:
        text += f": excluded by {by}" + (f" (line {by.line})" if by.line else "")
    if near is not None:
        text += f"; near to it stands {near}" + (f" (line {near.line})" if near.line else "")
    return Finding(
        code="protected-not-selected",
        subject=promise.path,
        message=f"{text}.",
        line=promise.line or case.scenario.policy.line,
        evidence={
            "path": promise.path,
            "count": len(promise.left_out),
            "paths": [shown(path) for path in sorted(promise.left_out)[:EVIDENCE_PATHS]],
            "rule_that_excluded": None if by is None else str(by),
            "rule_line": 0 if by is None else by.line,
            "nearest_rule": None if near is None else str(near),
        },
    )


def _excluder(case: Case, promise: _Promise, entry: Entry) -> Rule | None:
    rules = case.scenario.policy.select
    markers = frozenset(rule.pattern for rule in rules if rule.kind == "if-present")
    around = Recorded.of(case.history.trees.truth(promise.truth) if markers else (), markers)
    return excluded_by(rules, entry, at=case.truths[promise.truth], around=around)


def excluded_by(
    rules: tuple[Rule, ...],
    entry: Entry,
    *,
    at: datetime | None = None,
    around: Surroundings = Recorded(),  # noqa: B008  (frozen, and empty)
) -> Rule | None:
    """Return the rule that left *entry* out; None where it only leads to what is included.

    Of a list it is the line. The path is walked twice, with and without its last part: the rule
    that decided once more is the one.
    """
    each = flat(rules)
    folders = [
        Entry(path="/".join(parts), type="dir", mode=0o755, uid=0, gid=0, mtime_ns=0)
        for parts in _above(entry.path)
    ]
    before, after = (
        _decided(Selection(rules, Path("/"), at=at, around=around), walk)
        for walk in (folders, [*folders, entry])
    )
    return next(
        (rule for rule, was, now in zip(each, before, after, strict=True) if now > was), None
    )


def _above(path: str) -> Iterator[list[str]]:
    parts = path.split("/")
    for depth in range(1, len(parts)):
        yield parts[:depth]


def _decided(selection: Selection, walk: list[Entry]) -> list[int]:
    for _ in selection.select(walk):
        pass
    return selection.decided


# ---------------------------------------------------------------- rules that do nothing


def _idle(case: Case) -> Iterator[Finding]:
    rules = flat(case.scenario.policy.select)
    counts = [one for one in case.history.of(RulesCounted) if len(one.matched) == len(rules)]
    if not counts or not case.history.is_complete:
        return  # a rule may wait for what a later night brings
    for number, rule in enumerate(rules):
        matched = max(one.matched[number] for one in counts)
        decided = max(one.decided[number] for one in counts)
        if matched == 0 and rule.action == "include":
            yield _matches_nothing(case, rule, backups=len(counts))
        elif matched > 0 and decided == 0 and rule.kind != "listed":
            yield Finding(
                code="rule-never-acts",
                subject=rule.subject,
                message=(
                    f"{rule} matches {counted(matched, 'path')} and decides none: "
                    "rules before it did."
                ),
                line=rule.line,
                evidence={
                    "rule": str(rule),
                    "line": rule.line,
                    "matched": matched,
                    "hidden_by": [str(one) for one in rules[:number]],
                },
            )


def _matches_nothing(case: Case, rule: Rule, *, backups: int) -> Finding:
    near: str | None = None
    if case.truths:
        paths = (entry.path for entry in case.history.trees.truth(max(case.truths)))
        near = None if rule.kind == "regexp" else nearest(rule.pattern, paths)
    text = f"{rule} matched no path in {counted(backups, 'backup')}"
    return Finding(
        code="include-matches-nothing",
        subject=rule.subject,
        message=f"{text}{f'; near to it lies {near}' if near else ''}.",
        line=rule.line,
        evidence={"rule": str(rule), "line": rule.line, "nearest_path": near},
    )
