"""What several families read of one history, worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from drtest.checks.contents import Contents
from drtest.model.events import (
    ActionFinished,
    ChainRecorded,
    ListingRecorded,
    ManifestRead,
    SourceChanged,
    StepFinished,
    TruthRecorded,
)
from drtest.model.history import History
from drtest.model.locks import Locks, locks
from drtest.model.names import SetId
from drtest.model.plan import promised
from drtest.model.points import Bucket, Made, made, present
from drtest.model.scenario import DatedStep, Prune, Scenario
from drtest.oracle.diff import Flux, flux


@dataclass(frozen=True, kw_only=True)
class Case:
    """One history under judgement; everything here is derived from it and from nothing else."""

    history: History

    @property
    def scenario(self) -> Scenario:
        """The scenario that was run."""
        return self.history.scenario

    @cached_property
    def is_root(self) -> bool:
        """Whether duplicity and the oracle ran as root."""
        started = self.history.started
        return True if started is None else started.is_root

    @cached_property
    def steps(self) -> dict[int, DatedStep]:
        """The calendar's steps by their index."""
        return {dated.index: dated for dated in self.scenario.steps}

    @cached_property
    def actions(self) -> tuple[ActionFinished, ...]:
        """Every duplicity call of the calendar, in order."""
        return tuple(self.history.of(ActionFinished))

    @cached_property
    def truths(self) -> dict[int, datetime]:
        """The instant of each recorded truth, by its number."""
        return {truth.number: truth.at for truth in self.history.of(TruthRecorded)}

    @cached_property
    def fluxes(self) -> dict[int, Flux]:
        """What changed while it was backed up, by the number of the truth before."""
        trees = self.history.trees
        return {
            event.before: flux(trees.truth(event.before), trees.truth(event.after))
            for event in self.history.of(SourceChanged)
        }

    @cached_property
    def locks(self) -> Locks:
        """What the job encrypts and signs with at each step."""
        return locks(self.scenario)

    @cached_property
    def manifests(self) -> dict[str, tuple[int, ManifestRead]]:
        """The manifests that the bucket holds at the end, each with the step that it came in."""
        found: dict[str, tuple[int, ManifestRead]] = {}
        for event in self.history.of(ListingRecorded, ChainRecorded):
            match event:
                case ListingRecorded(removed=removed):
                    for key in removed:
                        found.pop(key, None)
                case ChainRecorded(index=index, manifests=manifests):
                    found.update({one.key: (index, one) for one in manifests})
        return found

    @cached_property
    def made(self) -> tuple[Made, ...]:
        """The restore points that were made, oldest first."""
        return made(self.history.events, self.scenario)

    @cached_property
    def promised(self) -> frozenset[datetime]:
        """The points that must be restorable at the calendar's end."""
        return frozenset(promised(self.scenario, [one.point for one in self.made]))

    @cached_property
    def left(self) -> frozenset[SetId]:
        """The sets that the bucket holds at the calendar's end."""
        return present(self.history.of(ListingRecorded))

    @cached_property
    def contents(self) -> Contents | None:
        """The bucket at the calendar's end; None where that was not reached, or not looked into."""
        finished = {event.index for event in self.history.of(StepFinished)}
        if self.scenario.steps[-1].index not in finished:
            return None  # what was killed or harmed may have been meant to be mended
        return Contents.at_the_end(self.history)

    @cached_property
    def maimed(self) -> dict[SetId, str]:
        """Sets that the bucket holds in part, each with the code of the chain that tells it."""
        return {} if self.contents is None else self.contents.maimed()

    @cached_property
    def maimed_at(self) -> dict[datetime, SetId]:
        """The points that need such a set, each with the first one."""
        return {
            one.point.at: hurt
            for one in self.made
            if (hurt := next((need for need in one.needs if need in self.maimed), None)) is not None
        }

    @cached_property
    def gone(self) -> tuple[Made, ...]:
        """What is promised, at the end or just after a prune, and can't be restored then.

        But for what lacks only objects of sets that are there in part: that is told of the set.
        """
        points = {one.point.step: one for lost in self._lost.values() for one in lost}
        return tuple(points[step] for step in sorted(points))

    @cached_property
    def gone_at(self) -> frozenset[datetime]:
        """The instants of ``gone``."""
        return frozenset(one.point.at for one in self.gone)

    def gone_after(self, step: int) -> frozenset[datetime]:
        """Return those of ``gone_at`` that were gone just after the prune *step*; 0: at the end."""
        return frozenset(one.point.at for one in self._lost.get(step, ()))

    def end_of(self, step: int) -> datetime:
        """Return when a drill after *step* is run; 0: at the calendar's end."""
        return self.steps[step].at if step else self.scenario.end_at

    @cached_property
    def _lost(self) -> dict[int, tuple[Made, ...]]:
        """What is promised and can't be restored: at the end (0), after each prune that removed."""
        found = {0: self._missing(self.promised, self.made, self.left)}
        for listing, sets in self.buckets():
            dated = self.steps.get(listing.index)
            if dated is None or not isinstance(dated.step, Prune) or not listing.removed:
                continue
            then = [one for one in self.made if one.point.step <= listing.index]
            until = self.scenario.until(listing.index)
            wanted = promised(until, [one.point for one in then])
            found[listing.index] = self._missing(frozenset(wanted), then, sets)
        return found

    def _missing(
        self, wanted: Set[datetime], made: Iterable[Made], sets: Set[SetId]
    ) -> tuple[Made, ...]:
        return tuple(
            one
            for one in made
            if one.point.at in wanted
            and any(need not in sets and need not in self.maimed for need in one.needs)
        )

    def buckets(self) -> Iterator[tuple[ListingRecorded, Set[SetId]]]:
        """Yield each listing with the sets that the bucket held after it: one set, that changes."""
        bucket = Bucket()
        for listing in self.history.of(ListingRecorded):
            bucket.apply(listing)
            yield listing, bucket.sets

    def line_of_step(self, index: int) -> int:
        """Return the scenario file's line of a step, 0 where there is none."""
        dated = self.steps.get(index)
        return 0 if dated is None else dated.line

    def line_of_drill(self, number: int) -> int:
        """Return the scenario file's line of a drill, 0 where there is none."""
        return next((one.line for one in self.scenario.drills if one.number == number), 0)
