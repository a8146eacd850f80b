"""Judges and tells a stored run again; nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drtest.api import judging
from drtest.api.answer import answered
from drtest.api.baseline import read as read_baseline
from drtest.api.prices import Prices, load
from drtest.api.run import Run
from drtest.api.session import REQUEST_LOG
from drtest.errors import DrtestError
from drtest.gateway import tally
from drtest.model.baseline import Baseline
from drtest.model.events import ScenarioStarted
from drtest.model.lines import with_lines
from drtest.model.run import RunResult, ScenarioResult, Settings, run_verdict, title
from drtest.model.traffic import Alike, Totals
from drtest.model.verdict import exit_status
from drtest.report.archive import SCENARIO_FILE, Archive
from drtest.report.events import FILE, read_events
from drtest.report.interface import Reporter, Reporters
from drtest.report.page import PageReporter
from drtest.scenario import loads


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What a run's money is judged by."""

    prices: Prices
    baseline: Baseline | None


def retell(
    folder: Path,
    *,
    reporters: Sequence[Reporter] = (),
    prices: Sequence[str] = (),
    price: Sequence[str] = (),
    max_price_age_days: int | None = None,
    baseline: Path | None = None,
) -> Run:
    """Judge the histories in *folder* again, write run.json anew and tell *reporters*.

    *prices* and *price* put others in the place of those that the run was priced with, *baseline*
    another run in the place of the one that its budgets were held against.
    UsageError where *folder* is no run; DrtestError where its history cannot be read.
    """
    archive = Archive.open(folder)
    settings, started_at = archive.read_settings()
    if prices or price or max_price_age_days is not None:
        settings = _repriced(settings, prices, price, max_price_age_days)
    terms = _Terms(
        prices=load(settings.prices, settings.price, kept=folder, is_afresh=bool(prices)),
        baseline=archive.read_baseline() if baseline is None else read_baseline(baseline),
    )
    log = archive.folder / REQUEST_LOG
    metered = tally(log) if log.exists() else None
    results = judging.compared(
        _scenario(one, settings, metered, terms) for one in archive.scenario_folders()
    )
    before = archive.read_run() if archive.run_file.exists() else {}
    verdict = run_verdict(results)
    interrupted = bool(before.get("interrupted", not before))
    found = answered(folder, settings, results, terms.prices.tariffs)
    broken = any(f.code == "drtest-broke" for one in results for f in one.judgement.findings)
    broken = broken or found.is_broken
    result = RunResult(
        settings=settings,
        started_at=started_at,
        elapsed_s=float(before.get("elapsed_s", 0.0)),
        verdict=verdict,
        exit_status=exit_status(verdict, interrupted=interrupted, broken=broken),
        scenarios=results,
        interrupted=interrupted,
        left_out=tuple(before.get("left_out", ())),
        notes=found.notes,
        tune=found.tune,
    )
    with Reporters([PageReporter(), *reporters]) as told:
        told.begin(settings, [one.title for one in results])
        for one in results:
            told.finish_scenario(one)
        archive.write_run(result)
        told.finish(result, folder)
    return Run(
        result=result,
        folder=folder,
        broken_reports=tuple(str(failure) for failure in told.failures),
    )


def _repriced(
    settings: Settings,
    prices: Sequence[str],
    price: Sequence[str],
    max_price_age_days: int | None,
) -> Settings:
    return replace(
        settings,
        prices=tuple(prices) or settings.prices,
        price=tuple(price) or (() if prices else settings.price),
        max_price_age_days=(
            settings.max_price_age_days if max_price_age_days is None else max_price_age_days
        ),
    )


def _scenario(
    folder: Path, settings: Settings, metered: dict[str, list[Alike]] | None, terms: _Terms
) -> ScenarioResult:
    text = (folder / SCENARIO_FILE).read_text(encoding="utf-8")
    scenarios = loads(text, file=str(folder / SCENARIO_FILE))
    if len(scenarios) != 1:
        raise DrtestError(f"{folder / SCENARIO_FILE} does not hold one scenario")
    events = list(read_events(folder / FILE))
    started = next((event for event in events if isinstance(event, ScenarioStarted)), None)
    scenario = scenarios[0]
    if started is not None:
        scenario = with_lines(scenario, started.file, started.lines)
    # An archive by an earlier drtest names no stores, and had one.
    on = scenario.stores[0] if len(settings.stores) > 1 and scenario.stores else ""
    found = None if metered is None else metered.get(title(scenario.name, on), [])
    own = terms.prices.of(scenario, kept=folder.parent)
    bills, faults = own.bills(scenario, events, found)
    result = judging.judged(
        scenario,
        [*events, *faults],
        folder=folder,
        store=_store(settings, on),
        duplicity=settings.duplicity,
        requests=None if found is None else Totals.of_alike(found),
        on=on,
        bills=bills,
        max_price_age_days=settings.max_price_age_days,
        baseline=terms.baseline,
    )
    return judging.with_wrecks(result)


def _store(settings: Settings, on: str) -> str:
    """Return the store *on* with its version, as the run knew it."""
    told = settings.store.split(", ")
    return next((one for one in told if on and one.partition(" ")[0] == on), on or settings.store)
