"""Runs drills: each restore into an empty, machine-like folder, timed, then recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from drtest.clock import monotonic_s
from drtest.duplicity.command import Commands
from drtest.duplicity.host import Dress, dress, give, need_reachable
from drtest.duplicity.machine import Machine, refuse_full_disk
from drtest.errors import TimeLimit
from drtest.gateway.horizon import write_listing
from drtest.model.events import (
    Call,
    DrillFinished,
    DrillStarted,
    Event,
    FaultSeen,
    Restored,
    StoredObject,
)
from drtest.model.interval import format_instant
from drtest.model.plan import PlannedSet
from drtest.model.restores import PlannedRestore, resolve, resolve_after
from drtest.model.scenario import Drill, Run
from drtest.oracle.capture import capture
from drtest.oracle.diff import matches
from drtest.runner.bench import PREFIX, Stand, route
from drtest.runner.chosen import paths_of
from drtest.runner.copies import Copies
from drtest.runner.probe import probed
from drtest.runner.truth import Truths
from drtest.runner.vault import Vault
from drtest.runner.workspace import remove_tree
from drtest.runner.wreck import Wreck


@dataclass(slots=True, kw_only=True)
class Begun:
    """A restore whose point was settled before the calendar's end; ``result`` None: not begun."""

    seen: tuple[StoredObject, ...] | None = None  # the bucket as it stood then
    result: Future[Event] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills:
    """All drills of one scenario, on the finished chains."""

    stand: Stand
    vault: Vault
    commands: Commands
    truths: Truths
    wreck: Wreck
    copies: Copies
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
            if drill.when != "end":
                if not self.counts.get(drill.number):
                    yield self._unchecked(drill.number, "no prune removed anything")
                continue
            try:
                restores = resolve(self.stand.scenario, drill, made)
            except ValueError as problem:
                yield self._unchecked(drill.number, str(problem))
                continue
            if not restores:
                yield self._unchecked(drill.number, "no restore point fits what it asks for")
            todo += [(drill, restore) for restore in restores if self.is_wanted(restore)]
        yield from self._run(todo, early)

    def run_after(self, index: int, made: tuple[PlannedSet, ...]) -> Iterator[Event]:
        """Run what is to be run just after the prune of step *index*, which removed something."""
        todo: list[tuple[Drill, PlannedRestore]] = []
        for drill in self.stand.scenario.drills:
            if drill.when == "end":
                continue
            before = self.counts.get(drill.number, 0)
            try:
                restores = resolve_after(self.stand.scenario, drill, made, index, before=before)
            except ValueError as problem:
                yield self._unchecked(drill.number, str(problem))
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
            self.stand.bench.parallel, thread_name_prefix=f"drill-{self.stand.number}"
        ) as pool:
            running: list[tuple[Drill, PlannedRestore, Future[Event]]] = []
            for drill, restore in todo:
                begun = early.get(restore, Begun())
                future = begun.result or pool.submit(self.restore, drill, restore, begun.seen)
                running.append((drill, restore, future))
            try:
                for drill, restore, future in running:
                    yield DrillStarted(
                        number=restore.drill,
                        part=restore.part,
                        parts=restore.parts,
                        name=restore.name,
                        what=_what(drill, restore),
                    )
                    yield future.result()
            finally:
                _cancel(future for *_, future in running)

    def is_wanted(self, restore: PlannedRestore) -> bool:
        """Whether ``--drill`` leaves it in."""
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

    def restore(
        self,
        drill: Drill,
        restore: PlannedRestore,
        seen: tuple[StoredObject, ...] | None = None,
    ) -> Event:
        """Run one restore on a machine of its own, and say what came of it.

        *seen* are the objects that it may see, None for all that the bucket holds.
        """
        self.stand.bench.check_stop()
        if self.stand.time_left_s() <= 0:
            raise TimeLimit(f"the time limit ran out before drill {restore.drill}.{restore.part}")
        truth = None if restore.point_at is None else self.truths.by_instant.get(restore.point_at)
        is_nothing = restore.point_at is None and restore.must_be == "refused"
        if truth is None and not is_nothing:
            asked = format_instant(restore.asked_at or restore.now_at)
            return self._unchecked(restore.drill, f"no backup was made at or before {asked}")
        paths = paths_of(self.stand.scenario.seed, self.truths.store, drill, restore, truth)
        if not paths:
            return self._unchecked(restore.drill, "what it restores was not in the source then")
        copy = self.copies.of(drill) if drill.damage else None
        if copy is not None and copy.idle is not None:
            return FaultSeen(
                code="damage-found-nothing",
                subject=copy.idle.target,
                message=(
                    f"Drill {drill.number}: nothing was harmed by {copy.idle.damage}: "
                    f"{copy.idle.target} is no object that could be."
                ),
                evidence={
                    "target": copy.idle.target,
                    "candidates": list(copy.idle.candidates),
                },
            )
        label = f"d{restore.drill}.{restore.part}"
        dressed = self._dress(drill)
        machine = self._machine(label, dressed)
        folder = machine.folder
        machine.set_up()
        if seen is not None:
            write_listing(_listing(machine), f"{self.stand.where.prefix}{PREFIX}/", seen)
        items = self.vault.escrow(drill.escrow)
        ring, machine.env = self.vault.open(
            machine.gnupg, items, point_at=restore.point_at, now=restore.now_at
        )
        if dressed is not None and dressed.owner is not None:
            ring.close()  # an agent of drtest's own user would serve the other one
            give(machine.folder, dressed.owner)
            give(machine.gnupg, dressed.owner)
            need_reachable(dressed, machine.folder)
        started = monotonic_s()
        try:
            restored = tuple(
                self._one_path(
                    drill,
                    restore,
                    path,
                    stand=self.stand if copy is None else copy.stand,
                    machine=machine,
                    truth=truth,
                    label=f"{label}-{number}",
                    into=folder / f"target{number}",
                )
                for number, path in enumerate(paths)
            )
        finally:
            ring.close()
        finished = DrillFinished(
            number=restore.drill,
            part=restore.part,
            name=restore.name,
            what=_what(drill, restore),
            asked_at=restore.asked_at or restore.now_at,
            after=restore.after,
            point_at=restore.point_at,
            truth=truth,
            must_be=restore.must_be,
            escrow=tuple(sorted(items)),
            restored=restored,
            elapsed_s=round(monotonic_s() - started, 3),
            reproduce=self.stand.reproduce(restore.drill, restore.part),
            wreck=str(self.wreck.place(label)),
            host="" if drill.host is None else str(drill.host),
            is_root=None if dressed is None else dressed.is_root,
            damage=tuple(str(one) for one in drill.damage),
            harmed=() if copy is None else copy.keys,
        )
        if self._is_sound(finished):
            remove_tree(folder)
        else:
            self.wreck.add(label, folder, machine.gnupg)
        remove_tree(machine.gnupg)
        return finished

    def _dress(self, drill: Drill) -> Dress | None:
        """How the drill's machine differs, seen to work; CapabilityMissing where it cannot."""
        return None if drill.host is None else dress(drill.host, self.commands.duplicity.program)

    def _machine(self, label: str, dressed: Dress | None) -> Machine:
        bench = self.stand.bench
        if dressed is None:
            return Machine(
                folder=self.stand.work / label,
                gnupg=bench.workspace.new_home(),
                redact=bench.redact,
                run=bench.runner,
            )
        # What a preloaded duplicity read of its machine when it started is not this machine's.
        if dressed.owner is None:
            folder, gnupg = self.stand.work / label, bench.workspace.new_home()
        else:
            outer = f"s{self.stand.number}-{label}"
            folder = bench.workspace.outer_folder(outer)
            gnupg = bench.workspace.outer_folder(f"{outer}g")
        return Machine(folder=folder, gnupg=gnupg, redact=bench.redact, dressed=dressed)

    def _one_path(
        self,
        drill: Drill,
        restore: PlannedRestore,
        path: str,
        *,
        stand: Stand,
        machine: Machine,
        truth: int | None,
        label: str,
        into: Path,
    ) -> Restored:
        run = drill.restore if isinstance(drill.restore, Run) else None
        word = "restore" if run is None else run.action.partition(" ")[0]
        machine_log = machine.folder / f"{into.name}.stanzas"
        log, name = self.stand.log(f"{label}-{word}")
        with (
            self.stand.bench.slots,
            route(
                stand,
                step=f"drill {restore.drill}.{restore.part}",
                phase="drill",
                at=restore.now_at,
                read_only=True,
                listing=_listing(machine) if _listing(machine).exists() else None,
            ) as (target, more_env),
        ):
            self.stand.bench.check_stop()
            if run is not None:
                argv = self.commands.look(
                    run.action,
                    source=self.truths.source,
                    target=target,
                    archive=machine.archive,
                    log=machine_log,
                    now=restore.now_at,
                    at=restore.asked_at,
                )
            else:
                argv = self.commands.restore(
                    into=into,
                    target=target,
                    archive=machine.archive,
                    log=machine_log,
                    now=restore.now_at,
                    at=restore.asked_at,
                    typed="" if restore.typed is None else restore.typed.text,
                    path="" if path == "." else path,
                    sign_key=self.vault.sign_key_of(drill.sign_key),
                    more=drill.options,
                )
            call = machine.call(
                word,
                argv,
                more_env={**more_env, **_zone(restore)},
                log=log,
                log_name=name,
                machine_log=machine_log,
                timeout_s=self.stand.action_limit_s(),
            )
        refuse_full_disk(call)
        self.stand.bench.check_store(call)
        if run is not None:
            return Restored(path=path, call=call, tree="", paths=0)
        came = self._record(call, into, truth, path, tree=label)
        if drill.probe is None or restore.must_be not in ("recovered", "done"):
            return came
        return probed(
            drill.probe,
            came,
            into=into,
            stand=self.stand,
            machine=machine,
            point_at=restore.point_at,
            label=label,
        )

    def _record(
        self, call: Call, into: Path, truth: int | None, path: str, *, tree: str
    ) -> Restored:
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
        ended_well = all(
            one.call.status == 0 and (one.probed is None or one.probed.outcome == "passed")
            for one in finished.restored
        )
        if finished.must_be in ("refused", "detected"):
            return not ended_well
        if not ended_well or finished.must_be == "done" or finished.truth is None:
            return ended_well
        return all(
            one.tree
            and matches(
                self.truths.store.truth(finished.truth),
                self.truths.store.restored(one.tree),
                below=one.path,
                as_root=self.truths.as_root if finished.is_root is None else finished.is_root,
            )
            for one in finished.restored
        )


def _listing(machine: Machine) -> Path:
    """Where the listing lies that is shown to a machine, if it is not the bucket's own."""
    return machine.folder / "listing.json"


def _what(drill: Drill, restore: PlannedRestore) -> str:
    signed = "" if drill.sign_key is None else f", signed by the {drill.sign_key} key"
    return restore.what + signed + ("" if drill.host is None else f", {drill.host}")


def _zone(restore: PlannedRestore) -> dict[str, str]:
    return {} if restore.typed is None else {"TZ": restore.typed.timezone}


def _cancel(futures: Iterator[Future[Event]]) -> None:
    """Let go of what has not begun, so that an interrupted run does not start it."""
    for future in futures:
        future.cancel()
