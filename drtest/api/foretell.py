"""Says before duplicity runs what a scenario should ask of S3: the meter may prove it wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from drtest.cost.predict import predict
from drtest.cost.source import SourceShape, expected, observed
from drtest.model.bill import Prediction
from drtest.model.events import Event, RequestsPredicted, ScenarioStarted, TruthRecorded
from drtest.model.scenario import Scenario
from drtest.oracle.trees import TreeStore
from drtest.runner.bench import Stand
from drtest.runner.run import TREES

UNKNOWN_RATIO = 1.0  # stored over original, where nothing says how a source compresses


def foretold(events: Iterable[Event], stand: Stand) -> Iterator[Event]:
    """Yield *stand*'s *events* and, before the first call of duplicity, a ``RequestsPredicted``.

    Where the scenario describes its source, the prediction follows from the scenario alone and
    comes first; a copied or filtered source is known once the first truth is recorded. The request
    log is never read.
    """
    scenario, folder = stand.scenario, stand.folder
    version, is_open = "", True
    for event in events:
        yield event
        source: SourceShape | None = None
        match event:
            case ScenarioStarted(duplicity=version) if is_described(scenario):
                pass
            case TruthRecorded(number=number) if is_open:
                source = observed(
                    TreeStore(folder / TREES).truth(number), ratio=compression(scenario)
                )
            case _:
                continue
        is_open = False
        foreseen = predict(scenario, duplicity_version=version, source=source)
        yield RequestsPredicted(prediction=only(foreseen, stand.only_drill))


def is_described(scenario: Scenario) -> bool:
    """Whether the scenario itself says what is backed up."""
    return not scenario.has_rules and not expected(scenario.source).why_estimate


def compression(scenario: Scenario) -> float:
    """Return how much smaller the described part of the source gets, stored over original."""
    shape = expected(scenario.source)
    size_bytes = sum(group.size_bytes for group in shape.groups)
    if not size_bytes or shape.why_estimate:
        return UNKNOWN_RATIO
    return shape.content().stored_bytes / size_bytes


def only(prediction: Prediction, drill: tuple[int, int | None] | None) -> Prediction:
    """Return *prediction* without the drills that are not run."""
    if drill is None:
        return prediction
    number, part = drill
    wanted = f"drill {number}." + ("" if part is None else str(part))
    return replace(
        prediction,
        steps=tuple(
            step
            for step in prediction.steps
            if step.phase != "drill"
            or (step.step.startswith(wanted) if part is None else step.step == wanted)
        ),
    )
