"""Runs the calendar: each step at its simulated instant, on one machine, into one bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from drtest import workload
from drtest.chance import Seed
from drtest.clock import monotonic_s
from drtest.errors import TimeLimit
from drtest.model.events import (
    ActionFinished,
    Event,
    ListingRecorded,
    RolledBack,
    SourceChanged,
    SourceMutated,
    StepFinished,
    StepStarted,
    StoredObject,
)
from drtest.model.scenario import (
    Backup,
    Change,
    Clock,
    DatedStep,
    Harmed,
    Lose,
    Mutate,
    Mutation,
    Prune,
    Revoke,
    RollBack,
    Wait,
)
from drtest.model.toxic import Hold, Toxic
from drtest.runner.bench import Stand, route, unfit_source
from drtest.runner.caller import Caller
from drtest.runner.chain import Chain
from drtest.runner.damage import damage
from drtest.runner.meddle import meddling
from drtest.runner.phrase import describe
from drtest.runner.server import Server
from drtest.runner.truth import Truths
from drtest.runner.watch import watching
from drtest.store.versions import current, roll_back

# A change during a backup is later than the instant that it is dated by: its mtime shows it.
_AFTER_ITS_STAT = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Timeline:
    """The server that is backed up, and where its calendar has got to."""

    stand: Stand
    server: Server
    truths: Truths
    chain: Chain
    clock: dict[int, datetime]  # what the machine's clock shows at each step
    listed: dict[str, StoredObject] = field(default_factory=dict)
    sound: dict[str, str] = field(default_factory=dict)  # versions before the last damage, by key

    def run(self) -> Iterator[Event]:
        """Run every step in order and yield what happened."""
        for dated in self.stand.scenario.steps:
            self.stand.bench.check_stop()
            if self.stand.time_left_s() <= 0:
                raise TimeLimit(f"the time limit ran out before step {dated.index}")
            self.server.set_clock(self.clock[dated.index])
            started = monotonic_s()
            yield StepStarted(index=dated.index, at=dated.at, what=describe(dated))
            for event in self._step(dated):
                yield event
                if isinstance(event, ListingRecorded):
                    yield from self.chain.record(event)
            yield StepFinished(
                index=dated.index, at=dated.at, elapsed_s=round(monotonic_s() - started, 3)
            )

    def _step(self, dated: DatedStep) -> Iterator[Event]:
        match dated.step:
            case Mutate():
                yield self._mutate(dated, dated.step)
            case Backup():
                yield from self._backup(dated, dated.step)
            case Prune():
                yield from self._prune(dated, dated.step)
            case Lose():
                self.server.lose(dated.step.what)
            case Change() | Revoke():
                self.server.lock(dated.index)
            case Harmed():
                yield from self._harm(dated, dated.step)
            case RollBack():
                yield from self._roll_back(dated)
            case Wait() | Clock():
                pass  # the next step's instant, and its clock, hold it
            case _ as never:
                assert_never(never)

    def _mutate(self, dated: DatedStep, step: Mutate) -> Event:
        mutations = self.stand.scenario.mutate if step.mutations is None else step.mutations
        changed = self._change(mutations, dated.index, dated.at)
        return SourceMutated(index=dated.index, at=dated.at, changed=changed)

    def _change(self, mutations: Sequence[Mutation], index: int, at: datetime) -> dict[str, int]:
        scenario = self.stand.scenario
        with unfit_source():
            return workload.mutate(
                mutations,
                scenario.source,
                self.truths.source,
                seed=Seed(value=scenario.seed).child("mutate"),
                step=index,
                at=at,
            )

    def _backup(self, dated: DatedStep, step: Backup) -> Iterator[Event]:
        yield from self.truths.record(index=dated.index, at=dated.at)
        with (
            watching(armed(step)) as watch,
            meddling(
                lambda: self._change(
                    () if step.during is None else step.during.mutations,
                    dated.index,
                    dated.at + _AFTER_ITS_STAT,
                ),
                release=self.stand.bench.gateway.release,
            ) as meddler,
            route(
                self.stand,
                step=str(dated.index),
                phase=step.action,
                at=dated.at,
                watch=watch,
            ) as (target, more_env),
        ):
            watch.on_hold = meddler.on_hold
            caller = self._caller(dated)
            argv = self.server.commands.backup(
                step.action,
                source=self.truths.source,
                target=target,
                archive=self.server.machine.archive,
                log=caller.records,
                at=self.clock[dated.index],
            )
            with self.stand.bench.slots:
                call = caller.call(
                    step.action,
                    argv,
                    env=more_env,
                    kill_when=watch.kill_when if step.toxics else None,
                )
        if call.status == 0 and step.must_be == "done":
            self.truths.settle(dated.at)
        yield ActionFinished(
            index=dated.index,
            at=dated.at,
            call=call,
            must_be="killed" if step.is_killed else step.must_be,
        )
        yield from watch.seen(index=dated.index, at=dated.at, action=step.action)
        meddler.settle()
        if meddler.changed is not None:
            before = self.truths.count - 1
            yield SourceChanged(
                index=dated.index,
                at=dated.at,
                changed=meddler.changed,
                before=before,
                after=self.truths.record_after(at=dated.at),
            )
        yield self._listing(dated.index, dated.at)

    def _prune(self, dated: DatedStep, step: Prune) -> Iterator[Event]:
        caller = self._caller(dated)
        with route(self.stand, step=str(dated.index), phase="prune", at=dated.at) as (
            target,
            more_env,
        ):
            actions = self.server.commands.retention(
                target=target,
                archive=self.server.machine.archive,
                log=caller.records,
                at=self.clock[dated.index],
                force=step.force,
            )
            for action, argv in actions:
                with self.stand.bench.slots:
                    call = caller.call(action, argv, env=more_env)
                yield ActionFinished(
                    index=dated.index, at=dated.at, call=call, must_be=step.must_be
                )
        yield self._listing(dated.index, dated.at)

    def _caller(self, dated: DatedStep) -> Caller:
        return Caller(
            stand=self.stand,
            machine=self.server.machine,
            label=f"{dated.index:04d}",
            name=str(dated.index),
        )

    def _harm(self, dated: DatedStep, step: Harmed) -> Iterator[Event]:
        if self.stand.scenario.bucket != "plain":
            self.sound = current(self.stand.bench.store, self.stand.where)
        yield from damage(
            self.stand.bench.store,
            self.stand.where,
            step.damage,
            [*self.listed],
            index=dated.index,
            at=dated.at,
        )
        yield self._listing(dated.index, dated.at)

    def _roll_back(self, dated: DatedStep) -> Iterator[Event]:
        store, place = self.stand.bench.store, self.stand.where
        missing = self.sound.keys() - current(store, place).keys()
        back = roll_back(store, place, self.sound)
        yield RolledBack(
            index=dated.index,
            at=dated.at,
            keys=tuple(key.rpartition("/")[2] for key in back),
            lost=tuple(sorted(key.rpartition("/")[2] for key in missing - set(back))),
        )
        yield self._listing(dated.index, dated.at)

    def _listing(self, index: int, at: datetime) -> Event:
        """What the bucket holds now, as the difference from the listing before."""
        place = self.stand.where
        now = {
            found.key: found
            for found in (
                StoredObject(
                    key=one.key.rpartition("/")[2],
                    size_bytes=one.size_bytes,
                    storage_class=one.storage_class,
                    etag=one.etag,
                )
                for one in self.stand.bench.store.list_objects(place.bucket, place.prefix)
            )
        }
        before, self.listed = self.listed, now
        return ListingRecorded(
            index=index,
            at=at,
            added=tuple(one for key, one in now.items() if before.get(key) != one),
            removed=tuple(key for key in before if key not in now),
        )


def armed(step: Backup) -> tuple[Toxic, ...]:
    """Return all toxics of an action; a change during it needs one that holds a request."""
    if step.during is None:
        return step.toxics
    return (*step.toxics, Toxic(does=Hold(), when=step.during.when))
