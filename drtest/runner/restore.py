"""Runs one restore of a drill on an empty, machine-like folder, timed, then recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drtest.clock import monotonic_s
from drtest.duplicity.command import Commands
from drtest.duplicity.host import give
from drtest.duplicity.machine import Machine
from drtest.errors import TimeLimit
from drtest.gateway.horizon import write_listing
from drtest.model.events import Call, DrillFinished, Event, FaultSeen, Restored, StoredObject
from drtest.model.interval import format_instant
from drtest.model.restores import PlannedRestore
from drtest.model.scenario import Drill, Run
from drtest.oracle.capture import capture
from drtest.oracle.diff import matches
from drtest.runner.bench import PREFIX, Stand, route
from drtest.runner.caller import Caller
from drtest.runner.chosen import paths_of
from drtest.runner.copies import Copies
from drtest.runner.hosts import Hosts
from drtest.runner.probe import probed
from drtest.runner.truth import Truths
from drtest.runner.vault import Vault
from drtest.runner.workspace import remove_tree
from drtest.runner.wreck import Wreck


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorer:
    """What every restore of a scenario works with; one is safe to share between threads."""

    stand: Stand
    vault: Vault
    commands: Commands
    truths: Truths
    wreck: Wreck
    copies: Copies
    hosts: Hosts

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
            return unchecked(restore.drill, f"no backup was made at or before {asked}")
        paths = paths_of(self.stand.scenario.seed, self.truths.store, drill, restore, truth)
        if not paths:
            return unchecked(restore.drill, "what it restores was not in the source then")
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
        machine = self.hosts.machine(drill, label)
        folder, dressed = machine.folder, machine.dressed
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
            what=what(drill, restore),
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
        caller = Caller(stand=self.stand, machine=machine, label=label, name=into.name)
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
                    log=caller.records,
                    now=restore.now_at,
                    at=restore.asked_at,
                )
            else:
                argv = self.commands.restore(
                    into=into,
                    target=target,
                    archive=machine.archive,
                    log=caller.records,
                    now=restore.now_at,
                    at=restore.asked_at,
                    typed="" if restore.typed is None else restore.typed.text,
                    path="" if path == "." else path,
                    sign_key=self.vault.sign_key_of(drill.sign_key),
                    more=drill.options,
                )
            call = caller.call(word, argv, env={**more_env, **_zone(restore)})
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


def what(drill: Drill, restore: PlannedRestore) -> str:
    """Return what a restore is about, in words."""
    signed = "" if drill.sign_key is None else f", signed by the {drill.sign_key} key"
    return restore.what + signed + ("" if drill.host is None else f", {drill.host}")


def _zone(restore: PlannedRestore) -> dict[str, str]:
    return {} if restore.typed is None else {"TZ": restore.typed.timezone}


def unchecked(number: int, why: str) -> FaultSeen:
    """Return what is told of a drill that could not be run."""
    return FaultSeen(
        code="nothing-checked", subject=f"drill {number}", message=f"drill {number}: {why}"
    )
