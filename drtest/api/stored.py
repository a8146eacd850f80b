"""Judges and tells a stored run again; nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drtest.api import judging
from drtest.api.run import Run
from drtest.api.session import REQUEST_LOG
from drtest.errors import DrtestError
from drtest.gateway import totals
from drtest.model.run import RunResult, ScenarioResult, run_verdict
from drtest.model.verdict import exit_status
from drtest.report.archive import SCENARIO_FILE, Archive
from drtest.report.events import FILE, read_events
from drtest.report.interface import Reporter, Reporters
from drtest.scenario import loads


def retell(folder: Path, *, reporters: Sequence[Reporter] = ()) -> Run:
    """Judge the histories in *folder* again, write run.json anew and tell *reporters*.

    UsageError where *folder* is no run; DrtestError where its history cannot be read.
    """
    archive = Archive.open(folder)
    settings, started_at = archive.read_settings()
    results = tuple(_scenario(archive, one) for one in archive.scenario_folders())
    before = archive.read_run() if archive.run_file.exists() else {}
    verdict = run_verdict(results)
    interrupted = bool(before.get("interrupted", not before))
    broken = any(f.code == "drtest-broke" for one in results for f in one.judgement.findings)
    result = RunResult(
        settings=settings,
        started_at=started_at,
        elapsed_s=float(before.get("elapsed_s", 0.0)),
        verdict=verdict,
        exit_status=exit_status(verdict, interrupted=interrupted, broken=broken),
        scenarios=results,
        interrupted=interrupted,
    )
    with Reporters(reporters) as told:
        told.begin(settings, [one.name for one in results])
        for one in results:
            told.finish_scenario(one)
        archive.write_run(result)
        told.finish(result, folder)
    return Run(result=result, folder=folder)


def _scenario(archive: Archive, folder: Path) -> ScenarioResult:
    text = (folder / SCENARIO_FILE).read_text(encoding="utf-8")
    scenarios = loads(text, file=str(folder / SCENARIO_FILE))
    if len(scenarios) != 1:
        raise DrtestError(f"{folder / SCENARIO_FILE} does not hold one scenario")
    events = list(read_events(folder / FILE))
    log = archive.folder / REQUEST_LOG
    name = scenarios[0].name
    return judging.with_wrecks(
        judging.judged(
            scenarios[0],
            events,
            folder=folder,
            store="",
            duplicity="",
            requests=totals(log, scenario=name) if log.exists() else None,
        )
    )
