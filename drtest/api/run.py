"""Runs scenarios, several at once, and gives a verdict."""

from __future__ import annotations

import contextlib
import platform
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from drtest import __version__, process
from drtest.api import judging
from drtest.api.options import Options, cache_folder
from drtest.api.select import chosen
from drtest.api.session import REQUEST_LOG, session
from drtest.clock import monotonic_s, real_now
from drtest.errors import EnvironmentFault, Interrupted
from drtest.gateway import totals
from drtest.model.events import Event
from drtest.model.redact import Redactor
from drtest.model.run import RunResult, ScenarioResult, Settings, run_verdict
from drtest.model.scenario import Scenario
from drtest.model.traffic import Totals
from drtest.model.verdict import exit_status
from drtest.report.archive import Archive
from drtest.report.interface import Reporter, Reporters
from drtest.runner.bench import Bench, Stand
from drtest.runner.fault import fault
from drtest.runner.run import run as run_scenario
from drtest.runner.workspace import remove_tree
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
    scenarios: tuple[Scenario, ...]
    archive: Archive
    reporters: Reporters
    redact: Redactor
    stop: threading.Event
    store: str = ""
    duplicity: str = ""
    broken: bool = False
    results: dict[int, ScenarioResult] = field(default_factory=dict)


def run(
    options: Options,
    *,
    reporters: Sequence[Reporter] = (),
    stop: threading.Event | None = None,
) -> Run:
    """Run what *options* name and return the result; it is kept below ``options.reports``.

    Unusable arguments or scenarios raise UsageError before anything runs. *stop*, once set from
    another thread or a signal handler together with ``process.stop_all()``, interrupts: what is
    finished is reported, the rest is UNVERIFIED. A reporter that raises costs its report only.
    """
    scenarios = chosen(options)
    started_at, started_s = real_now(), monotonic_s()
    redact = Redactor()
    with Reporters(reporters) as told:
        course = _Course(
            options=options,
            scenarios=scenarios,
            archive=Archive.create(options.reports, started_at, redact=redact),
            reporters=told,
            redact=redact,
            stop=stop or threading.Event(),
        )
        _go(course, started_at)
        result = _result(course, started_at=started_at, elapsed_s=monotonic_s() - started_s)
        course.archive.write_run(result)
        told.finish(result, course.archive.folder)
    return Run(
        result=result,
        folder=course.archive.folder,
        broken_reports=tuple(str(failure) for failure in told.failures),
    )


def _go(course: _Course, started_at: datetime) -> None:
    """Set up, run all scenarios, take down. What can't be set up leaves them all UNVERIFIED."""
    with contextlib.ExitStack() as stack:
        try:
            bench = stack.enter_context(
                session(
                    course.options,
                    course.scenarios,
                    archive=course.archive,
                    redact=course.redact,
                    stop=course.stop,
                )
            )
        except Interrupted:
            bench = None
        except EnvironmentFault as problem:
            bench = None
            seen = fault(problem, course.redact)
            _begin(course, None, started_at)
            for number, scenario in enumerate(course.scenarios, start=1):
                _finish(course, number, scenario, _Folder(course, number, scenario).keep([seen]))
            return
        _begin(course, bench, started_at)
        if bench is not None:
            _run_all(course, bench)
    for number, scenario in enumerate(course.scenarios, start=1):
        if number not in course.results:
            _finish(course, number, scenario, _Folder(course, number, scenario).keep([]))


def _run_all(course: _Course, bench: Bench) -> None:
    jobs = course.options.jobs or course.options.cores
    with ThreadPoolExecutor(jobs, thread_name_prefix="scenario") as pool:
        futures = [
            pool.submit(_run_one, course, bench, number, scenario)
            for number, scenario in enumerate(course.scenarios, start=1)
        ]
        try:
            for future in futures:
                future.result()
        except BaseException:
            # Whatever breaks here must not leave duplicity running behind the reader's back.
            course.stop.set()
            process.stop_all()
            raise


def _run_one(course: _Course, bench: Bench, number: int, scenario: Scenario) -> None:
    if course.stop.is_set():
        return
    log = bench.gateway.log
    offset = log.stat().st_size if log.exists() else 0  # its requests stand behind what is there
    place = _Folder(course, number, scenario)
    stand = Stand(
        bench=bench,
        scenario=scenario,
        number=number,
        folder=place.folder,
        wrecks=wrecks_folder() / course.archive.folder.name / place.folder.name,
        only_drill=course.options.only_drill,
    )
    events: list[Event] = []
    with place.archive.events(place.folder) as writer:
        try:
            for event in run_scenario(stand):
                writer.write(event)
                events.append(event)
                course.reporters.event(scenario.name, event)
        except Interrupted:
            pass  # judged as what it is: a history without an end
        except Exception as problem:
            course.broken = True
            broke = fault(problem, course.redact)
            writer.write(broke)
            events.append(broke)
    _finish(course, number, scenario, (place.folder, events), offset=offset)
    if course.results[number].judgement.as_expected or not _fits(stand.wrecks, course.options):
        remove_tree(stand.wrecks)
        course.results[number] = judging.with_wrecks(course.results[number])


class _Folder:
    """One scenario's place in the archive."""

    def __init__(self, course: _Course, number: int, scenario: Scenario) -> None:
        self.archive = course.archive
        self.folder = course.archive.scenario_folder(scenario.name, number)
        self.archive.write_scenario(self.folder, dump(scenario))

    def keep(self, events: list[Event]) -> tuple[Path, list[Event]]:
        """Write a history that was over before it began."""
        with self.archive.events(self.folder) as writer:
            for event in events:
                writer.write(event)
        return self.folder, events


def _finish(
    course: _Course,
    number: int,
    scenario: Scenario,
    kept: tuple[Path, list[Event]],
    *,
    offset: int | None = None,
) -> None:
    """Judge one scenario. *offset*: where its requests begin in the log, None: it never began."""
    folder, events = kept
    log = course.archive.folder / REQUEST_LOG
    requests = None
    if log.exists():
        requests = Totals() if offset is None else totals(log, scenario.name, offset=offset)
    result = judging.judged(
        scenario,
        events,
        folder=folder,
        store=course.store,
        duplicity=course.duplicity,
        requests=requests,
    )
    result = judging.with_wrecks(result)
    course.results[number] = result
    course.reporters.finish_scenario(result)


def _begin(course: _Course, bench: Bench | None, started_at: datetime) -> None:
    if bench is not None:
        course.store = f"{bench.store.name} {bench.store.version}"
        course.duplicity = bench.duplicity.version
    settings = _settings(course, bench)
    course.archive.write_settings(settings, started_at)
    course.reporters.begin(settings, [scenario.name for scenario in course.scenarios])


def _settings(course: _Course, bench: Bench | None) -> Settings:
    options = course.options
    return Settings(
        drtest=__version__,
        duplicity=bench.duplicity.version if bench else options.duplicity,
        store=course.store or options.store,
        gpg=bench.gpg if bench else "",
        python=platform.python_version(),
        seed=options.seed,
        jobs=options.jobs or options.cores,
        command=options.command,
        gateway=options.gateway,
    )


def _result(course: _Course, *, started_at: datetime, elapsed_s: float) -> RunResult:
    results = tuple(course.results[number] for number in sorted(course.results))
    verdict = run_verdict(results)
    interrupted = course.stop.is_set()
    settings, _ = course.archive.read_settings()
    return RunResult(
        settings=settings,
        started_at=started_at,
        elapsed_s=round(elapsed_s, 3),
        verdict=verdict,
        exit_status=exit_status(verdict, interrupted=interrupted, broken=course.broken),
        scenarios=results,
        interrupted=interrupted,
    )


def wrecks_folder() -> Path:
    """Return where wrecks are kept: outside the reports, for their owner alone."""
    folder = cache_folder() / "wrecks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _fits(wreck: Path, options: Options) -> bool:
    """Whether a wreck is small enough to be kept."""
    return sum(_sizes(wreck)) <= options.keep_max_bytes


def _sizes(root: Path) -> Iterator[int]:
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path.stat().st_size
