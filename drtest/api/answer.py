"""What the stored runs of a grid's points come to: read from the archive, so told again alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

from drtest.api.foretell import compression, is_described
from drtest.api.session import REQUEST_LOG
from drtest.cost import seen
from drtest.cost.evidence import Measured, Outcome
from drtest.cost.source import expected, observed
from drtest.cost.sweep import at_point
from drtest.cost.tariff import Tariff
from drtest.cost.tuning import tuning
from drtest.errors import DrtestError, UsageError
from drtest.gateway import requests
from drtest.model.events import (
    ActionFinished,
    Event,
    ListingRecorded,
    ScenarioFinished,
    TruthRecorded,
)
from drtest.model.grid import Sweep
from drtest.model.names import format_stamp, parse_name
from drtest.model.plan import plan
from drtest.model.run import ScenarioResult, Settings
from drtest.model.scenario import Backup, Scenario
from drtest.model.tune import Metered, Tuning
from drtest.oracle.trees import TreeStore
from drtest.report.archive import SCENARIO_FILE
from drtest.report.events import FILE, read_events
from drtest.runner.run import TREES
from drtest.scenario import loads

OF_OBJECTS = frozenset({"PutObject", "UploadPart", "GetObject"})


def answer(
    folder: Path,
    sweep: Sweep,
    results: Sequence[ScenarioResult],
    tariffs: Sequence[Tariff],
    *,
    duplicity_version: str,
) -> Tuning | None:
    """Return what the runs in *folder* show of *sweep*; None where none of them made a full.

    DrtestError where a history cannot be read.
    """
    runs = [_Run.read(folder, result) for result in results]
    if not runs:
        return None
    metered = _metered(folder / REQUEST_LOG)
    one = runs[0].scenario
    scenario = replace(one, name=sweep.scenario, policy=at_point(one.policy, sweep.yours))
    source = next((found for run in runs if (found := _source(run)) is not None), None)
    if source is None:
        return None
    return tuning(
        replace(sweep, grid=replace(sweep.grid, prices=tuple(one.tag.place for one in tariffs))),
        scenario,
        [_outcome(run, metered.get(run.result.title, _Traffic())) for run in runs],
        tariffs,
        source=source,
        duplicity_version=duplicity_version,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer of a run, or why it has none; a run without a grid has neither."""

    tune: Tuning | None = None
    notes: tuple[str, ...] = ()
    is_broken: bool = False  # drtest's own fault: the runs and their verdicts stand


def answered(
    folder: Path,
    settings: Settings,
    results: Sequence[ScenarioResult],
    tariffs: Sequence[Tariff],
) -> Answered:
    """Return the answer of a run with *settings*; whatever breaks costs the answer only.

    UsageError where a price is missing.
    """
    if settings.sweep is None:
        return Answered()
    try:
        found = answer(
            folder, settings.sweep, results, tariffs, duplicity_version=settings.duplicity
        )
    except UsageError:  # a price that is missing: of ``drtest report --prices`` alone
        raise
    except Exception as problem:
        why = f"what the grid comes to could not be computed: {type(problem).__name__}: {problem}"
        return Answered(notes=(why,), is_broken=True)
    if found is None:
        return Answered(notes=("no point of the grid made a full: there is nothing to compare",))
    return Answered(tune=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One point's run as it is stored."""

    result: ScenarioResult
    scenario: Scenario
    events: tuple[Event, ...]
    folder: Path

    @classmethod
    def read(cls, folder: Path, result: ScenarioResult) -> _Run:
        place = folder / result.folder
        text = (place / SCENARIO_FILE).read_text(encoding="utf-8")
        scenarios = loads(text, file=str(place / SCENARIO_FILE))
        if len(scenarios) != 1:
            raise DrtestError(f"{place / SCENARIO_FILE} does not hold one scenario")
        return cls(
            result=result,
            scenario=scenarios[0],
            events=tuple(read_events(place / FILE)),
            folder=place,
        )


@dataclass(slots=True, kw_only=True)
class _Traffic:
    """Bytes of objects, and the volumes that drills read: by drill and by the set's stamp."""

    uploaded_bytes: int = 0
    downloaded_bytes: int = 0
    reads: dict[str, dict[str, list[int]]] = field(default_factory=dict)


def _outcome(run: _Run, traffic: _Traffic) -> Outcome:
    policy, sets = run.scenario.policy, seen.sets(run.events)
    made = plan(run.scenario).made
    fulls = {one.step for one in made if one.is_full}
    backups = {dated.index for dated in run.scenario.steps if isinstance(dated.step, Backup)}
    calls = [
        (event.index in fulls, event.call.elapsed_s)
        for event in run.events
        if isinstance(event, ActionFinished) and event.index in backups
    ]
    first = next((sets[one.step] for one in made if one.is_full and one.step in sets), None)
    stored = seen.left(run.events)
    judged, requested = run.result.judgement, run.result.requests
    return Outcome(
        at=(policy.volsize_mib, policy.s3_multipart_chunk_size_mib or 0),
        sets=sets,
        reads=_reads(run, traffic),
        is_whole=any(isinstance(event, ScenarioFinished) for event in run.events),
        metered=Metered(
            title=run.result.title,
            verdict=judged.verdict,
            counts_as=judged.counts_as,
            requests=requested.total if requested is not None else 0,
            uploaded_bytes=traffic.uploaded_bytes,
            downloaded_bytes=traffic.downloaded_bytes,
            objects=len(stored),
            stored_bytes=sum(stored.values()),
            full_volumes=first.volumes - 1 if first is not None else 0,
            full_s=_mean(elapsed for is_full, elapsed in calls if is_full) or 0.0,
            increment_s=_mean(elapsed for is_full, elapsed in calls if not is_full),
            restore_s=_mean(drill.recovery_time_s for drill in judged.drills),
        ),
    )


def _mean(values: Iterable[float]) -> float | None:
    kept = list(values)
    return round(fmean(kept), 3) if kept else None


def _metered(log: Path) -> dict[str, _Traffic]:
    """What each scenario put and got; the log is read once."""
    found: dict[str, _Traffic] = {}
    for request in requests(log) if log.exists() else ():
        if request.operation not in OF_OBJECTS:
            continue
        traffic = found.setdefault(request.scenario, _Traffic())
        traffic.uploaded_bytes += request.body_in_bytes
        if request.operation == "GetObject":
            traffic.downloaded_bytes += request.body_out_bytes
            if request.phase == "drill" and request.volume is not None:
                volumes = traffic.reads.setdefault(request.step, {}).setdefault(request.set_at, [])
                volumes.append(request.volume)
    return found


def _reads(run: _Run, traffic: _Traffic) -> dict[str, dict[int, tuple[int, int]]]:
    """Which volumes drills read, by the step that made them."""
    steps: dict[str, int] = {}
    for event in run.events:
        if isinstance(event, ListingRecorded):
            names = (parse_name(one.key) for one in event.added)
            steps.update((format_stamp(name.set.at), event.index) for name in names if name.set)
    return {
        drill: {
            steps[at]: (min(volumes), max(volumes)) for at, volumes in sets.items() if at in steps
        }
        for drill, sets in traffic.reads.items()
    }


def _source(run: _Run) -> Measured | None:
    """The source before the first backup; None where none was recorded."""
    truth = next((one for one in run.events if isinstance(one, TruthRecorded)), None)
    if truth is None:
        return None
    entries = TreeStore(run.folder / TREES).truth(truth.number)
    shape = observed(entries, ratio=compression(run.scenario))
    described = expected(run.scenario.source) if is_described(run.scenario) else None
    return Measured(
        size_bytes=round(sum(group.size_bytes for group in shape.groups)),
        files=round(shape.files),
        block_bytes=(described or shape).block_stored_bytes,
        shape=None if described is not None else shape,
    )
