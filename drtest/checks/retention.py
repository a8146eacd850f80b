"""What is promised against what the bucket still holds, and what retention really did."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import datetime, timedelta

from drtest.checks.case import Case
from drtest.checks.leftovers import check as incomplete
from drtest.checks.leftovers import leftovers
from drtest.checks.restored import Drilled
from drtest.checks.words import age, counted, listed, stamps
from drtest.model.events import ActionFinished, ListingRecorded
from drtest.model.finding import Finding
from drtest.model.interval import format_instant, format_interval
from drtest.model.names import SetId
from drtest.model.plan import due
from drtest.model.points import Made
from drtest.model.scenario import Prune

_DAY = timedelta(days=1)


def check(case: Case, drilled: Drilled) -> Iterator[Finding]:
    """Yield what is gone too early, kept too long, and where retention did nothing."""
    yield from _gone(case, drilled)
    yield from _kept(case)
    yield from _did_nothing(case)
    yield from incomplete(case)
    yield from _disagrees(case)


def _gone(case: Case, drilled: Drilled) -> Iterator[Finding]:
    gone = case.gone
    if not gone:
        return
    listing = _lost_at(case, gone[0])
    points = tuple(one.point.at for one in gone)
    how = "the bucket never held it whole"
    action: str | None = None
    if listing is not None:
        action = _pruned_by(case, listing)
        how = f"{action or 'its sets'} {'took' if action else 'went'}"
        how += f"{' its sets' if action else ''} at {format_instant(listing.at)}"
    keep = case.scenario.objectives.keep
    by = "the policy's own retention" if keep is None else f"keep {format_interval(keep)}"
    yield Finding(
        code="restore-point-gone",
        subject=format_instant(points[0]),
        message=(
            f"{counted(len(points), 'restore point')} that {by} promises can't be restored from "
            f"what is left ({listed(points)}): {how}."
        ),
        line=case.scenario.objectives.line,
        drills=tuple(drilled.ledger.gone.drills),
        restore_points=points,
        silent=drilled.ledger.gone.silent,
        evidence={
            "restore_points": stamps(points),
            "pruned_at": None if listing is None else listing.at.isoformat(),
            "action": action,
        },
    )


def _lost_at(case: Case, one: Made) -> ListingRecorded | None:
    """Return the listing after which a point that had been whole no longer was."""
    was_whole = False
    lost: ListingRecorded | None = None
    for listing, sets in case.buckets():
        is_whole = one.is_restorable(sets)
        if was_whole and not is_whole:
            lost = listing
        was_whole = is_whole
    return lost


def _pruned_by(case: Case, listing: ListingRecorded) -> str | None:
    """Return the retention action of the listing's step, None where it was no prune."""
    dated = case.steps.get(listing.index)
    if dated is None or not isinstance(dated.step, Prune):
        return None
    return " and ".join(
        dict.fromkeys(event.call.action for event in case.actions if event.index == listing.index)
    )


def _kept(case: Case) -> Iterator[Finding]:
    limit = case.scenario.objectives.gone_after
    if limit is None or not case.history.is_complete:
        return  # a prune that was still to come might have taken them
    end = case.scenario.end_at
    points = tuple(
        one.point.at
        for one in case.made
        if end - one.point.at > limit and one.is_restorable(case.left)
    )
    if not points:
        return
    oldest = end - points[0]
    yield Finding(
        code="restore-point-kept",
        subject=format_instant(points[0]),
        message=(
            f"{counted(len(points), 'restore point')} should be gone after "
            f"{format_interval(limit)} and can still be restored ({listed(points)}); "
            f"the oldest is {age(oldest)} old."
        ),
        line=case.scenario.objectives.line,
        restore_points=points,
        evidence={"restore_points": stamps(points), "age_days": _days(oldest)},
    )


def _did_nothing(case: Case) -> Iterator[Finding]:
    found: list[tuple[ListingRecorded, list[ActionFinished], tuple[datetime, ...], bool]] = []
    before: frozenset[SetId] = frozenset()
    partial = {one.index for one in leftovers(case)}  # told by prune-incomplete
    prunes = {index for index, dated in case.steps.items() if isinstance(dated.step, Prune)}
    for listing, sets in case.buckets():
        if listing.index in prunes:
            step = case.steps[listing.index].step
            assert isinstance(step, Prune)
            events = [event for event in case.actions if event.index == listing.index]
            is_done = step.must_be == "done" and all(event.call.status == 0 for event in events)
            if events and is_done and before <= sets and listing.index not in partial:
                overdue = _due(case, before, now=listing.at)
                if overdue:
                    found.append((listing, events, overdue, step.force))
        before = frozenset(sets)
    if not found:
        return
    listing, events, overdue, had_force = found[0]
    instants = [one.at for one, _, _, _ in found]
    times = counted(len(found), "time")
    yield Finding(
        code="prune-did-nothing",
        subject=events[0].call.action,
        message=(
            f"{events[0].call.action} ended with status 0 and removed nothing {times} "
            f"({listed(instants)}), though {counted(len(overdue), 'set')} "
            f"{'was' if len(overdue) == 1 else 'were'} due the first time"
            f"{'' if had_force else '; it ran without --force'}."
        ),
        line=case.line_of_step(listing.index),
        evidence={
            "action": list(dict.fromkeys(event.call.action for event in events)),
            "due": stamps(overdue),
            "had_force": had_force,
            "at": stamps(instants),
        },
    )


def _due(case: Case, sets: Set[SetId], *, now: datetime) -> tuple[datetime, ...]:
    """Return the sets in the bucket that the policy's retention should remove."""
    held = [one.point for one in case.made if one.set in sets]
    return tuple(one.at for one in due(held, case.scenario, now=now))


def _disagrees(case: Case) -> Iterator[Finding]:
    keep, policy = case.scenario.objectives.keep, case.scenario.policy
    if keep is None:
        return
    kept: list[tuple[timedelta, str]] = []
    if policy.remove_older_than is not None:
        every = policy.remove_older_than
        kept.append((every, f"remove-older-than {format_interval(every)}"))
    fulls = [one.point.at for one in case.made if one.point.is_full]
    for option, count in (
        ("remove-all-but-n-full", policy.remove_all_but_n_full),
        ("remove-all-inc-of-but-n-full", policy.remove_all_inc_of_but_n_full),
    ):
        # Least is kept when a full was just made and the chain before the last n has gone.
        spans = (
            []
            if count is None
            else [new - old for old, new in zip(fulls[1:], fulls[count:], strict=False)]
        )
        if spans:
            kept.append((min(spans), f"{option} {count}"))
    short = min(kept, default=None)
    if short is None or short[0] >= keep:
        return
    least, rule = short
    spans_kept = kept_over_calendar(case)
    yield Finding(
        code="promise-disagrees",
        subject="keep",
        message=(
            f"keep promises {format_interval(keep)}, and {rule} keeps {age(least)} at the least"
            f"{_over_the_calendar(spans_kept)}."
        ),
        line=case.scenario.objectives.line,
        evidence={
            "keep_days": _days(keep),
            "kept_days": _days(least),
            "rule": rule,
            "oldest_point_days": [_days(one) for one in spans_kept],
        },
    )


def kept_over_calendar(case: Case) -> tuple[timedelta, ...]:
    """Return how old the oldest restore point was, at the least and at the most.

    The least is found just after a prune that removed something, the most just before one or at the
    end. Nothing where no prune removed anything: the calendar was too short to show it.
    """
    ages: list[timedelta] = []
    before: timedelta | None = None
    prunes = {index for index, dated in case.steps.items() if isinstance(dated.step, Prune)}
    for listing, sets in case.buckets():
        oldest = next((one for one in case.made if one.is_restorable(sets)), None)
        now = None if oldest is None else listing.at - oldest.point.at
        if listing.index in prunes and listing.removed and before is not None and now is not None:
            ages += [before, now]
        before = now
    if ages and before is not None:
        ages.append(before)
    return (min(ages), max(ages)) if ages else ()


def _over_the_calendar(kept: tuple[timedelta, ...]) -> str:
    if not kept:
        return ""
    least, most = kept
    return (
        f"; over this calendar the oldest restore point was at least {_days(least):g} and at most "
        f"{_days(most):g} days old"
    )


def _days(interval: timedelta) -> float:
    return round(interval / _DAY, 2)
