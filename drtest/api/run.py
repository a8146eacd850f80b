"""Runs scenarios, several at once, and gives a verdict."""

from __future__ import annotations

import contextlib
import platform
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from drtest import __version__, process
from drtest.api import judging, wrecks
from drtest.api.answer import answered
from drtest.api.baseline import read as read_baseline
from drtest.api.foretell import foretold
from drtest.api.jobs import Job, Outlet, jobs
from drtest.api.options import Options
from drtest.api.prices import Prices, load
from drtest.api.select import Chosen, choose
from drtest.api.session import REQUEST_LOG, Session, session
from drtest.clock import monotonic_s, real_now
from drtest.errors import EnvironmentFault, Interrupted, UsageError
from drtest.gateway import tally
from drtest.model.baseline import Baseline
from drtest.model.events import Event
from drtest.model.grid import Sweep
from drtest.model.redact import Redactor
from drtest.model.run import RunResult, ScenarioResult, Settings, run_verdict
from drtest.model.traffic import Alike, Totals
from drtest.model.verdict import exit_status
from drtest.report.archive import Archive
from drtest.report.interface import Reporter, Reporters
from drtest.report.page import PageReporter
from drtest.runner.bench import Stand
from drtest.runner.fault import fault
from drtest.runner.run import run as run_scenario
from drtest.scenario import dump


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run came to, and where it is kept."""

    result: RunResult
    folder: Path
    broken_reports: tuple[str, ...] = ()  # reporters that raised, and where

    @property
    def exit_status(self) -> int:
        """The run's exit status; a report that was lost counts as drtest broken."""
        status = self.result.exit_status
        return 70 if self.broken_reports and status in {0, 3} else status


@dataclass(slots=True, kw_only=True)
class _Course:
    """One run under way."""

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


def run(
    options: Options,
    *,
    chosen: Chosen | None = None,
    sweep: Sweep | None = None,
    reporters: Sequence[Reporter] = (),
    stop: threading.Event | None = None,
) -> Run:
    """Run what *options* name and return the result; it is kept below ``options.reports``.

    *chosen* is what ``choose(options)`` returned, where the caller has looked at it already: the
    files may have changed since, and are not read again; *sweep* says that the scenarios are
    points of one grid (``api.tune``). Unusable arguments or scenarios raise
    UsageError before anything runs. *stop*, once set from another thread or a signal handler
    together with ``process.stop_all()``, interrupts: what is finished is reported, the rest is
    UNVERIFIED. A reporter that raises costs its report only.
    """
    about = chosen or choose(options)
    planned = jobs(about.scenarios, options)
    prices = load(options.prices, options.price)
    for job in planned:
        prices.of(job.scenario)  # what is not known is told before anything is run
    held_against = None if options.baseline is None else read_baseline(options.baseline)
    started_at, started_s = real_now(), monotonic_s()
    redact = Redactor()
    with Reporters([PageReporter(redact=redact), *reporters]) as told:
        course = _Course(
            options=options,
            jobs=planned,
            left_out=about.left_out,
            archive=Archive.create(options.reports, started_at, redact=redact),
            reporters=told,
            redact=redact,
            stop=stop or threading.Event(),
            prices=prices,
            baseline=held_against,
            sweep=sweep,
        )
        try:
            _go(course, started_at)
        except UsageError:
            course.archive.discard()  # nothing was run
            raise
        result = _result(course, started_at=started_at, elapsed_s=monotonic_s() - started_s)
        wrecks.end(course.archive.folder.name)
        course.archive.write_run(result)
        told.finish(result, course.archive.folder)
    return Run(
        result=result,
        folder=course.archive.folder,
        broken_reports=tuple(str(failure) for failure in told.failures),
    )


def _go(course: _Course, started_at: datetime) -> None:
    """Set up, run all jobs, take down. What can't be set up leaves its jobs UNVERIFIED."""
    with contextlib.ExitStack() as stack:
        try:
            shared = stack.enter_context(
                session(
                    course.options,
                    course.jobs,
                    archive=course.archive,
                    redact=course.redact,
                    stop=course.stop,
                )
            )
        except Interrupted:
            shared = None
        except EnvironmentFault as problem:
            _begin(course, None, started_at)
            for job in course.jobs:
                _unrun(course, job, [fault(problem, course.redact)])
            return
        _begin(course, shared, started_at)
        if shared is not None:
            _run_all(course, shared)
    for job in course.jobs:
        if job.number not in course.results:
            _unrun(course, job, [])


def _run_all(course: _Course, shared: Session) -> None:
    at_once = course.options.jobs or course.options.cores
    with ThreadPoolExecutor(at_once, thread_name_prefix="scenario") as pool:
        futures = [pool.submit(_run_one, course, shared, job) for job in course.jobs]
        try:
            for future in futures:
                future.result()
        except BaseException:
            # Whatever breaks here must not leave duplicity running behind the reader's back.
            course.stop.set()
            process.stop_all()
            raise


def _run_one(course: _Course, shared: Session, job: Job) -> None:
    if course.stop.is_set():
        return
    if job.outlet in shared.faults:
        _unrun(course, job, [fault(shared.faults[job.outlet], course.redact)])
        return
    log = shared.gateway.log
    offset = log.stat().st_size if log.exists() else 0  # its requests stand behind what is there
    place = _Folder(course, job)
    stand = Stand(
        bench=shared.benches[job.outlet],
        scenario=job.scenario,
        number=job.number,
        folder=place.folder,
        wrecks=wrecks.root() / course.archive.folder.name / place.folder.name,
        keep_max_bytes=course.options.keep_max_bytes,
        only_drill=course.options.only_drill,
        on=job.on,
    )
    events: list[Event] = []
    with place.archive.events(place.folder) as writer:
        try:
            for event in foretold(run_scenario(stand), stand):
                writer.write(event)
                events.append(event)
                course.reporters.event(job.title, event)
        except Interrupted:
            pass  # judged as what it is: a history without an end
        except Exception as problem:
            course.broken = True
            broke = fault(problem, course.redact)
            writer.write(broke)
            events.append(broke)
    _finish(course, job, (place.folder, events), offset=offset, wreck=stand.wrecks)


def _unrun(course: _Course, job: Job, seen: list[Event]) -> None:
    """Keep and judge a history that was over before it began."""
    _finish(course, job, _Folder(course, job).keep(seen))


class _Folder:
    """One scenario's place in the archive."""

    def __init__(self, course: _Course, job: Job) -> None:
        self.archive = course.archive
        self.folder = course.archive.scenario_folder(job.title, job.number)
        self.archive.write_scenario(self.folder, dump(job.scenario))

    def keep(self, events: list[Event]) -> tuple[Path, list[Event]]:
        """Write a history that was over before it began."""
        with self.archive.events(self.folder) as writer:
            for event in events:
                writer.write(event)
        return self.folder, events


def _finish(
    course: _Course,
    job: Job,
    kept: tuple[Path, list[Event]],
    *,
    offset: int | None = None,
    wreck: Path | None = None,
) -> None:
    """Judge one scenario, settle its *wreck*, and tell it.

    *offset*: where its requests begin in the log, None: it never began.
    """
    folder, events = kept
    log = course.archive.folder / REQUEST_LOG
    requests: list[Alike] | None = None
    if log.exists():
        found = {} if offset is None else tally(log, job.title, offset=offset)
        requests = found.get(job.title, [])
    bills, faults = course.prices.of(job.scenario).bills(job.scenario, events, requests)
    result = judging.judged(
        job.scenario,
        [*events, *faults],
        folder=folder,
        store=course.stores.get(job.outlet, job.outlet.name),
        on=job.on,
        duplicity=course.duplicity,
        requests=None if requests is None else Totals.of_alike(requests),
        bills=bills,
        max_price_age_days=course.options.max_price_age_days,
        baseline=course.baseline,
    )
    if wreck is not None:
        wrecks.settle(
            wreck,
            as_expected=result.judgement.as_expected,
            keep_max_bytes=course.options.keep_max_bytes,
        )
    result = judging.with_wrecks(result)
    course.results[job.number] = result
    course.reporters.finish_scenario(result)


def _begin(course: _Course, shared: Session | None, started_at: datetime) -> None:
    if shared is not None:
        course.stores = {
            outlet: f"{bench.store.name} {bench.store.version}"
            for outlet, bench in shared.benches.items()
        }
        course.duplicity = shared.duplicity.version
    settings = _settings(course, shared)
    course.archive.write_settings(settings, started_at)
    priced = [course.prices.of(job.scenario) for job in course.jobs]
    books = {one.book.provider: one for found in priced for one in found.books}
    Prices(books=tuple(books.values())).keep(course.archive.folder)
    if course.baseline is not None:
        course.archive.write_baseline(course.baseline)
    course.reporters.begin(settings, [job.title for job in course.jobs])


def _settings(course: _Course, shared: Session | None) -> Settings:
    options = course.options
    outlets = dict.fromkeys(job.outlet for job in course.jobs)
    modes = {one.gateway_mode: None for one in shared.benches.values()} if shared else {}
    return Settings(
        drtest=__version__,
        duplicity=shared.duplicity.version if shared else options.duplicity,
        store=", ".join(dict.fromkeys(course.stores.get(one, one.name) for one in outlets)),
        gpg=shared.gpg if shared else "",
        python=platform.python_version(),
        seed=options.seed,
        jobs=options.jobs or options.cores,
        command=options.command,
        gateway=", ".join(modes) or options.gateway or "plain",
        prices=tuple(one.tag.place for one in course.prices.tariffs),
        price=options.price,
        max_price_age_days=options.max_price_age_days,
        stores=tuple(dict.fromkeys(one.name for one in outlets)),
        sweep=course.sweep,
    )


def _result(course: _Course, *, started_at: datetime, elapsed_s: float) -> RunResult:
    results = judging.compared(course.results[number] for number in sorted(course.results))
    verdict = run_verdict(results)
    interrupted = course.stop.is_set()
    settings, _ = course.archive.read_settings()
    found = answered(course.archive.folder, settings, results, course.prices.tariffs)
    broken = course.broken or found.is_broken
    return RunResult(
        settings=settings,
        started_at=started_at,
        elapsed_s=round(elapsed_s, 3),
        verdict=verdict,
        exit_status=exit_status(verdict, interrupted=interrupted, broken=broken),
        scenarios=results,
        interrupted=interrupted,
        left_out=course.left_out,
        notes=found.notes,
        tune=found.tune,
    )
