"""Objects that a prune should have taken and did not, though it ended with status 0.

Source: duplicity 3.2.1, backend.py: a deletion that fails is a warning; shared facts 1.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime

from drtest.checks.case import Case
from drtest.checks.words import counted, listed, stamps
from drtest.model.events import ActionFinished, ListingRecorded, Stanza
from drtest.model.finding import Finding
from drtest.model.interval import format_instant
from drtest.model.names import SetId, parse_name
from drtest.model.plan import due
from drtest.model.scenario import Prune

_NOT_DELETED = re.compile(r"\b_?do_delete\b|\bDeleteObject\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One prune after which objects of sets that were due still lay there."""

    index: int
    at: datetime
    events: tuple[ActionFinished, ...]
    keys: tuple[str, ...]
    sets: tuple[datetime, ...]
    refused: tuple[Stanza, ...]


def leftovers(case: Case) -> Iterator[Leftover]:
    """Yield each prune that deleted in part, or was refused, and ended with status 0.

    One that took nothing and was refused nothing is ``prune-did-nothing``.
    """
    keys: set[str] = set()
    sets_before: frozenset[SetId] = frozenset()
    for listing, sets in case.buckets():
        before = frozenset(keys)
        keys.difference_update(listing.removed)
        keys.update(stored.key for stored in listing.added)
        found = _left_by(case, listing, before=before, after=keys, sets=sets_before)
        if found is not None:
            yield found
        sets_before = frozenset(sets)


def _left_by(
    case: Case,
    listing: ListingRecorded,
    *,
    before: frozenset[str],
    after: Set[str],
    sets: frozenset[SetId],
) -> Leftover | None:
    dated = case.steps.get(listing.index)
    if dated is None or not isinstance(dated.step, Prune) or dated.step.must_be != "done":
        return None
    events = tuple(event for event in case.actions if event.index == listing.index)
    if not events or any(event.call.status != 0 for event in events):
        return None
    held = {one.point.at: one for one in case.made if one.set in sets}
    overdue = due([one.point for one in held.values()], case.scenario, now=listing.at)
    doomed = {held[one.at].set: one.at for one in overdue}
    left = {key: found for key in before if (found := parse_name(key).set) in doomed}
    gone = set(left) - after
    refused = tuple(stanza for event in events for stanza in undeleted(event))
    kept = sorted(set(left) & after)
    if not kept or not (gone or refused):
        return None
    return Leftover(
        index=listing.index,
        at=listing.at,
        events=events,
        keys=tuple(kept),
        sets=tuple(sorted({doomed[one] for key in kept if (one := left[key]) is not None})),
        refused=refused,
    )


def undeleted(event: ActionFinished) -> Iterator[Stanza]:
    """Yield the warnings of a call that say that a deletion did not go through."""
    for stanza in event.call.stanzas:
        if stanza.keyword == "WARNING" and _NOT_DELETED.search(stanza.text):
            yield stanza


def check(case: Case) -> Iterator[Finding]:
    """Yield one finding for all prunes that left something behind."""
    found = list(leftovers(case))
    if not found:
        return
    first = found[0]
    action = first.events[0].call.action
    instants = [one.at for one in found]
    again = f", {counted(len(found), 'time')} ({listed(instants)})" if len(found) > 1 else ""
    why = f': "{" ".join(first.refused[0].text.split())[:160]}"' if first.refused else ""
    yield Finding(
        code="prune-incomplete",
        subject=action,
        message=(
            f"{action} ended with status 0 at {format_instant(first.at)} and left "
            f"{counted(len(first.keys), 'object')} of {counted(len(first.sets), 'set')} that "
            f"were due{again}{why}."
        ),
        line=case.line_of_step(first.index),
        evidence={
            "action": action,
            "keys": list(first.keys),
            "sets": stamps(first.sets),
            "refusals": len(first.refused),
            "at": stamps(instants),
            "log": first.events[0].call.log,
        },
    )
