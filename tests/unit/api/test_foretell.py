"""When a scenario's requests are foreseen, and of what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.entries import entry
from support.results import STARTED_AT
from support.scenarios import scenarios

from drtest.api.foretell import compression, foretold, only
from drtest.cost.predict import predict
from drtest.model.bill import Prediction
from drtest.model.events import Event, RequestsPredicted, ScenarioStarted, TruthRecorded
from drtest.model.scenario import (
    DEFAULT_START,
    Backup,
    CopyOf,
    DatedStep,
    Drill,
    FileSet,
    Policy,
    Rule,
    Scenario,
    Size,
)
from drtest.oracle.trees import TreeStore
from drtest.runner.run import TREES

WEB = FileSet(path="/srv/www", files=40, size=Size(shape="fixed", low_bytes=4096, high_bytes=4096))
SMALL = Scenario(
    name="small",
    why="to be foreseen",
    source=(WEB,),
    policy=Policy(encryption="none"),
    steps=(DatedStep(index=1, at=DEFAULT_START, step=Backup()),),
    drills=(Drill(number=1), Drill(number=2)),
)
STARTED = ScenarioStarted(
    name="small",
    file="x.yaml",
    line=1,
    seed=1,
    store="moto",
    duplicity="3.2.1",
    gpg="2",
    real_at=STARTED_AT,
    steps=1,
    drills=2,
)
TRUTH = TruthRecorded(index=1, at=DEFAULT_START, number=0, paths=2, size_bytes=1)


def story(folder: Path, *sizes: int) -> list[Event]:
    """A scenario of one backup; its truth holds files of these sizes."""
    files = [entry(f"f{number}", size_bytes=size) for number, size in enumerate(sizes)]
    TreeStore(folder / TREES).record_truth(0, [entry(".", "dir"), *files])
    return [STARTED, TRUTH, replace(TRUTH, number=1)]


def told(scenario: Scenario, folder: Path, only_drill: Any = None) -> Iterator[Event]:
    stand: Any = SimpleNamespace(scenario=scenario, folder=folder, only_drill=only_drill)
    return foretold(story(folder, 1000, 2000), stand)


def prediction(events: list[Event]) -> Prediction:
    (found,) = [event for event in events if isinstance(event, RequestsPredicted)]
    return found.prediction


def test_a_described_source_is_foreseen_before_anything_is_done(tmp_path: Path) -> None:
    events = list(told(SMALL, tmp_path))
    assert [type(event).__name__ for event in events] == [
        "ScenarioStarted",
        "RequestsPredicted",
        "TruthRecorded",
        "TruthRecorded",
    ]
    assert prediction(events) == predict(SMALL, duplicity_version="3.2.1")


@pytest.mark.parametrize(
    "scenario",
    [
        replace(SMALL, policy=Policy(select=(Rule(action="exclude", pattern="/srv/www/a"),))),
        replace(SMALL, source=(CopyOf(path="/srv", of="/etc"),)),
    ],
    ids=["rules", "a copy"],
)
def test_what_the_scenario_does_not_say_is_read_from_the_first_truth(
    tmp_path: Path, scenario: Scenario
) -> None:
    events = list(told(scenario, tmp_path))
    assert [type(event).__name__ for event in events[:3]] == [
        "ScenarioStarted",
        "TruthRecorded",
        "RequestsPredicted",
    ]
    found = prediction(events)
    assert (found.duplicity, found.is_exact) == ("3.2.1", True)
    assert found.by_phase["backup"]["PutObject"] == 3


@pytest.mark.parametrize(
    ("drill", "labels"),
    [
        (None, ["1", "drill 1.1", "drill 2.1"]),
        ((2, None), ["1", "drill 2.1"]),
        ((2, 1), ["1", "drill 2.1"]),
        ((1, 9), ["1"]),
    ],
)
def test_drills_that_are_not_run_are_not_foreseen(
    tmp_path: Path, drill: tuple[int, int | None] | None, labels: list[str]
) -> None:
    found = prediction(list(told(SMALL, tmp_path, drill)))
    assert [step.step for step in found.steps] == labels


def test_drill_12_is_not_drill_1() -> None:
    twelve = replace(SMALL, drills=tuple(Drill(number=number) for number in range(1, 13)))
    whole = predict(twelve, duplicity_version="3.2.1")
    assert [one.step for one in only(whole, (1, None)).steps] == ["1", "drill 1.1"]


def test_compression_is_that_of_what_is_described() -> None:
    assert compression(SMALL) == pytest.approx(0.204)  # text
    assert compression(replace(SMALL, source=(CopyOf(path="/srv", of="/etc"),))) == 1.0


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(scenario=scenarios())
def test_every_scenario_can_be_foreseen(scenario: Scenario) -> None:
    """A prediction that raised would cost the verdict of a run."""
    for version in ("3.2.1", "0.8.22"):
        found = predict(scenario, duplicity_version=version)
        assert all(number > 0 for step in found.steps for number in step.operations.values())
