"""Warnings of duplicity, and the source that could not be read. Warnings never change a status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from drtest.checks.case import Case
from drtest.checks.leftovers import leftovers
from drtest.checks.words import EVIDENCE_PATHS, counted, shown, stamps, stanzas
from drtest.model.events import Call, DrillFinished, Stanza, TruthRecorded
from drtest.model.finding import Finding
from drtest.model.tree import sort_key

# log.WarningCode of duplicity 3.2.1: cannot_iterate, cannot_stat, cannot_read.
UNREAD = frozenset({8, 9, 10})
# Who runs drtest runs duplicity: what these errors hide from one, they hide from the other.
DENIED = frozenset({"EACCES", "EPERM"})

# Said on healthy chains: retention works by whole chains, and the newest one never goes; a time
# before 1970 is the known loss pre-1970-mtime; the first backup finds no signatures, and where a
# later one does, full-not-made says so. Source: duplicity 3.2.1, dup_main.py, path.py.
_HARMLESS = re.compile(
    r"Current active backup chain is older than specified time"
    r"|There are backup set\(s\) at time\(s\):.*can't be deleted because newer sets depend on them"
    r"|No signatures found, switching to full backup"
    r"|No extraneous files found, nothing deleted in cleanup"
    r"|has negative mtime, treating as 0",
    re.DOTALL,
)


def check(case: Case) -> Iterator[Finding]:
    """Yield what was not read, and every other warning by its code."""
    yield from _unread(case)
    yield from _warned(case)


# ---------------------------------------------------------------- the source


def unread_by_duplicity(case: Case) -> dict[str, tuple[Stanza, datetime, int]]:
    """Return the paths of the source that backups with status 0 warned of, and where first."""
    found: dict[str, tuple[Stanza, datetime, int]] = {}
    for event in case.actions:
        if event.call.status != 0:
            continue
        for stanza in event.call.stanzas:
            if stanza.keyword == "WARNING" and stanza.code in UNREAD and stanza.args:
                path = source_path(stanza.args[0], event.call)
                found.setdefault(path, (stanza, event.at, event.index))
    return found


def source_path(path: str, call: Call) -> str:
    """Return *path*, as duplicity names it, relative to the source that *call* was given."""
    roots = [
        argument.rstrip("/")
        for argument in call.argv
        if argument.startswith("/") and (path + "/").startswith(argument.rstrip("/") + "/")
    ]
    below = path.removeprefix(max(roots, key=len)) if roots else path
    return below.strip("/") or "."


def denied_to_all(case: Case) -> dict[str, tuple[str, TruthRecorded]]:
    """Return the selected paths that no one in drtest's place may read, by errno name."""
    found: dict[str, tuple[str, TruthRecorded]] = {}
    for truth in case.history.of(TruthRecorded):
        denied = {path: errno for path, errno in truth.unreadable if errno in DENIED}
        if denied:
            for entry in case.history.trees.truth(truth.number):
                if entry.path in denied and entry.selected:
                    found.setdefault(entry.path, (denied[entry.path], truth))
    return found


def _unread(case: Case) -> Iterator[Finding]:
    warned = unread_by_duplicity(case)
    denied = denied_to_all(case)
    paths = sorted({*warned, *denied}, key=sort_key)
    if not paths:
        return
    first = paths[0]
    index = warned[first][2] if first in warned else denied[first][1].index
    more = f", and {counted(len(paths) - 1, 'more path')} likewise" if len(paths) > 1 else ""
    errno = f" ({denied[first][0]})" if first in denied else ""
    yield Finding(
        code="unread-source",
        subject=shown(first),
        message=(
            f"{shown(first)} could not be read{errno} and was not backed up, with status 0{more}."
        ),
        line=case.line_of_step(index),
        evidence={
            "count": len(paths),
            "paths": [shown(path) for path in paths[:EVIDENCE_PATHS]],
            "errno": {shown(path): errno for path, (errno, _) in denied.items()},
            "log_stanzas": stanzas([stanza for stanza, _, _ in warned.values()]),
        },
    )


# ---------------------------------------------------------------- all other warnings


@dataclass(slots=True, kw_only=True)
class _Group:
    """Warnings of one code."""

    stanzas: list[Stanza] = field(default_factory=list)
    actions: dict[str, None] = field(default_factory=dict)
    instants: set[datetime] = field(default_factory=set)
    drills: dict[str, None] = field(default_factory=dict)
    line: int = 0


def _warned(case: Case) -> Iterator[Finding]:
    groups: dict[int, _Group] = {}
    told = {id(stanza) for one in leftovers(case) for stanza in one.refused}  # prune-incomplete
    for event in case.actions:
        for stanza in _unexplained(event.call, reads_source=True):
            if id(stanza) in told:
                continue
            group = groups.setdefault(stanza.code, _Group(line=case.line_of_step(event.index)))
            group.stanzas.append(stanza)
            group.actions[event.call.action] = None
            group.instants.add(event.at)
    for drill in case.history.of(DrillFinished):
        for restored in drill.restored:
            for stanza in _unexplained(restored.call, reads_source=False):
                group = groups.setdefault(
                    stanza.code, _Group(line=case.line_of_drill(drill.number))
                )
                group.stanzas.append(stanza)
                group.actions[restored.call.action] = None
                group.drills[f"{drill.number}.{drill.part}"] = None
    for code, group in sorted(groups.items()):
        text = " ".join(group.stanzas[0].text.split())
        yield Finding(
            code="duplicity-warned",
            subject=str(code),
            message=(
                f"{', '.join(group.actions)} warned {counted(len(group.stanzas), 'time')} "
                f'with code {code}: "{text[:160]}".'
            ),
            line=group.line,
            drills=tuple(group.drills),
            evidence={
                "code": code,
                "text": group.stanzas[0].text,
                "action": list(group.actions),
                "count": len(group.stanzas),
                "at": stamps(group.instants),
                "log_stanzas": stanzas(group.stanzas),
            },
        )


def _unexplained(call: Call, *, reads_source: bool) -> Iterator[Stanza]:
    """Yield the warnings of a call that neither its status nor another finding explains."""
    if call.status != 0:
        return
    for stanza in call.stanzas:
        if stanza.keyword != "WARNING":
            continue
        if reads_source and stanza.code in UNREAD and stanza.args:
            continue  # unread-source
        if not _HARMLESS.search(" ".join(stanza.text.split())):
            yield stanza
