"""Restore points that were really made, read from what a run's listings of the bucket show.

Pure. The runner resolves drills with it while the history is still growing; checks judge with it.
Where ``plan`` says what a calendar *should* make, this says what it *did*.

A set's names tell its kind and what it stands on: an incremental joins the chain whose end is its
base (shared facts 2.h). A set without a manifest or without its first volume restores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime

from drtest.model.events import ActionFinished, Event, ListingRecorded
from drtest.model.names import ObjectName, SetId, parse_name
from drtest.model.plan import PlannedSet
from drtest.model.scenario import Backup, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One restore point, the set that holds it and every set that a restore of it reads."""

    point: PlannedSet  # ``at`` is the step's instant
    set: SetId  # as the bucket names it; a resumed backup keeps the stamp of its first try
    needs: tuple[SetId, ...]  # from the chain's full up to ``set``

    def is_restorable(self, sets: Set[SetId]) -> bool:
        """Whether every set that a restore reads is among *sets*."""
        return all(one in sets for one in self.needs)


def points(events: Iterable[Event], scenario: Scenario) -> tuple[PlannedSet, ...]:
    """Return the restore points that backups of *scenario*'s calendar made, oldest first.

    A point is a backup step that must be done, whose call ended with status 0 and after which the
    bucket held a new set. Pruned points are still named: that they were made stays true.
    """
    return tuple(one.point for one in made(events, scenario))


def present(events: Iterable[Event]) -> frozenset[SetId]:
    """Return the sets of which the bucket holds manifest and first volume after *events*."""
    bucket = Bucket()
    for event in events:
        if isinstance(event, ListingRecorded):
            bucket.apply(event)
    return frozenset(bucket.sets)


def made(events: Iterable[Event], scenario: Scenario) -> tuple[Made, ...]:
    """Return what ``points`` does, each with the sets that it stands on."""
    backups = {
        dated.index: dated
        for dated in scenario.steps
        if isinstance(dated.step, Backup) and dated.step.must_be == "done"
    }
    done: set[int] = set()
    chains = _Chains()
    found: dict[SetId, Made] = {}
    bucket = Bucket()
    for event in events:
        if isinstance(event, ActionFinished):
            if event.index in backups and event.call.status == 0:
                done.add(event.index)
        elif isinstance(event, ListingRecorded):
            new = bucket.apply(event)
            if new is None:
                continue
            chains.add(new)
            if event.index in done:
                found.pop(new, None)  # two backups in one second: the later took the names
                found[new] = Made(
                    point=PlannedSet(
                        at=backups[event.index].at,
                        step=event.index,
                        chain=chains.number(new),
                        is_full=new.is_full,
                    ),
                    set=new,
                    needs=chains.needs(new),
                )
    return tuple(found.values())


@dataclass(slots=True, kw_only=True)
class Bucket:
    """What the bucket holds, followed from listing to listing."""

    keys: set[str] = field(default_factory=set)
    sets: set[SetId] = field(default_factory=set)  # of which manifest and first volume are there
    _manifests: dict[SetId, int] = field(default_factory=dict)
    _volumes: dict[SetId, int] = field(default_factory=dict)  # objects that are volume 1
    _seen: set[SetId] = field(default_factory=set)  # of which an object ever lay there

    def apply(self, listing: ListingRecorded) -> SetId | None:
        """Take in what changed; return the set that is new by it, the newest if there are more.

        New is a set whose manifest came, or else one of which nothing was ever there. So a
        resumed backup counts when it is whole, and a set whose manifest got lost counts at all.
        """
        for key in listing.removed:
            if key in self.keys:
                self.keys.remove(key)
                self._count(parse_name(key), -1)
        whole: set[SetId] = set()
        fresh: set[SetId] = set()
        for stored in listing.added:
            name = parse_name(stored.key)
            if stored.key not in self.keys:
                self.keys.add(stored.key)
                self._count(name, 1)
            if name.set is None or name.is_partial or name.kind == "jsonstat":
                continue
            if name.kind == "manifest":
                whole.add(name.set)
            if name.set not in self._seen:
                fresh.add(name.set)
        self._seen |= fresh
        return max(whole or fresh, key=lambda one: one.at, default=None)

    def _count(self, name: ObjectName, by: int) -> None:
        if name.set is None or name.is_partial:
            return
        if name.kind == "manifest":
            self._manifests[name.set] = self._manifests.get(name.set, 0) + by
        elif name.kind == "volume" and name.volume == 1:
            self._volumes[name.set] = self._volumes.get(name.set, 0) + by
        else:
            return
        if self._manifests.get(name.set) and self._volumes.get(name.set):
            self.sets.add(name.set)
        else:
            self.sets.discard(name.set)


@dataclass(slots=True, kw_only=True)
class _Chains:
    """Which set stands on which, and the number of each chain."""

    ends: dict[datetime, SetId] = field(default_factory=dict)  # the set that ends at an instant
    numbers: dict[SetId, int] = field(default_factory=dict)  # of fulls

    def add(self, new: SetId) -> None:
        self.ends[new.at] = new
        if new.is_full:
            self.numbers.setdefault(new, len(self.numbers) + 1)

    def needs(self, new: SetId) -> tuple[SetId, ...]:
        return tuple(reversed(list(self._down(new))))

    def number(self, new: SetId) -> int:
        """Of an incremental whose full was never seen: that of the chain before it."""
        return self.numbers.get(self.needs(new)[0], max(1, len(self.numbers)))

    def _down(self, new: SetId) -> Iterator[SetId]:
        yield new
        below = new
        while below.base_at is not None:
            base = self.ends.get(below.base_at)
            if base is None or base.at >= below.at:
                yield SetId(at=below.base_at)  # nothing that was ever seen: not restorable
                return
            yield base
            below = base
