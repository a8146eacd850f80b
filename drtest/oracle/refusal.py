"""What duplicity would refuse among a policy's rules, and what drtest cannot hold it to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drtest.model.rule import Rule
from drtest.oracle.criteria import LiteralCriterion, Setting
from drtest.oracle.filelist import flat
from drtest.oracle.glob import Glob, PatternError, split_prefix
from drtest.oracle.rooting import Unrootable, rooted
from drtest.oracle.ruling import ASKED_FIRST, Reading, criterion, read

_SAME_AS_WITHOUT = frozenset({"globbing", "strictcase"})
_SOME_DAY = datetime(2100, 1, 1, tzinfo=UTC)  # no refusal depends on when it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why rules cannot be used; ``status`` is duplicity's exit status, None where it would run."""

    rule: Rule  # a line of a list is a rule of its own
    message: str
    status: int | None


def problems(rules: Sequence[Rule], root: Path) -> list[Problem]:
    """Return what duplicity would refuse, in the order in which it would.

    With ``status`` None stands what it would take and what means another thing in drtest's
    workspace at *root* than on the user's machine, so that a run would prove nothing.
    """
    each = flat(rules)
    return [*_filters(rules), *_forgotten(rules), *_each(each, root), *_last(each)]


def _filters(rules: Sequence[Rule]) -> Iterator[Problem]:
    filters = [rule for rule in rules if rule.kind == "filter"]
    if filters and rules[-1] is filters[-1]:
        yield Problem(rule=filters[-1], message="no rule stands behind it", status=71)
    if filters and all(rule.pattern in _SAME_AS_WITHOUT for rule in filters):
        yield Problem(rule=filters[0], message="patterns are read so without it", status=70)


def _forgotten(rules: Sequence[Rule]) -> Iterator[Problem]:
    for rule in [rule for rule in rules if rule.kind == "files-from"][:-1]:
        message = "duplicity forgets this list: the last files-from alone counts"
        yield Problem(rule=rule, message=message, status=None)


def _each(rules: Sequence[Rule], root: Path) -> Iterator[Problem]:
    for rule, reading in read(rules):
        if rule.kind == "files-from":
            if not any(one.kind == "listed" for one in rules):
                yield Problem(rule=rule, message="the list names no path", status=73)
        elif rule.kind == "listed":
            yield from _path(rule)
        else:
            try:
                criterion(rule, reading, Setting(root, _SOME_DAY))
            except PatternError as error:
                yield Problem(rule=rule, message=str(error), status=error.status)
            except Unrootable as error:
                yield Problem(rule=rule, message=str(error), status=None)
            else:
                if rule.kind == "pattern":
                    yield from _reach(rule, reading, root)


def _reach(rule: Rule, reading: Reading, root: Path) -> Iterator[Problem]:
    """Say of a pattern that it is for nothing below *root*: duplicity asks it for its source."""
    match reading.mode:
        case "regexp":
            return
        case "literal":
            # "/" covers the source in drtest's workspace, and nothing where the source is "/".
            wants = "a path begins with /, and is more than that"
            text = rooted(rule.pattern, root, "literal")
            reaches = LiteralCriterion("include", text, reading.folds).reaches(str(root))
            is_moved = rule.pattern == "/"
        case "globbing":
            wants = "a pattern begins with / or with **"
            glob = Glob(rooted(rule.pattern, root), reading.folds)
            reaches = glob.reach(str(root), is_dir=True) is not None
            is_moved = not split_prefix(rule.pattern)[1].startswith(("/", "**"))
    if not reaches:
        yield Problem(rule=rule, message=f"can match nothing below the source: {wants}", status=14)
    elif is_moved:
        message = f"matches other paths below {root}, where drtest works, than below /: {wants}"
        yield Problem(rule=rule, message=message, status=None)


def _path(rule: Rule) -> Iterator[Problem]:
    if rule.pattern.startswith("/"):
        message = "a path of files-from is relative: write it without the first slash"
        yield Problem(rule=rule, message=message, status=72)
    elif any(part in ("", ".", "..") for part in rule.pattern.split("/")):
        message = "a path of files-from with '.', '..' or an empty part is not modelled"
        yield Problem(rule=rule, message=message, status=None)


def _last(rules: Sequence[Rule]) -> Iterator[Problem]:
    asked = [rule for rule in rules if rule.kind not in ("filter", "files-from", "listed")]
    last = next((rule for rule in reversed(asked) if rule.kind not in ASKED_FIRST), None)
    if last is not None and last.action == "include":
        message = "the last rule is an include; what no rule matches is included anyway"
        yield Problem(rule=last, message=message, status=16)
