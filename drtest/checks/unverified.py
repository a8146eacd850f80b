"""What drtest could not find out: never the backup's fault, never green."""

from __future__ import annotations

from collections.abc import Iterator

from drtest.checks.case import Case
from drtest.checks.restored import Drilled
from drtest.checks.stanzas import denied_to_all, unread_by_duplicity
from drtest.checks.words import EVIDENCE_PATHS, counted, shown
from drtest.model.events import (
    ActionFinished,
    DamageDone,
    DrillFinished,
    DrillStarted,
    FaultSeen,
    StepStarted,
    ToxicSeen,
    TruthRecorded,
)
from drtest.model.finding import Finding
from drtest.model.interval import format_instant
from drtest.model.tree import sort_key


def check(case: Case, drilled: Drilled) -> Iterator[Finding]:
    """Yield what keeps this history from being verified."""
    faults = list(case.history.of(FaultSeen))
    for fault in faults:
        yield Finding(
            code=fault.code,
            subject=fault.subject,
            message=fault.message,
            line=case.line_of_drill(fault.drill),
            evidence=dict(fault.evidence),
        )
    is_complete = case.history.is_complete
    if not is_complete and not faults:  # a fault says itself why it ended there
        yield _interrupted(case)
    yield from _idle_toxics(case)
    yield from _idle_damage(case)
    yield from _incomplete_truth(case, drilled)
    if not drilled.results and is_complete and not faults:
        yield Finding(
            code="nothing-checked",
            subject="drills",
            message=(
                f"The scenario ended after {counted(len(case.actions), 'action')} "
                "and not one restore was judged."
            ),
            line=case.scenario.line,
        )
    elif drilled.results and is_complete and not faults:
        yield from _empty_drills(case)


def _interrupted(case: Case) -> Finding:
    """Where it stopped, by the last event that says what was going on."""
    where = "before its first step"
    for event in case.history.events:
        if isinstance(event, StepStarted):
            where = f"in step {event.index} ({event.what}, {format_instant(event.at)})"
        elif isinstance(event, DrillStarted):
            where = f"in drill {event.number}.{event.part} ({event.what})"
    done = sum(1 for _ in case.history.of(ActionFinished, DrillFinished))
    return Finding(
        code="interrupted",
        subject=case.scenario.name,
        message=f"The scenario was broken off {where}, after {counted(done, 'call')}.",
        line=case.scenario.line,
        evidence={"at": where},
    )


def _empty_drills(case: Case) -> Iterator[Finding]:
    """A drill that restored nothing at all was not run: it must not look like one that was."""
    empty = [one for one in case.history.of(DrillFinished) if not one.restored]
    if empty:
        yield Finding(
            code="nothing-checked",
            subject="drills",
            message=f"{counted(len(empty), 'drill')} ended without a single restore to judge.",
            line=case.line_of_drill(empty[0].number),
            drills=tuple(f"{one.number}.{one.part}" for one in empty),
        )


def _idle_toxics(case: Case) -> Iterator[Finding]:
    """A toxic that did nothing proves nothing, and one that was to kill and did not as little."""
    statuses = {event.index: event.call.status for event in case.actions}
    for toxic in case.history.of(ToxicSeen):
        status = statuses.get(toxic.index, 0)
        is_idle = toxic.fired == 0
        if not is_idle and not (toxic.toxic == "kill" and status == 0):
            continue
        fitted = f"{counted(toxic.matching, 'request')} of {counted(toxic.matching_bytes, 'byte')}"
        ended = f"and the {toxic.action} at {format_instant(toxic.at)} went its way"
        yield Finding(
            code="toxic-never-fired",
            subject=toxic.when,
            message=(
                f"{toxic.toxic} at {toxic.when} never fired: {fitted} fitted but for the count, "
                f"{ended}."
                if is_idle
                else f"{toxic.toxic} at {toxic.when} came too late, {ended}."
            ),
            line=case.line_of_step(toxic.index),
            evidence={
                "toxic": toxic.toxic,
                "when": toxic.when,
                "matching_requests": toxic.matching,
                "matching_bytes": toxic.matching_bytes,
                "status": status,
            },
        )


def _idle_damage(case: Case) -> Iterator[Finding]:
    for damage in case.history.of(DamageDone):
        if not damage.keys:
            yield Finding(
                code="damage-found-nothing",
                subject=damage.target,
                message=(
                    f"Nothing was harmed by {damage.damage}: {damage.target} is no object "
                    f"that could be, at {format_instant(damage.at)}."
                ),
                line=case.line_of_step(damage.index),
                evidence={"target": damage.target, "candidates": list(damage.candidates)},
            )


def _incomplete_truth(case: Case, drilled: Drilled) -> Iterator[Finding]:
    """Paths that could not be read and that are promised.

    What neither drtest nor duplicity may read is no doubt but a fact: ``unread-source``.
    """
    explained = {*denied_to_all(case), *unread_by_duplicity(case)}
    unread = dict(drilled.ledger.unread)
    for truth in case.history.of(TruthRecorded):
        doubtful = {path: why for path, why in truth.unreadable if path not in explained}
        if not doubtful:
            continue
        for entry in case.history.trees.truth(truth.number):
            if entry.path in doubtful and entry.protected:
                unread.setdefault(entry.path, doubtful[entry.path])
    if not unread:
        return
    paths = sorted(unread, key=sort_key)
    first = paths[0]
    more = f", and {counted(len(paths) - 1, 'more path')} likewise" if len(paths) > 1 else ""
    yield Finding(
        code="truth-incomplete",
        subject=shown(first),
        message=f"{shown(first)} could not be read ({unread[first]}) and so not compared{more}.",
        evidence={
            "count": len(paths),
            "paths": [shown(path) for path in paths[:EVIDENCE_PATHS]],
            "errno": {shown(path): unread[path] for path in paths[:EVIDENCE_PATHS]},
        },
    )
