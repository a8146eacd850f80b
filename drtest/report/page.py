"""The page that one forwards: a run as one self-contained index.html.

Nothing is loaded, nothing is scripted (the page forbids both itself), and all that came from
outside drtest is escaped by Jinja2. It grows with what was found and not with the requests: long
lists are cut, and say by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from drtest.model.account import Disturbance
from drtest.model.events import Event
from drtest.model.finding import Finding, Severity
from drtest.model.run import DrillResult, RunResult, ScenarioResult, Settings
from drtest.model.verdict import Verdict
from drtest.report import brief, money, plots
from drtest.report import calendar as dates
from drtest.report.archive import PAGE_FILE, write_text
from drtest.report.blocks import again, unexpected
from drtest.report.evidence import evidence
from drtest.report.rows import STALE
from drtest.report.totals import Foreseen, add_up, add_up_predicted
from drtest.report.wording import count, duration, printable, size

FINDINGS = 40  # told in full
SCENARIOS = 150  # listed one by one
CELLS = 1100  # days drawn on all calendars together
STRETCHES = 60  # of one scenario
ROWS = 300  # stretches of all of them
_DRAWN = 7  # so many points are worth a calendar where there are several scenarios
_PLOTTED = 3  # scenarios whose times are drawn
_DISTURBANCES = 100
_COMMANDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One scenario's restore points: drawn where it has several, in words in any case."""

    result: ScenarioResult
    months: tuple[dates.Month, ...]
    stretches: tuple[dates.Stretch, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One scenario's time and age, in figures and drawn where there are enough."""

    result: ScenarioResult
    slowest: DrillResult | None
    age: str  # of the newest good point, at the end
    rpo: str
    rto: str
    plots: tuple[tuple[str, plots.Plot], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Requests by operation and phase; ``predicted`` is empty where nothing was."""

    phases: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...], int, int | None], ...]
    sums: tuple[tuple[int, ...], int, int | None]
    most: int


def render(run: RunResult, folder: Path | None = None) -> str:
    """Return *run* as a page; links to files of *folder* are made only where they are there."""
    told = brief.brief(run)
    totals, foreseen = add_up(run.scenarios), add_up_predicted(run.scenarios)
    drills = [(one, drill) for one in run.scenarios for drill in one.judgement.drills]
    known = [
        (one, finding)
        for one in run.scenarios
        if scenario_is_known(one)
        for finding in one.judgement.findings
        if finding.severity is Severity.FAILURE
    ]
    return _template().render(
        run=run,
        brief=told,
        marks=brief.MARKS,
        evidence=evidence,
        findings=told.findings[:FINDINGS],
        more_findings=max(0, len(told.findings) - FINDINGS),
        doubts=told.doubts[:FINDINGS],
        more_doubts=max(0, len(told.doubts) - FINDINGS),
        known=known[:FINDINGS],
        more_known=max(0, len(known) - FINDINGS),
        also=brief.also(run),
        scenarios=run.scenarios[:SCENARIOS],
        more_scenarios=max(0, len(run.scenarios) - SCENARIOS),
        drills=drills,
        places=(places := list(_places(run.scenarios))),
        more_places=sum(_has_points(one) for one in run.scenarios) - len(places),
        counts=dates.counts(brief.points_of(run.scenarios)),
        words=dates.WORDS,
        fulls=sum(one.is_full for one in brief.points_of(run.scenarios)),
        times=list(_times(run.scenarios)),
        more_times=max(0, len(run.scenarios) - SCENARIOS),
        disturbances=(made := _disturbances(run.scenarios))[:_DISTURBANCES],
        more_disturbances=max(0, len(made) - _DISTURBANCES),
        refused=[(one, drill) for one, drill in drills if drill.must_be == "refused"][
            :_DISTURBANCES
        ],
        totals=totals,
        foreseen=foreseen,
        grid=None if totals is None else _grid(totals.by_phase, foreseen),
        priced=money.by_prices(run.scenarios),
        money=money.money,
        source=money.source,
        losses=(lost := _losses(run.scenarios))[:FINDINGS],
        more_losses=max(0, len(lost) - FINDINGS),
        blind=list(dict.fromkeys(x for one in run.scenarios for x in one.judgement.not_compared)),
        left_out=[
            *run.left_out,
            *(f"{one.title}: {text}" for one in run.scenarios for text in one.left_out),
        ],
        commands=_commands(run.scenarios),
        preloaded=sum(one.preloaded for one in run.scenarios),
        has=lambda name: folder is not None and (folder / name).is_file(),
        plot=plots,
    )


class PageReporter:
    """Writes index.html into the run's folder when the run ends."""

    def __init__(self, *, redact: Callable[[str], str] = str) -> None:
        self._redact = redact

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        """Write nothing yet."""

    def event(self, scenario: str, event: Event) -> None:
        """Write nothing: what became of it is in the result."""

    def finish_scenario(self, result: ScenarioResult) -> None:
        """Write nothing yet."""

    def finish(self, run: RunResult, folder: Path | None) -> None:
        """Write the page, whole or not at all."""
        if folder is not None:
            write_text(folder / PAGE_FILE, self._redact(render(run, folder)))

    def close(self) -> None:
        """Nothing is open."""


# ---------------------------------------------------------------- what the template is given


def scenario_is_known(result: ScenarioResult) -> bool:
    """Whether it failed as its head says."""
    return brief.scenario_mark(result) == "known" or unexpected(result)[1] > 0


def _places(results: Sequence[ScenarioResult]) -> Iterable[Place]:
    spare, rows = CELLS, ROWS
    least = 3 if len(results) == 1 else _DRAWN
    for result in sorted(results, key=lambda one: one.judgement.as_expected):
        account = result.judgement.account
        if account is None or not _has_points(result):
            continue
        months = dates.months(account.points) if len(account.points) >= least else ()
        cells = len(months) * dates.DAYS
        if cells > spare:
            months = ()
        spare -= len(months) * dates.DAYS
        stretches = dates.stretches(account.points)
        shown = stretches[: min(STRETCHES, rows)]
        rows -= len(shown)
        if not shown:
            return  # the count above tells of all points
        yield Place(
            result=result,
            months=months,
            stretches=shown,
            more=len(stretches) - len(shown),
        )


def _times(results: Sequence[ScenarioResult]) -> Iterable[Timed]:
    plotted = 0
    for result in sorted(results, key=_dullness)[:SCENARIOS]:
        account, drills = result.judgement.account, result.judgement.drills
        if account is None or not drills:
            continue
        goals = account.goals
        drawn: list[tuple[str, plots.Plot]] = []
        if plotted < _PLOTTED:
            for title, one in (
                ("Age of the newest good restore point", plots.ages(account)),
                ("Recovery time of everything", plots.times(account, drills)),
            ):
                if one is not None:
                    drawn.append((title, one))
            plotted += bool(drawn)
        age_s = result.judgement.recovery_point_age_s
        not_judged = "" if goals.real_size else ", not judged: not of real size"
        yield Timed(
            result=result,
            slowest=max(drills, key=lambda one: one.recovery_time_s),
            age="none restored" if age_s is None else plots.lasting(age_s),
            rpo="not stated" if goals.rpo_s is None else plots.lasting(goals.rpo_s),
            rto="not stated" if goals.rto_s is None else plots.lasting(goals.rto_s) + not_judged,
            plots=tuple(drawn),
        )


def _has_points(result: ScenarioResult) -> bool:
    account = result.judgement.account
    return account is not None and bool(account.points)


def _dullness(result: ScenarioResult) -> tuple[bool, bool, int]:
    """What is worth a plot first: the unexpected, then what has an objective, then the long."""
    account = result.judgement.account
    has_goal = account is not None and account.goals.rpo_s is not None
    return result.judgement.as_expected, not has_goal, -len(account.points) if account else 0


def _disturbances(results: Iterable[ScenarioResult]) -> list[tuple[ScenarioResult, Disturbance]]:
    return [
        (result, one)
        for result in results
        if result.judgement.account
        for one in result.judgement.account.disturbances
    ]


def disturbance_mark(one: Disturbance, result: ScenarioResult) -> brief.Mark:
    """Return what the restores after a disturbance say; nothing is proved by one that never was."""
    if not one.did_happen or not one.restores:
        return "unverified"
    if one.restores_right == one.restores:
        return "pass"
    return "known" if result.judgement.as_expected else "fail"


def drill_mark(drill: DrillResult) -> brief.Mark:
    """Return the mark of one restore."""
    return brief.mark_of(drill.verdict)


def _grid(by_phase: dict[str, dict[str, int]], foreseen: Foreseen | None) -> Grid:
    phases = sorted(by_phase, key=lambda phase: phase.startswith("drill"))
    metered: dict[str, int] = {}
    for part in by_phase.values():
        for operation, number in part.items():
            metered[operation] = metered.get(operation, 0) + number
    wanted = {} if foreseen is None else foreseen.by_operation
    operations = sorted({*metered, *wanted}, key=lambda one: (-metered.get(one, 0), one))
    return Grid(
        phases=tuple(phases),
        rows=tuple(
            (
                operation,
                tuple(by_phase[phase].get(operation, 0) for phase in phases),
                metered.get(operation, 0),
                None if foreseen is None else wanted.get(operation, 0),
            )
            for operation in operations
        ),
        sums=(
            tuple(sum(by_phase[phase].values()) for phase in phases),
            sum(metered.values()),
            None if foreseen is None else foreseen.total,
        ),
        most=max(metered.values(), default=1) or 1,
    )


def _losses(results: Iterable[ScenarioResult]) -> list[tuple[str, str, str]]:
    """Kind, how much of it, an example; the scenario with the most of it speaks for all."""
    found: dict[str, Finding] = {}
    for result in results:
        for one in result.judgement.findings:
            if one.code == "known-loss" and (
                one.subject not in found or _number(one) > _number(found[one.subject])
            ):
                found[one.subject] = one
    told = []
    for kind, one in found.items():
        paths = one.evidence.get("paths")
        first = str(paths[0]) if isinstance(paths, list | tuple) and paths else ""
        told.append((kind, count(_number(one), "path"), first))
    return told


def _number(finding: Finding) -> int:
    number = finding.evidence.get("count", 0)
    return number if isinstance(number, int) else 0


def _commands(results: Sequence[ScenarioResult]) -> list[tuple[str, str]]:
    """How to see again what was not as expected, drill by drill; a green run is run again whole."""
    made: dict[str, str] = {}
    for result in results:
        if result.judgement.as_expected:
            continue
        failed = next(
            (one for one in result.judgement.drills if one.verdict is not Verdict.PASS), None
        )
        command = failed.reproduce if failed and failed.reproduce else again(result)
        made.setdefault(command, result.title)
    return [(title, command) for command, title in made.items()][:_COMMANDS]


def _shown(value: Any) -> Any:
    """Make what the page prints fit to be shown; Jinja2 escapes it afterwards."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _breakable(text: str) -> Markup:
    """Let long paths and object names wrap where a part of them ends."""
    escaped = Markup.escape(printable(text))
    for sign in ("/", ".", "_", "-"):
        escaped = escaped.replace(sign, Markup(f"{sign}<wbr>"))  # noqa: S704
    return escaped


@cache
def _template() -> jinja2.Template:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("drtest.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    found.filters |= {
        "count": count,
        "duration": duration,
        "size": size,
        "number": lambda number: f"{number:,}",
        "day": lambda at: dates.day_words(at.date()),
        "instant": dates.instant_words,
        "lasting": plots.lasting,
        "breakable": _breakable,
        "scenario_mark": brief.scenario_mark,
        "disturbance_mark": disturbance_mark,
        "drill_mark": drill_mark,
        "stale": lambda finding: finding.code == STALE,
    }
    return found.get_template("page.html")
