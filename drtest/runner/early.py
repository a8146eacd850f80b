"""Begins restores while the calendar goes on, where nothing that comes can touch their points.

``model.early`` says which. At the end it is looked at again: where the bucket lost or changed an
object meanwhile, or a backup went another way than planned, all that was begun early is dropped
and run anew on the finished chains. So the verdicts are those of drills at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from drtest.model.early import begins, settled_after
from drtest.model.events import (
    ActionFinished,
    Event,
    ListingRecorded,
    StepFinished,
    StoredObject,
)
from drtest.model.plan import plan
from drtest.model.points import made as points_made
from drtest.model.points import present
from drtest.model.restores import PlannedRestore
from drtest.runner.drills import Begun, Drills


@dataclass(slots=True, kw_only=True)
class Early:
    """The restores of one scenario that were begun before its calendar's end."""

    drills: Drills
    pool: ThreadPoolExecutor | None  # None: one process at a time, so there is nothing to gain
    waiting: dict[int, list[PlannedRestore]]  # by the step after which it may begin
    settled: int  # the last step that may touch what is stored, 0 where there is none
    begun: dict[PlannedRestore, Begun] = field(default_factory=dict)
    objects: dict[str, StoredObject] = field(default_factory=dict)
    is_sound: bool = True  # whether all went as planned since ``settled``

    def see(self, event: Event) -> None:
        """Take note of an event of the calendar, and begin what may begin after it."""
        match event:
            case ActionFinished(index=index, must_be=must_be, call=call):
                is_well = must_be == "done" and call.status == 0
                self.is_sound &= is_well or index <= self.settled
            case ListingRecorded(index=index):
                is_harmless = not event.removed and not any(
                    one.key in self.objects for one in event.added
                )
                self.is_sound &= is_harmless or index <= self.settled
                for key in event.removed:
                    self.objects.pop(key, None)
                self.objects.update({one.key: one for one in event.added})
            case StepFinished(index=index) if index in self.waiting:
                seen = tuple(self.objects.values())
                for restore in self.waiting.pop(index):
                    self.begun[restore] = Begun(seen=seen, result=self._begin(restore, seen))
            case _:
                pass

    def _begin(
        self, restore: PlannedRestore, seen: tuple[StoredObject, ...]
    ) -> Future[Event] | None:
        if self.pool is None:
            return None
        drill = self.drills.stand.scenario.drills[restore.drill - 1]
        return self.pool.submit(self.drills.restorer.restore, drill, restore, seen)

    def results(self, history: Sequence[Event]) -> Mapping[PlannedRestore, Begun]:
        """Return what was begun and holds, with what did not get so far."""
        scenario = self.drills.stand.scenario
        for one in self.begun.values():
            if one.result is not None and one.result.cancel():
                one.result = None  # it is run by more workers now
        made = points_made(history, scenario)
        is_whole = {one.set for one in made} >= present(history)
        as_planned = tuple(one.point for one in made) == plan(scenario).made
        if self.is_sound and is_whole and as_planned:
            return self.begun
        for one in self.begun.values():
            if one.result is not None:
                one.result.exception()  # over before the same restore is run anew
        return {}


@contextmanager
def early(drills: Drills) -> Iterator[Early]:
    """Yield what begins restores early; at the end of the block none of them runs any more."""
    stand = drills.stand
    waiting: dict[int, list[PlannedRestore]] = {}
    for restore, step in begins(stand.scenario).items():
        if drills.can_run(restore):
            waiting.setdefault(step, []).append(restore)
    begun = Early(drills=drills, pool=None, waiting=waiting, settled=settled_after(stand.scenario))
    workers = stand.bench.parallel - 1  # one process is the calendar's own
    if workers < 1:
        yield begun
        return
    with ThreadPoolExecutor(workers, thread_name_prefix=f"early-{stand.number}") as pool:
        begun.pool = pool
        try:
            yield begun
        finally:
            for one in begun.begun.values():
                if one.result is not None:
                    one.result.cancel()
