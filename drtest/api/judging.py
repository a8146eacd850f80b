"""From a history to a result: judge, and find out what became of wrecks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from drtest.checks import judge, stores
from drtest.checks.judge import with_more
from drtest.model.baseline import Baseline
from drtest.model.bill import Bill
from drtest.model.events import (
    ActionFinished,
    DrillFinished,
    Event,
    PartLeftOut,
    ScenarioFinished,
)
from drtest.model.history import History
from drtest.model.run import DrillResult, ScenarioResult
from drtest.model.scenario import Backup, Scenario
from drtest.model.traffic import Totals
from drtest.oracle.trees import TreeStore
from drtest.runner.run import TREES


def judged(
    scenario: Scenario,
    events: list[Event],
    *,
    folder: Path,
    store: str,
    duplicity: str,
    requests: Totals | None,
    on: str = "",
    bills: tuple[Bill, ...] = (),
    max_price_age_days: int | None = None,
    baseline: Baseline | None = None,
) -> ScenarioResult:
    """Judge one scenario's history; *folder* is its own in the run archive.

    *on* names the store where the run has several.
    """
    history = History(
        scenario=scenario,
        trees=TreeStore(folder / TREES),
        events=events,
        requests=requests,
        folder=folder,
        bills=bills,
        max_price_age_days=max_price_age_days,
        baseline=baseline,
    )
    started = history.started
    judgement = judge(history, duplicity_version=duplicity or None)
    backups = {dated.index for dated in scenario.steps if isinstance(dated.step, Backup)}
    finished = next(history.of(ScenarioFinished), None)
    return ScenarioResult(
        name=scenario.name,
        why=scenario.why,
        file=scenario.file,
        line=scenario.line,
        seed=scenario.seed,
        store=started.store if started else store,
        duplicity=started.duplicity if started else duplicity,
        preloaded=started.preloaded if started else False,
        judgement=judgement,
        elapsed_s=finished.elapsed_s if finished else _elapsed(history),
        backups=sum(1 for event in history.of(ActionFinished) if event.index in backups),
        folder=folder.name,
        requests=requests,
        predicted=history.predicted,
        bills=bills,
        on=on,
        left_out=tuple(f"{part.what}: {part.why}" for part in history.of(PartLeftOut)),
    )


def with_wrecks(result: ScenarioResult) -> ScenarioResult:
    """Return *result* naming only the wrecks that are there."""

    def seen(drill: DrillResult) -> DrillResult:
        kept = drill.wreck if drill.wreck and Path(drill.wreck).is_dir() else ""
        return dataclasses.replace(drill, wreck=kept)

    judgement = dataclasses.replace(
        result.judgement, drills=tuple(seen(drill) for drill in result.judgement.drills)
    )
    return dataclasses.replace(result, judgement=judgement)


def compared(results: Iterable[ScenarioResult]) -> tuple[ScenarioResult, ...]:
    """Return *results* with what only their comparison shows: stores that disagree."""
    kept = tuple(results)
    more = stores.compare(kept)
    return tuple(
        dataclasses.replace(one, judgement=with_more(one.judgement, more[one.title]))
        if one.title in more
        else one
        for one in kept
    )


def _elapsed(history: History) -> float:
    """How long the calls of a broken-off scenario took together."""
    calls = [event.call.elapsed_s for event in history.of(ActionFinished)]
    drills = [event.elapsed_s for event in history.of(DrillFinished)]
    return round(sum(calls) + sum(drills), 3)
