"""Runs drills: resolves each to its restores, runs those beside each other, tells them in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType

from drtest.model.events import DrillStarted, Event, FaultSeen, StoredObject
from drtest.model.plan import PlannedSet
from drtest.model.restores import PlannedRestore, resolve, resolve_after
from drtest.model.scenario import Drill
from drtest.runner.bench import Stand
from drtest.runner.restore import Restorer, unchecked, what


@dataclass(slots=True, kw_only=True)
class Begun:
    """A restore whose point was settled before the calendar's end; ``result`` None: not begun."""

    seen: tuple[StoredObject, ...] | None = None  # the bucket as it stood then
    result: Future[Event] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills:
    """All drills of one scenario, on the finished chains."""

    stand: Stand
    restorer: Restorer
    counts: dict[int, int] = field(default_factory=dict)  # restores after prunes, by drill

    def run(
        self,
        made: tuple[PlannedSet, ...],
        early: Mapping[PlannedRestore, Begun] = MappingProxyType({}),
    ) -> Iterator[Event]:
        """Run what belongs to the calendar's end, several at once; yield in the file's order.

        *early* are restores whose points were settled before, begun or not.
        """
        todo: list[tuple[Drill, PlannedRestore]] = []
        for drill in self.stand.scenario.drills:
            if (lacking := self._lacking(drill)) is not None:
                yield lacking
                continue
            if drill.when != "end":
                if not self.counts.get(drill.number):
                    yield unchecked(drill.number, "no prune removed anything")
                continue
            try:
                restores = resolve(self.stand.scenario, drill, made)
            except ValueError as problem:
                yield unchecked(drill.number, str(problem))
                continue
            if not restores:
                yield unchecked(drill.number, "no restore point fits what it asks for")
            todo += [(drill, restore) for restore in restores if self.is_wanted(restore)]
        yield from self._run(todo, early)

    def run_after(self, index: int, made: tuple[PlannedSet, ...]) -> Iterator[Event]:
        """Run what is to be run just after the prune of step *index*, which removed something."""
        todo: list[tuple[Drill, PlannedRestore]] = []
        for drill in self.stand.scenario.drills:
            if drill.when == "end" or self._lacking(drill) is not None:
                continue
            before = self.counts.get(drill.number, 0)
            try:
                restores = resolve_after(self.stand.scenario, drill, made, index, before=before)
            except ValueError as problem:
                yield unchecked(drill.number, str(problem))
                continue
            self.counts[drill.number] = before + len(restores)
            todo += [(drill, restore) for restore in restores if self.is_wanted(restore)]
        yield from self._run(todo, {})

    def _run(
        self,
        todo: Sequence[tuple[Drill, PlannedRestore]],
        early: Mapping[PlannedRestore, Begun],
    ) -> Iterator[Event]:
        with ThreadPoolExecutor(
            self.stand.restores_at_once, thread_name_prefix=f"drill-{self.stand.number}"
        ) as pool:
            running: list[tuple[Drill, PlannedRestore, Future[Event]]] = []
            for drill, restore in todo:
                begun = early.get(restore, Begun())
                future = begun.result or pool.submit(
                    self.restorer.restore, drill, restore, begun.seen
                )
                running.append((drill, restore, future))
            try:
                for drill, restore, future in running:
                    yield DrillStarted(
                        number=restore.drill,
                        part=restore.part,
                        parts=restore.parts,
                        name=restore.name,
                        what=what(drill, restore),
                    )
                    yield future.result()
            finally:
                _cancel(future for *_, future in running)

    def _lacking(self, drill: Drill) -> FaultSeen | None:
        """Why none of a drill's restores can be run; a drill that nobody wants lacks nothing."""
        only = self.stand.only_drill
        is_wanted = only is None or only[0] == drill.number
        return self.restorer.hosts.lacking(drill) if is_wanted else None

    def can_run(self, restore: PlannedRestore) -> bool:
        """Whether it is wanted, and this machine can be the one that its drill asks for."""
        drill = self.stand.scenario.drills[restore.drill - 1]
        return self.is_wanted(restore) and self._lacking(drill) is None

    def is_wanted(self, restore: PlannedRestore) -> bool:
        """Whether ``--drill`` leaves it in."""
        match self.stand.only_drill:
            case None:
                return True
            case number, None:
                return restore.drill == number
            case number, part:
                return (restore.drill, restore.part) == (number, part)


def _cancel(futures: Iterator[Future[Event]]) -> None:
    """Let go of what has not begun, so that an interrupted run does not start it."""
    for future in futures:
        future.cancel()
