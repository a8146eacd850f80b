"""Runs scenarios, several at once, and gives a verdict."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drtest import process
from drtest.api import wrecks
from drtest.api.baseline import read as read_baseline
from drtest.api.course import Course
from drtest.api.foretell import foretold
from drtest.api.jobs import Job, jobs
from drtest.api.options import Options
from drtest.api.prices import load
from drtest.api.select import Chosen, choose
from drtest.api.session import Session, session
from drtest.clock import monotonic_s, real_now
from drtest.errors import EnvironmentFault, Interrupted, UsageError
from drtest.model.events import Event
from drtest.model.grid import Sweep
from drtest.model.redact import Redactor
from drtest.model.run import RunResult
from drtest.report.archive import Archive
from drtest.report.interface import Reporter, Reporters
from drtest.report.page import PageReporter
from drtest.runner.bench import Stand
from drtest.runner.fault import fault
from drtest.runner.run import run as run_scenario


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
    points of one grid (``api.tune``). Unusable arguments or scenarios raise UsageError before
    anything runs. *stop*, once set from another thread or a signal handler together with
    ``process.stop_all()``, interrupts: what is finished is reported, the rest is UNVERIFIED. A
    reporter that raises costs its report only.
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
        course = Course(
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
        with wrecks.held(course.archive.folder.name):
            try:
                _go(course, started_at)
            except UsageError:
                course.archive.discard()  # nothing was run
                raise
            result = course.result(started_at=started_at, elapsed_s=monotonic_s() - started_s)
        course.archive.write_run(result)
        told.finish(result, course.archive.folder)
    return Run(
        result=result,
        folder=course.archive.folder,
        broken_reports=tuple(str(failure) for failure in told.failures),
    )


def _go(course: Course, started_at: datetime) -> None:
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
            course.begin(None, started_at)
            for job in course.jobs:
                course.unrun(job, [fault(problem, course.redact)])
            return
        course.begin(shared, started_at)
        if shared is not None:
            _run_all(course, shared)
    for job in course.jobs:
        if job.number not in course.results:
            course.unrun(job, [])


def _run_all(course: Course, shared: Session) -> None:
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


def _run_one(course: Course, shared: Session, job: Job) -> None:
    if course.stop.is_set():
        return
    if job.outlet in shared.faults:
        course.unrun(job, [fault(shared.faults[job.outlet], course.redact)])
        return
    log = shared.gateway.log
    offset = log.stat().st_size if log.exists() else 0  # its requests stand behind what is there
    folder = course.folder_of(job)
    stand = Stand(
        bench=shared.benches[job.outlet],
        scenario=job.scenario,
        number=job.number,
        folder=folder,
        wrecks=wrecks.root() / course.archive.folder.name / folder.name,
        keep_max_bytes=course.options.keep_max_bytes,
        only_drill=course.options.only_drill,
        on=job.on,
    )
    events: list[Event] = []
    with course.archive.events(folder) as writer:
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
    course.finish(job, folder, events, offset=offset, wreck=stand.wrecks)
