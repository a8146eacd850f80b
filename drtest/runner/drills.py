"""Runs drills: each restore into an empty, machine-like folder, timed, then recorded."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from drtest.clock import monotonic_s
from drtest.duplicity.command import Commands
from drtest.duplicity.machine import Machine, refuse_full_disk
from drtest.errors import TimeLimit
from drtest.model.events import (
    Call,
    DrillFinished,
    DrillStarted,
    Event,
    FaultSeen,
    Restored,
)
from drtest.model.interval import format_instant
from drtest.model.plan import PlannedRestore, PlannedSet, resolve
from drtest.model.scenario import Drill, Everything, OneFile, Paths
from drtest.oracle.capture import capture
from drtest.oracle.diff import matches
from drtest.runner.bench import Stand, route
from drtest.runner.truth import Truths
from drtest.runner.vault import Vault
from drtest.runner.workspace import remove_tree
from drtest.runner.wreck import Wreck

SAMPLE = 1000  # files among which "one file" looks for the one of median size


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills:
    """All drills of one scenario, on the finished chains."""

    stand: Stand
    vault: Vault
    commands: Commands
    truths: Truths
    wreck: Wreck

    def run(self, made: tuple[PlannedSet, ...]) -> Iterator[Event]:
        """Run every restore, several at once, and yield them in the order of the file."""
        todo: list[tuple[Drill, PlannedRestore]] = []
        for drill in self.stand.scenario.drills:
            try:
                restores = resolve(self.stand.scenario, drill, made)
            except ValueError as problem:
                yield self._unchecked(drill.number, str(problem))
                continue
            if not restores:
                yield self._unchecked(drill.number, "no restore point fits what it asks for")
            todo += [(drill, restore) for restore in restores if self._is_wanted(restore)]
        with ThreadPoolExecutor(
            self.stand.bench.parallel, thread_name_prefix=f"drill-{self.stand.number}"
        ) as pool:
            running = [
                (restore, pool.submit(self._restore, drill, restore)) for drill, restore in todo
            ]
            try:
                for restore, future in running:
                    yield DrillStarted(
                        number=restore.drill,
                        part=restore.part,
                        parts=restore.parts,
                        name=restore.name,
                        what=restore.what,
                    )
                    yield future.result()
            finally:
                _cancel(future for _, future in running)

    def _is_wanted(self, restore: PlannedRestore) -> bool:
        match self.stand.only_drill:
            case None:
                return True
            case number, None:
                return restore.drill == number
            case number, part:
                return (restore.drill, restore.part) == (number, part)

    def _unchecked(self, number: int, why: str) -> FaultSeen:
        return FaultSeen(
            code="nothing-checked", subject=f"drill {number}", message=f"drill {number}: {why}"
        )

    def _restore(self, drill: Drill, restore: PlannedRestore) -> Event:
        self.stand.bench.check_stop()
        if self.stand.time_left_s() <= 0:
            raise TimeLimit(f"the time limit ran out before drill {restore.drill}.{restore.part}")
        truth = None if restore.point_at is None else self.truths.by_instant.get(restore.point_at)
        if truth is None:
            asked = format_instant(restore.asked_at or self.stand.scenario.end_at)
            return self._unchecked(restore.drill, f"no backup was made at or before {asked}")
        paths = self._paths(drill, restore, truth)
        if not paths:
            return self._unchecked(restore.drill, "what it restores was not in the source then")
        label = f"d{restore.drill}.{restore.part}"
        folder = self.stand.work / label
        machine = Machine(
            folder=folder,
            gnupg=self.stand.bench.workspace.new_home(),
            redact=self.stand.bench.redact,
            run=self.stand.bench.runner,
        )
        machine.set_up()
        items = self.vault.escrow(drill.escrow)
        ring, machine.env = self.vault.open(machine.gnupg, items)
        started = monotonic_s()
        try:
            restored = tuple(
                self._one_path(machine, restore, truth, path, label=label, number=number)
                for number, path in enumerate(paths)
            )
        finally:
            ring.close()
        finished = DrillFinished(
            number=restore.drill,
            part=restore.part,
            name=restore.name,
            what=restore.what,
            asked_at=restore.asked_at or self.stand.scenario.end_at,
            point_at=restore.point_at,
            truth=truth,
            must_be=restore.must_be,
            escrow=tuple(sorted(items)),
            restored=restored,
            elapsed_s=round(monotonic_s() - started, 3),
            reproduce=self.stand.reproduce(restore.drill, restore.part),
            wreck=str(self.wreck.place(label)),
        )
        if self._is_sound(finished):
            remove_tree(folder)
        else:
            self.wreck.add(label, folder, machine.gnupg)
        remove_tree(machine.gnupg)
        return finished

    def _one_path(
        self,
        machine: Machine,
        restore: PlannedRestore,
        truth: int,
        path: str,
        *,
        label: str,
        number: int,
    ) -> Restored:
        into = machine.folder / f"target{number}"
        machine_log = machine.folder / f"{number}.stanzas"
        log, name = self.stand.log(f"{label}-{number}-restore")
        end = self.stand.scenario.end_at
        with (
            self.stand.bench.slots,
            route(
                self.stand,
                step=f"drill {restore.drill}.{restore.part}",
                phase="drill",
                at=end,
                read_only=True,
            ) as (target, more_env),
        ):
            self.stand.bench.check_stop()
            argv = self.commands.restore(
                into=into,
                target=target,
                archive=machine.archive,
                log=machine_log,
                now=end,
                at=restore.asked_at,
                path="" if path == "." else path,
            )
            call = machine.call(
                "restore",
                argv,
                more_env=more_env,
                log=log,
                log_name=name,
                machine_log=machine_log,
                timeout_s=self.stand.action_limit_s(),
            )
        refuse_full_disk(call)
        self.stand.bench.check_store(call)
        return self._record(call, into, truth, path, tree=f"{label}-{number}")

    def _record(self, call: Call, into: Path, truth: int, path: str, *, tree: str) -> Restored:
        if not into.exists() and not into.is_symlink():
            return Restored(path=path, call=call, tree="", paths=0)
        summary = self.truths.store.record_restored(
            tree, capture(into), like=truth if path == "." else None
        )
        return Restored(
            path=path, call=call, tree=tree, paths=summary.paths, unreadable=summary.unreadable
        )

    def _is_sound(self, finished: DrillFinished) -> bool:
        """Whether nothing of it will be looked at again; the verdict itself is the checks'."""
        ended_well = all(one.call.status == 0 for one in finished.restored)
        if finished.must_be == "refused":
            return not ended_well
        if not ended_well or finished.must_be == "done" or finished.truth is None:
            return ended_well
        return all(
            one.tree
            and matches(
                self.truths.store.truth(finished.truth),
                self.truths.store.restored(one.tree),
                below=one.path,
                as_root=self.truths.as_root,
            )
            for one in finished.restored
        )

    def _paths(self, drill: Drill, restore: PlannedRestore, truth: int) -> tuple[str, ...]:
        """Paths relative to the source's root; ``.`` is everything."""
        match drill.restore:
            case Everything():
                return (".",)
            case Paths(paths=paths):
                wanted = [path.strip("/") or "." for path in paths]
                there = {
                    entry.path for entry in self.truths.store.truth(truth) if entry.path in wanted
                }
                return tuple(path for path in wanted if path in there)
            case OneFile():
                label = f"{self.stand.scenario.seed}/{restore.drill}.{restore.part}"
                return self._one_file(truth, label)
            case _ as never:
                assert_never(never)

    def _one_file(self, truth: int, label: str) -> tuple[str, ...]:
        """The selected file of median size in a sample that the seed draws, streaming."""
        sample = heapq.nsmallest(
            SAMPLE,
            (
                (
                    hashlib.sha256(f"{label}/{entry.path!a}".encode()).digest(),
                    entry.size_bytes,
                    entry.path,
                )
                for entry in self.truths.store.truth(truth)
                if entry.type == "file" and entry.selected and not entry.error
            ),
        )
        by_size = sorted((size_bytes, path) for _, size_bytes, path in sample)
        return (by_size[len(by_size) // 2][1],) if by_size else ()


def _cancel(futures: Iterator[Future[Event]]) -> None:
    """Let go of what has not begun, so that an interrupted run does not start it."""
    for future in futures:
        future.cancel()
