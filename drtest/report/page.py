"""The page that one forwards: a run as one self-contained index.html.

Nothing is loaded, nothing is scripted (the page forbids both itself), and all that came from
outside drtest is escaped by Jinja2. It grows with what was found and not with the requests: long
lists are cut, and say by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from drtest.model.events import Event
from drtest.model.finding import Severity
from drtest.model.grid import MIB
from drtest.model.run import RunResult, ScenarioResult, Settings
from drtest.report import advice, brief, money, plots, sections
from drtest.report import calendar as dates
from drtest.report.archive import PAGE_FILE, write_text
from drtest.report.evidence import evidence
from drtest.report.points import percent
from drtest.report.rows import STALE
from drtest.report.told import MARKS, points_of, scenario_mark
from drtest.report.totals import add_up, add_up_predicted
from drtest.report.volumes import volumes
from drtest.report.wording import count, duration, printable, size

FINDINGS = 40  # told in full
_DISTURBANCES = 100


def render(run: RunResult, folder: Path | None = None) -> str:
    """Return *run* as a page; links to files of *folder* are made only where they are there."""
    told = brief.brief(run)
    totals, foreseen = add_up(run.scenarios), add_up_predicted(run.scenarios)
    drills = [(one, drill) for one in run.scenarios for drill in one.judgement.drills]
    known = [
        (one, finding)
        for one in run.scenarios
        if sections.is_known(one)
        for finding in one.judgement.findings
        if finding.severity is Severity.FAILURE
    ]
    return _template().render(
        run=run,
        brief=told,
        marks=MARKS,
        evidence=evidence,
        findings=told.findings[:FINDINGS],
        more_findings=max(0, len(told.findings) - FINDINGS),
        doubts=told.doubts[:FINDINGS],
        more_doubts=max(0, len(told.doubts) - FINDINGS),
        known=known[:FINDINGS],
        more_known=max(0, len(known) - FINDINGS),
        also=brief.also(run),
        scenarios=run.scenarios[: sections.SCENARIOS],
        more_scenarios=max(0, len(run.scenarios) - sections.SCENARIOS),
        drills=drills,
        places=(places := list(sections.places(run.scenarios, alike=run.tune is not None))),
        more_places=sum(sections.has_points(one) for one in run.scenarios) - len(places),
        counts=dates.counts(points_of(run.scenarios)),
        words=dates.WORDS,
        fulls=sum(one.is_full for one in points_of(run.scenarios)),
        times=list(sections.times(run.scenarios, alike=run.tune is not None)),
        more_times=max(0, len(run.scenarios) - sections.SCENARIOS),
        disturbances=(made := sections.disturbances(run.scenarios))[:_DISTURBANCES],
        more_disturbances=max(0, len(made) - _DISTURBANCES),
        refused=[(one, drill) for one, drill in drills if drill.must_be == "refused"][
            :_DISTURBANCES
        ],
        totals=totals,
        foreseen=foreseen,
        grid=None if totals is None else sections.grid(totals.by_phase, foreseen),
        priced=money.by_prices(run.scenarios),
        tuned=None if run.tune is None else volumes(run.tune, run.started_at.date()),
        money=money.money,
        source=money.source,
        losses=(lost := sections.losses(run.scenarios))[:FINDINGS],
        more_losses=max(0, len(lost) - FINDINGS),
        blind=list(dict.fromkeys(x for one in run.scenarios for x in one.judgement.not_compared)),
        left_out=[
            *run.left_out,
            *(f"{one.title}: {text}" for one in run.scenarios for text in one.left_out),
        ],
        commands=sections.commands(run.scenarios),
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
        "mib": lambda size_bytes: f"{size_bytes / MIB:,.0f}",
        "percent": percent,
        "span": advice.span,
        "sentence": lambda text: f"{text[:1].upper()}{text[1:]}.",
        "breakable": _breakable,
        "scenario_mark": scenario_mark,
        "disturbance_mark": sections.disturbance_mark,
        "drill_mark": sections.drill_mark,
        "stale": lambda finding: finding.code == STALE,
    }
    return found.get_template("page.html")
