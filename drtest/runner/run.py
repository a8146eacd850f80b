"""One scenario from its first step to its last drill, as a stream of events."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace

from drtest import workload
from drtest.chance import Seed
from drtest.clock import monotonic_s, real_now
from drtest.duplicity.command import Commands
from drtest.duplicity.machine import Machine
from drtest.errors import EnvironmentFault
from drtest.model.events import (
    Event,
    FaultSeen,
    ListingRecorded,
    PartLeftOut,
    ScenarioFinished,
    ScenarioStarted,
    StepFinished,
)
from drtest.model.lines import lines
from drtest.model.plan import clocks, plan
from drtest.model.points import points
from drtest.model.restores import restores
from drtest.model.scenario import OwnKey, Prune
from drtest.oracle.recall import StatCache
from drtest.oracle.ruling import duplicity_arguments, write_lists
from drtest.oracle.trees import TreeStore
from drtest.runner import chain as chains
from drtest.runner import vault as vaults
from drtest.runner.bench import Stand, unfit_source
from drtest.runner.copies import Copies
from drtest.runner.drills import Drills
from drtest.runner.early import early
from drtest.runner.fault import fault
from drtest.runner.hosts import Hosts
from drtest.runner.restore import Restorer
from drtest.runner.room import lacking, placed
from drtest.runner.salvage import Salvage
from drtest.runner.server import Server, locked
from drtest.runner.timeline import Timeline
from drtest.runner.truth import Truths
from drtest.runner.workspace import remove_tree
from drtest.runner.wreck import Wreck

TREES = "trees"  # side files with truths and restored trees, below the scenario's folder


def run(stand: Stand) -> Iterator[Event]:
    """Run *stand*'s scenario and yield its events, the last one ScenarioFinished.

    What is not the backup's doing (a store that dies, a full disk) is yielded as FaultSeen and ends
    the scenario. Interrupted is raised. Whatever was made is gone when the stream ends, but for the
    side files in the archive and the wreck of failing drills.
    """
    yield _started(stand)
    try:
        if missing := lacking(stand):
            yield from missing
        else:
            with placed(stand) as ready:
                yield from _events(ready)
    except (EnvironmentFault, OSError) as problem:
        yield fault(problem, stand.bench.redact, stand.bench.gateway)
    finally:
        remove_tree(stand.work)
    yield ScenarioFinished(
        name=stand.scenario.name,
        elapsed_s=round(monotonic_s() - stand.started_s, 3),
        real_at=real_now(),
    )


def _events(stand: Stand) -> Iterator[Event]:
    scenario, bench = stand.scenario, stand.bench
    source = stand.work / "src"
    without = tuple(workload.left_out(scenario.source, workload.lacks(stand.work)))
    for part in without:
        yield _left_out(part)
    with unfit_source():
        workload.build(
            scenario.source,
            source,
            seed=Seed(value=scenario.seed),
            at=scenario.steps[0].at,
            without={(part.zoo, part.thing) for part in without},
        )
    vault, ring = vaults.make(scenario, bench.workspace.new_home, bench.redact)
    yield from vault.made()
    looking = contextlib.ExitStack()
    copies = Copies(stand=stand)
    looking.callback(copies.close)
    try:
        machine = Machine(
            folder=stand.work / "server",
            gnupg=ring.home,
            redact=bench.redact,
            env=vault.server_env(vault.locks.start),
            run=bench.runner,
        )
        machine.set_up()
        rules, lists = scenario.policy.select, stand.work / "lists"
        write_lists(rules, source, lists)
        commands = Commands(
            duplicity=bench.duplicity,
            policy=scenario.policy,
            name=f"drtest-{stand.number}",
            rules=lambda at: duplicity_arguments(rules, source, at=at, lists=lists),
        )
        truths = Truths(
            scenario=scenario,
            source=source,
            store=TreeStore(stand.folder / TREES),
            cache=StatCache(file=stand.work / "stat-cache"),
            as_root=os.getuid() == 0,
        )
        timeline = Timeline(
            stand=stand,
            server=Server(
                machine=machine,
                keyring=ring,
                vault=vault,
                commands=locked(commands, vault, vault.locks.start),
            ),
            truths=truths,
            clock=clocks(scenario),
            chain=looking.enter_context(chains.opened(stand, vault)),
        )
        has_own_key = any(isinstance(key.spec, OwnKey) for key in vault.locks.keys)
        wreck = Wreck(folder=stand.wrecks, keeps_keys=not has_own_key)
        salvage = Salvage(
            stand=stand,
            wreck=wreck,
            copies=copies,
            keys=[key.secret for key in vault.keys],
            passphrases=vault.passphrases if vault.locks.has_passphrase else (),
            is_plain=vault.locks.never_encrypts,
        )
        drills = Drills(
            stand=stand,
            restorer=Restorer(
                stand=stand,
                vault=vault,
                commands=replace(
                    commands, encryption="none" if vault.locks.never_encrypts else "passphrase"
                ),
                truths=truths,
                wreck=wreck,
                copies=copies,
                hosts=Hosts(stand=stand),
            ),
        )
        try:
            yield from _calendar_and_drills(timeline, drills, salvage)
        except (EnvironmentFault, OSError):  # a time limit: what failed by then is worth a look
            salvage.finish(source)
            raise
        salvage.finish(source)
    finally:
        looking.close()
        ring.close()


def _calendar_and_drills(timeline: Timeline, drills: Drills, salvage: Salvage) -> Iterator[Event]:
    """Yield the calendar's events, then those of drills, but for drills of a moment in between."""
    scenario = drills.stand.scenario
    prunes = {dated.index for dated in scenario.steps if isinstance(dated.step, Prune)}
    history: list[Event] = []
    touched: int | None = None  # the prune under way, once it has removed anything
    with early(drills) as begun:
        for event in timeline.run():
            history.append(event)
            begun.see(event)
            yield event
            match event:
                case ListingRecorded(index=index) if event.removed and index in prunes:
                    touched = index
                case StepFinished(index=index) if index == touched:
                    yield from drills.run_after(index, points(history, scenario))
                    salvage.after_step(index)
                case _:
                    pass
        results = begun.results(history)
        yield from drills.run(points(history, scenario), results)


def _left_out(part: workload.LeftOut) -> Event:
    path = f"{part.zoo.rstrip('/')}/{part.thing}"
    if part.is_by_name:
        return FaultSeen(
            code="capability-missing",
            subject=path,
            message=f"{path} cannot be made on this machine: {part.why}.",
        )
    return PartLeftOut(what=path, why=part.why)


def _started(stand: Stand) -> ScenarioStarted:
    scenario, bench = stand.scenario, stand.bench
    made = plan(scenario).made
    return ScenarioStarted(
        name=scenario.name,
        file=scenario.file,
        line=scenario.line,
        seed=scenario.seed,
        store=f"{bench.store.name} {bench.store.version}",
        duplicity=bench.duplicity.version,
        gpg=bench.gpg,
        real_at=real_now(),
        steps=len(scenario.steps),
        drills=sum(len(restores(scenario, drill, made)) for drill in scenario.drills),
        preloaded=bench.preloaded,
        is_root=os.getuid() == 0,
        lines=lines(scenario),
    )
