"""Calls of the calendar: what a status says, and whether the bucket agrees with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from drtest.checks.case import Case
from drtest.checks.words import age, cause, counted, listed, stamps, stanzas, status
from drtest.model.events import ActionFinished, ListingRecorded
from drtest.model.finding import Finding
from drtest.model.interval import format_instant, format_interval
from drtest.model.plan import clocks, is_full_due
from drtest.model.scenario import Backup

# Options that change what a backup may make, beyond what the policy's own keys say.
_MAY_SKIP, _FULL_BY_OTHERS = "--skip-if-no-change", "--full-if"


def check(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the calendar's actions."""
    yield from _statuses(case)
    yield from _nothing_made(case)
    yield from _kinds(case)


def _statuses(case: Case) -> Iterator[Finding]:
    """The same action with the same status is one finding, however many nights it showed."""
    groups: dict[tuple[str, str, int], list[ActionFinished]] = {}
    for event in case.actions:
        call = event.call
        if call.timed_out:
            code = "action-hung"
        elif (event.must_be == "done" and call.status != 0) or (
            event.must_be == "killed" and call.status > 0  # it ended before it could be killed
        ):
            code = "backup-failed"
        elif event.must_be == "refused" and call.status == 0:
            code = "backup-not-refused"
        else:
            continue
        groups.setdefault((code, call.action, call.status), []).append(event)
    for (code, action, _), events in groups.items():
        yield _of_status(case, code, action, events)


def _of_status(case: Case, code: str, action: str, events: list[ActionFinished]) -> Finding:
    call = events[0].call
    instants = [event.at for event in events]
    when = f"at {listed(instants)}" if len(instants) <= 3 else f"({listed(instants)})"
    match code:
        case "action-hung":
            limit = age(timedelta(seconds=call.limit_s))
            said = f"was killed after its time limit of {limit}"
        case "backup-failed":
            said = f"ended with {status(call)}"
        case _:
            said = "must be refused, and ended with status 0"
    return Finding(
        code=code,
        subject=action,
        message=f"{action} {said} {_times(len(events))}{when}{cause(call)}.",
        line=case.line_of_step(events[0].index),
        evidence={
            "action": action,
            "status": call.status,
            "status_name": call.status_name,
            "at": stamps(instants),
            "limit_s": call.limit_s,
            "log": call.log,
            "log_stanzas": stanzas(call.stanzas),
        },
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "incremental" else f"a {kind}"


def _times(number: int) -> str:
    return "" if number == 1 else f"{counted(number, 'time')} "


def _nothing_made(case: Case) -> Iterator[Finding]:
    if _MAY_SKIP in case.scenario.policy.options:
        return
    listed_steps = {listing.index for listing in case.history.of(ListingRecorded)}
    points = {one.point.step for one in case.made}
    groups: dict[str, list[ActionFinished]] = {}
    for event in case.actions:
        dated = case.steps.get(event.index)
        if (
            dated is not None
            and isinstance(dated.step, Backup)
            and dated.step.must_be == "done"
            and event.call.status == 0
            and event.index in listed_steps
            and event.index not in points
        ):
            groups.setdefault(event.call.action, []).append(event)
    for action, events in groups.items():
        instants = [event.at for event in events]
        yield Finding(
            code="nothing-backed-up",
            subject=action,
            message=(
                f"{action} ended with status 0 and the bucket holds no new backup set, "
                f"{_times(len(events))}at {listed(instants)}."
            ),
            line=case.line_of_step(events[0].index),
            evidence={"action": action, "at": stamps(instants), "log": events[0].call.log},
        )


def _kinds(case: Case) -> Iterator[Finding]:
    """A full where an incremental was due by the policy, or the reverse."""
    policy = case.scenario.policy
    if any(option.startswith(_FULL_BY_OTHERS) for option in policy.options):
        return
    last_full_at: datetime | None = None
    clock = clocks(case.scenario)
    wrong: dict[tuple[str, str], list[tuple[datetime, datetime | None]]] = {}
    lines: dict[str, int] = {}
    for one in case.made:
        dated = case.steps[one.point.step]
        assert isinstance(dated.step, Backup)
        action = dated.step.action
        asked_full = action == "full" or is_full_due(
            last_full_at, clock[dated.index], policy.full_if_older_than
        )
        if asked_full != one.point.is_full:
            asked = "full" if asked_full else "incremental"
            wrong.setdefault((action, asked), []).append((dated.at, last_full_at))
            lines.setdefault(action, dated.line)
        if one.set.is_full:
            last_full_at = one.set.at
    for (name, asked), times in wrong.items():
        made = "incremental" if asked == "full" else "full"
        before = times[0][1]
        age_text = "none before" if before is None else f"last full {format_instant(before)}"
        every = policy.full_if_older_than
        rule = "" if every is None else f", full-if-older-than {format_interval(every)}"
        yield Finding(
            code="full-not-made",
            subject=name,
            message=(
                f"{name} should have made {_article(asked)} and made {_article(made)}, "
                f"{_times(len(times))}at {listed([one for one, _ in times])} ({age_text}{rule})."
            ),
            line=lines[name],
            evidence={
                "asked": asked,
                "made": made,
                "last_full_at": None if before is None else before.isoformat(),
                "at": stamps(one for one, _ in times),
            },
        )
