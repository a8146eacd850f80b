"""The single lines: header, one for each scenario, one for the rest, the sums at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from drtest.model.run import RunResult, ScenarioResult, Settings, title
from drtest.model.verdict import Verdict
from drtest.report.lines import DIM, VERDICT_STYLE, line
from drtest.report.wording import Signs, count, duration, printable

_LEFT = 14  # gutter, verdict and the spaces around them
_RIGHT = 40  # drills, time and note with the spaces before them
_LEAST_NAME = 20
STALE = "expectation-stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How wide the page is, and what signs it can show."""

    columns: int
    signs: Signs

    @property
    def name_columns(self) -> int:
        """How much room a scenario's name has in its line."""
        return max(self.columns - _LEFT - _RIGHT, _LEAST_NAME)


def header(settings: Settings, scenarios: int, layout: Layout) -> Text:
    """Return all that makes a run comparable."""
    return line(
        layout.signs.join(
            f"drtest {settings.drtest}",
            f"duplicity {settings.duplicity}" if settings.duplicity else "",
            f"store {settings.store}" if settings.store else "",
            "" if settings.seed is None else f"seed {settings.seed}",
            count(scenarios, "scenario"),
        )
    )


def circumstances(settings: Settings, layout: Layout) -> Text:
    """Return the rest of the settings, for ``-v``."""
    hashing = "cheap passphrase hashing" if settings.cheap_passphrase_hashing else ""
    return line(
        (
            layout.signs.join(
                f"gpg {settings.gpg}" if settings.gpg else "",
                f"python {settings.python}",
                f"gateway {settings.gateway}",
                count(settings.jobs, "job"),
                hashing,
            ),
            DIM,
        )
    )


def row(result: ScenarioResult, layout: Layout) -> Text:
    """Return the line of one scenario: gutter, verdict, name, drills, time, note."""
    gutter = " " if result.judgement.as_expected else "!"
    where = title("", result.on)  # is kept whole: it tells the lines of one scenario apart
    name = layout.signs.fit(result.name, max(layout.name_columns - cell_len(where), 1))
    if where:
        name = layout.signs.fit(name.rstrip() + printable(where), layout.name_columns)
    said = note(result)
    return line(
        f"{gutter} ",
        (f"{result.verdict.value:<10}", VERDICT_STYLE[result.verdict]),
        f"  {name} {_figures([result])}",
        (f"   {said}" if said else "", DIM),
    )


def folded(results: Sequence[ScenarioResult], layout: Layout) -> Text:
    """Return the one line of *results*, which all passed as expected."""
    name = layout.signs.fit(f"{len(results):,} more", layout.name_columns)
    passed = (f"{Verdict.PASS.value:<10}", VERDICT_STYLE[Verdict.PASS])
    return line("  ", passed, f"  {name} {_figures(results)}")


def _figures(results: Sequence[ScenarioResult]) -> str:
    """How many drills (a scenario that checked nothing must look like it) in what time."""
    drills = sum(len(result.judgement.drills) for result in results)
    noun = "drill " if drills == 1 else "drills"
    return f"{drills:>5,} {noun}{duration(sum(result.elapsed_s for result in results)):>10}"


def note(result: ScenarioResult) -> str:
    """Return what stands behind a line: only where an expectation was written."""
    judgement = result.judgement
    expects_fail = judgement.expected is not None and judgement.expected.verdict is Verdict.FAIL
    if not expects_fail:
        return ""
    if judgement.as_expected:
        return "as expected"
    if result.verdict is not Verdict.FAIL:
        return "expected FAIL"
    return "unexpected" if judgement.counts_as is Verdict.FAIL else "UNVERIFIED too"


def is_stale(result: ScenarioResult) -> bool:
    """Whether an expected FAIL did not come, or not all of it."""
    return result.judgement.reason.startswith(STALE)


def summary(run: RunResult, layout: Layout) -> list[Text]:
    """Return the sums: what was as expected, what was not, drills and restore points, time."""
    stale = sum(is_stale(result) for result in run.scenarios)
    by_kind = (
        (_counted(run.scenarios, Verdict.PASS), "as expected", "green"),
        (_counted(run.scenarios, Verdict.FAIL) - stale, "FAIL", "red"),
        (_counted(run.scenarios, Verdict.UNVERIFIED), "UNVERIFIED", "yellow"),
        (stale, "expected FAIL not seen", "red"),
    )
    shown = [(f"{number:,} {what}", style) for number, what, style in by_kind if number]
    verdicts: list[str | tuple[str, str]] = []
    for part in shown or [("nothing was run", "")]:
        verdicts += [", ", part] if verdicts else [part]
    figures = layout.signs.join(drills_and_points(run.scenarios), duration(run.elapsed_s))
    whole = line(*verdicts, f" {layout.signs.dot} ", figures)
    return [whole] if whole.cell_len <= layout.columns else [line(*verdicts), line(figures)]


def _counted(results: Iterable[ScenarioResult], counts_as: Verdict) -> int:
    return sum(result.judgement.counts_as is counts_as for result in results)


def drills_and_points(results: Iterable[ScenarioResult]) -> str:
    """Return ``113 drills of 97 restore points``; a point belongs to its scenario."""
    drills = [
        (number, drill) for number, one in enumerate(results) for drill in one.judgement.drills
    ]
    points = {(number, drill.restore_point) for number, drill in drills if drill.restore_point}
    return f"{count(len(drills), 'drill')} of {count(len(points), 'restore point')}"


def interruption(run: RunResult, planned: int) -> Text:
    """Return what an interrupted run finished and what it did not; *planned* were to be run."""
    cut = [result for result in run.scenarios if is_broken_off(result)]
    begun = [result for result in cut if result.judgement.drills or result.backups]
    missing = max(planned, len(run.scenarios)) - len(run.scenarios)
    idle = len(cut) - len(begun) + missing
    last = len(begun) + idle
    parts = [
        f"{count(len(run.scenarios) - len(cut), 'scenario')} finished",
        f"{len(begun)} broken off" if begun else "",
        f"{idle} not started" if idle else "",
    ]
    tail = "" if not last else " That one is" if last == 1 else f" These {last} are"
    return line(
        f"interrupted at {duration(run.elapsed_s)}: "
        + ", ".join(part for part in parts if part)
        + "."
        + (f"{tail} UNVERIFIED." if tail else "")
    )


def is_broken_off(result: ScenarioResult) -> bool:
    """Whether a signal or a crash ended the scenario before its end."""
    return any(finding.code == "interrupted" for finding in result.judgement.findings)
