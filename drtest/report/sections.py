"""What the sections of the page are made of: restore points, times, requests, losses, commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drtest.model.account import Disturbance
from drtest.model.finding import Finding
from drtest.model.run import DrillResult, ScenarioResult
from drtest.model.verdict import Verdict
from drtest.report import calendar as dates
from drtest.report import plots
from drtest.report.blocks import again, unexpected
from drtest.report.told import Mark, mark_of, scenario_mark
from drtest.report.totals import Foreseen
from drtest.report.wording import count

SCENARIOS = 150  # listed one by one
CELLS = 1100  # days drawn on all calendars together
STRETCHES = 60  # of one scenario
ROWS = 300  # stretches of all of them
_DRAWN = 7  # so many points are worth a calendar where there are several scenarios
_PLOTTED = 3  # scenarios whose times are drawn
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


def is_known(result: ScenarioResult) -> bool:
    """Whether it failed as its head says."""
    return scenario_mark(result) == "known" or unexpected(result)[1] > 0


def places(results: Sequence[ScenarioResult], *, alike: bool = False) -> Iterable[Place]:
    """Return the restore points of *results*, the unexpected first, until the page is full.

    *alike* says that all have one calendar: one that went as expected is drawn for all of them.
    """
    spare, rows = CELLS, ROWS
    least = 3 if len(results) == 1 else _DRAWN
    is_drawn = False
    for result in sorted(results, key=lambda one: one.judgement.as_expected):
        account = result.judgement.account
        if account is None or not has_points(result):
            continue
        months = dates.months(account.points) if len(account.points) >= least else ()
        cells = len(months) * dates.DAYS
        if cells > spare or (alike and is_drawn):
            months = ()
        is_drawn = is_drawn or (bool(months) and result.judgement.as_expected)
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


def times(results: Sequence[ScenarioResult], *, alike: bool = False) -> Iterable[Timed]:
    """Return times and ages of *results*, those first that are worth a plot; *alike* as above."""
    plotted, most = 0, 1 if alike else _PLOTTED
    for result in sorted(results, key=_dullness)[:SCENARIOS]:
        account, drills = result.judgement.account, result.judgement.drills
        if account is None or not drills:
            continue
        goals = account.goals
        drawn: list[tuple[str, plots.Plot]] = []
        if plotted < most:
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


def has_points(result: ScenarioResult) -> bool:
    """Whether a calendar can be drawn of it."""
    account = result.judgement.account
    return account is not None and bool(account.points)


def _dullness(result: ScenarioResult) -> tuple[bool, bool, int]:
    """What is worth a plot first: the unexpected, then what has an objective, then the long."""
    account = result.judgement.account
    has_goal = account is not None and account.goals.rpo_s is not None
    return result.judgement.as_expected, not has_goal, -len(account.points) if account else 0


def disturbances(results: Iterable[ScenarioResult]) -> list[tuple[ScenarioResult, Disturbance]]:
    """Return what was made to go wrong, scenario by scenario."""
    return [
        (result, one)
        for result in results
        if result.judgement.account
        for one in result.judgement.account.disturbances
    ]


def disturbance_mark(one: Disturbance, result: ScenarioResult) -> Mark:
    """Return what the restores after a disturbance say; nothing is proved by one that never was."""
    if not one.did_happen or not one.restores:
        return "unverified"
    if one.restores_right == one.restores:
        return "pass"
    return "known" if result.judgement.as_expected else "fail"


def drill_mark(drill: DrillResult) -> Mark:
    """Return the mark of one restore."""
    return mark_of(drill.verdict)


def grid(by_phase: dict[str, dict[str, int]], foreseen: Foreseen | None) -> Grid:
    """Return requests by operation and phase, backups before drills, beside what was predicted."""
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


def losses(results: Iterable[ScenarioResult]) -> list[tuple[str, str, str]]:
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


def commands(results: Sequence[ScenarioResult]) -> list[tuple[str, str]]:
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
