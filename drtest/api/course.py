"""One run under way: what is kept, judged and told of each scenario, and of all."""

from __future__ import annotations

import platform
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from drtest import __version__
from drtest.api import judging, wrecks
from drtest.api.answer import answered
from drtest.api.jobs import Job, Outlet
from drtest.api.options import Options
from drtest.api.prices import Prices
from drtest.api.session import REQUEST_LOG, Session
from drtest.gateway import tally
from drtest.model.baseline import Baseline
from drtest.model.events import Event
from drtest.model.grid import Sweep
from drtest.model.redact import Redactor
from drtest.model.run import RunResult, ScenarioResult, Settings, run_verdict
from drtest.model.traffic import Alike, Totals
from drtest.model.verdict import exit_status
from drtest.report.archive import Archive
from drtest.report.interface import Reporters
from drtest.scenario import dump


@dataclass(slots=True, kw_only=True)
class Course:
    """What a run is made with, and what has come of it so far."""

    options: Options
    jobs: tuple[Job, ...]
    left_out: tuple[str, ...]
    archive: Archive
    reporters: Reporters
    redact: Redactor
    stop: threading.Event
    prices: Prices
    baseline: Baseline | None
    sweep: Sweep | None = None  # the grid whose points the jobs are
    stores: dict[Outlet, str] = field(default_factory=dict)  # name and version, where it is known
    duplicity: str = ""
    broken: bool = False
    results: dict[int, ScenarioResult] = field(default_factory=dict)

    def begin(self, shared: Session | None, started_at: datetime) -> None:
        """Keep and tell what the run is made with; *shared* is None where nothing could be had."""
        if shared is not None:
            self.stores = {
                outlet: f"{bench.store.name} {bench.store.version}"
                for outlet, bench in shared.benches.items()
            }
            self.duplicity = shared.duplicity.version
        settings = self._settings(shared)
        self.archive.write_settings(settings, started_at)
        priced = [self.prices.of(job.scenario) for job in self.jobs]
        books = {one.book.provider: one for found in priced for one in found.books}
        Prices(books=tuple(books.values())).keep(self.archive.folder)
        if self.baseline is not None:
            self.archive.write_baseline(self.baseline)
        self.reporters.begin(settings, [job.title for job in self.jobs])

    def folder_of(self, job: Job) -> Path:
        """Make and return the place of one scenario in the archive."""
        folder = self.archive.scenario_folder(job.title, job.number)
        self.archive.write_scenario(folder, dump(job.scenario))
        return folder

    def unrun(self, job: Job, seen: list[Event]) -> None:
        """Keep and judge a history that was over before it began."""
        folder = self.folder_of(job)
        with self.archive.events(folder) as writer:
            for event in seen:
                writer.write(event)
        self.finish(job, folder, seen)

    def finish(
        self,
        job: Job,
        folder: Path,
        events: list[Event],
        *,
        offset: int | None = None,
        wreck: Path | None = None,
    ) -> None:
        """Judge the *events* of one scenario, settle its *wreck*, and tell it.

        *offset*: where its requests begin in the log, None: it never began.
        """
        log = self.archive.folder / REQUEST_LOG
        requests: list[Alike] | None = None
        if log.exists():
            found = {} if offset is None else tally(log, job.title, offset=offset)
            requests = found.get(job.title, [])
        bills, faults = self.prices.of(job.scenario).bills(job.scenario, events, requests)
        result = judging.judged(
            job.scenario,
            [*events, *faults],
            folder=folder,
            store=self.stores.get(job.outlet, job.outlet.name),
            on=job.on,
            duplicity=self.duplicity,
            requests=None if requests is None else Totals.of_alike(requests),
            bills=bills,
            max_price_age_days=self.options.max_price_age_days,
            baseline=self.baseline,
        )
        if wreck is not None:
            wrecks.settle(
                wreck,
                as_expected=result.judgement.as_expected,
                keep_max_bytes=self.options.keep_max_bytes,
            )
        result = judging.with_wrecks(result)
        self.results[job.number] = result
        self.reporters.finish_scenario(result)

    def result(self, *, started_at: datetime, elapsed_s: float) -> RunResult:
        """Return what the run came to; scenarios are compared with each other only now."""
        results = judging.compared(self.results[number] for number in sorted(self.results))
        verdict = run_verdict(results)
        interrupted = self.stop.is_set()
        settings, _ = self.archive.read_settings()
        found = answered(self.archive.folder, settings, results, self.prices.tariffs)
        broken = self.broken or found.is_broken
        return RunResult(
            settings=settings,
            started_at=started_at,
            elapsed_s=round(elapsed_s, 3),
            verdict=verdict,
            exit_status=exit_status(verdict, interrupted=interrupted, broken=broken),
            scenarios=results,
            interrupted=interrupted,
            left_out=self.left_out,
            notes=found.notes,
            tune=found.tune,
        )

    def _settings(self, shared: Session | None) -> Settings:
        options = self.options
        outlets = dict.fromkeys(job.outlet for job in self.jobs)
        modes = {one.gateway_mode: None for one in shared.benches.values()} if shared else {}
        return Settings(
            drtest=__version__,
            duplicity=shared.duplicity.version if shared else options.duplicity,
            store=", ".join(dict.fromkeys(self.stores.get(one, one.name) for one in outlets)),
            gpg=shared.gpg if shared else "",
            python=platform.python_version(),
            seed=options.seed,
            jobs=options.jobs or options.cores,
            command=options.command,
            gateway=", ".join(modes) or options.gateway or "plain",
            prices=tuple(one.tag.place for one in self.prices.tariffs),
            price=options.price,
            max_price_age_days=options.max_price_age_days,
            stores=tuple(dict.fromkeys(one.name for one in outlets)),
            sweep=self.sweep,
        )
