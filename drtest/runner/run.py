"""One scenario from its first step to its last drill, as a stream of events."""

from __future__ import annotations

import os
from collections.abc import Iterator

from drtest import workload
from drtest.chance import Seed
from drtest.clock import monotonic_s, real_now
from drtest.duplicity.command import Commands
from drtest.duplicity.machine import Machine
from drtest.errors import EnvironmentFault
from drtest.model.events import (
    Event,
    FaultSeen,
    PartLeftOut,
    ScenarioFinished,
    ScenarioStarted,
)
from drtest.model.lines import lines
from drtest.model.plan import plan, resolve
from drtest.model.points import points
from drtest.oracle.recall import StatCache
from drtest.oracle.ruling import duplicity_arguments, write_lists
from drtest.oracle.trees import TreeStore
from drtest.runner import vault as vaults
from drtest.runner.bench import Stand, unfit_source
from drtest.runner.drills import Drills
from drtest.runner.fault import fault
from drtest.runner.room import lacking, placed
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
    vault, ring = vaults.make(scenario.policy, bench.workspace.new_home(), bench.redact)
    try:
        machine = Machine(
            folder=stand.work / "server",
            gnupg=ring.home,
            redact=bench.redact,
            env=vault.server_env(),
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
            encrypt_key=vault.encrypt_key,
            sign_key=vault.sign_key,
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
            machine=machine,
            keyring=ring,
            vault=vault,
            commands=commands,
            truths=truths,
        )
        history: list[Event] = []
        for event in timeline.run():
            history.append(event)
            yield event
        wreck = Wreck(folder=stand.wrecks)
        drills = Drills(stand=stand, vault=vault, commands=commands, truths=truths, wreck=wreck)
        yield from drills.run(points(history, scenario))
        wreck.add_common("source", source)
    finally:
        ring.close()


def _left_out(part: workload.LeftOut) -> Event:
    path = f"{part.zoo.rstrip('/')}/{part.thing}"
    if part.is_by_name:
        return FaultSeen(
            code="capability-missing",
            subject=path,
            message=f"{path} cannot be made on this machine: {part.why}",
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
        drills=sum(len(resolve(scenario, drill, made)) for drill in scenario.drills),
        preloaded=bench.preloaded,
        is_root=os.getuid() == 0,
        lines=lines(scenario),
    )
