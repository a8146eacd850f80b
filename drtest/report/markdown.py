"""The run in Markdown, short: for a pull request, or the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from drtest.errors import EnvironmentFault
from drtest.model.events import Event
from drtest.model.finding import CATALOGUE, Severity
from drtest.model.run import RunResult, ScenarioResult, Settings
from drtest.report import brief, money
from drtest.report.advice import span
from drtest.report.archive import write_text
from drtest.report.blocks import again
from drtest.report.calendar import day_words
from drtest.report.points import percent
from drtest.report.rows import drills_and_points
from drtest.report.told import MARKS, Mark, scenario_mark
from drtest.report.volumes import Volumes, volumes
from drtest.report.wording import count, duration, printable

FINDINGS = 10  # told; more make a wall of text that nobody reads
SCENARIOS = 30  # or points of a grid
TARIFFS = 3
_LONGEST = 400  # of one sentence
_ACTIVE = re.compile(r"([\\`*_\[\]#+~$])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "@": "&#64;"}
_SIGNS: dict[Mark, str] = {
    "pass": "✅",
    "fail": "❌",
    "unverified": "❔",
    "known": "🔶",
    "none": "➖",
}


def markdown(run: RunResult) -> str:
    """Return *run* as Markdown; names are escaped, so that none makes a link or calls a person."""
    return "\n".join(_lines(run)) + "\n"


def plain(text: str) -> str:
    """Return *text* so that Markdown shows it as it is, in one line."""
    shown = printable(text)
    if len(shown) > _LONGEST:
        shown = shown[: _LONGEST - 1] + "…"
    shown = "".join(_ENTITIES.get(char, char) for char in shown)
    shown = shown.replace("://", ":&#8203;//").replace("www.", "www&#8203;.")
    return _ACTIVE.sub(r"\\\1", shown).replace("&\\#", "&#")


class MarkdownReporter:
    """Writes *path* when the run ends; *append* adds to what a job's summary holds already."""

    def __init__(
        self, path: Path, *, append: bool = False, redact: Callable[[str], str] = str
    ) -> None:
        self._path, self._append, self._redact = path, append, redact

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        """Write nothing yet."""

    def event(self, scenario: str, event: Event) -> None:
        """Write nothing."""

    def finish_scenario(self, result: ScenarioResult) -> None:
        """Write nothing yet."""

    def finish(self, run: RunResult, folder: Path | None) -> None:  # noqa: ARG002
        """Write it, or add it to the end."""
        text = self._redact(markdown(run))
        if not self._append:
            write_text(self._path, text)
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as problem:
            raise EnvironmentFault(f"{self._path}: {problem.strerror}") from problem

    def close(self) -> None:
        """Nothing is open."""


def _lines(run: RunResult) -> Iterator[str]:
    told = brief.brief(run)
    yield f"## {_sign(told.mark)}: {plain(told.headline)}"
    yield ""
    yield plain(told.lead)
    yield ""
    yield "| | | |"
    yield "|---|---|---|"
    for one in told.questions:
        yield f"| {plain(one.title)} | {_sign(one.mark)} | {plain(one.text)} |"
    yield ""
    yield from _findings(told)
    yield from _warnings(run)
    if run.tune is not None:
        yield from _tuned(volumes(run.tune, run.started_at.date()))
    yield from _scenarios(run)
    for priced in money.by_prices(run.scenarios) if run.tune is None else ():
        yield f"Prices: {plain(money.source(priced.prices, run.started_at.date()))}."
        yield ""
    settings = run.settings
    yield (
        f"drtest {plain(settings.drtest)}, duplicity {plain(settings.duplicity or 'none')}, "
        f"store {plain(settings.store)}; {drills_and_points(run.scenarios)}; "
        f"{day_words(run.started_at.date())}, {duration(run.elapsed_s)}; exit {run.exit_status}"
    )


def _findings(told: brief.Brief) -> Iterator[str]:
    both = [*told.findings, *told.doubts]
    for one in both[:FINDINGS]:
        finding = one.finding
        silent = " **silently wrong**," if finding.silent else ""
        yield (
            f"{one.number}. `{finding.code}`{silent} in {plain(one.result.title)} "
            f"({plain(one.result.file)}:{finding.line or one.result.line})  "
        )
        yield f"   {plain(finding.message)}  "
        yield f"   *{plain(finding.advice)}*"
    if (more := len(both) - FINDINGS) > 0:
        yield f"\nand {count(more, 'more finding')} in `run.json`"
    if both:
        yield ""


def _warnings(run: RunResult) -> Iterator[str]:
    """What changes no verdict and still asks for something, each code once; notes are left out."""
    found = [one for one in brief.also(run) if CATALOGUE[one[0]].severity is Severity.WARNING]
    for code, message, more, _ in found[:FINDINGS]:
        again = f" ({more:,} more)" if more else ""
        yield f"- `{code}`: {plain(message)}{again}"
    if found:
        yield ""


def _tuned(told: Volumes) -> Iterator[str]:
    """What volume size does, with each of the first prices: the advice, and the table folded."""
    yield "### Cost and volume size"
    yield ""
    for number, tariff in enumerate(told.tariffs[:TARIFFS]):
        is_at_the_top = number == 0 and len(tariff.said) > 1
        said = tariff.said[1:] if is_at_the_top else tariff.said
        yield " ".join(plain(one) for one in (*said, *tariff.asides))
        yield ""
        yield f"<details><summary>{plain(tariff.source)}</summary>"
        yield ""
        currency = plain(tariff.advice.prices.currency)
        yield f"| volsize | chunk | requests, {currency} | one file | a month, {currency} | |"
        yield "|---:|---:|---:|---:|---:|---|"
        for row in tariff.rows[:SCENARIOS]:
            point = row.point
            how = "measured" if point.is_measured else "modelled"
            words = f"**{row.words}**, {how}" if row.words else how
            yield (
                f"| {point.volsize_mib:,} | {point.chunk_mib:,} | {plain(row.requests)} "
                f"| {span(point.restore_file.time_s)} | {plain(row.per_month)} | {words} |"
            )
        if (more := len(tariff.rows) - SCENARIOS) > 0:
            yield f"| {count(more, 'more point')} | | | | | |"
        yield ""
        yield "</details>"
        yield ""
    if (more := len(told.tariffs) - TARIFFS) > 0:
        yield f"{count(more, 'more price list')} in `run.json`"
        yield ""
    if (error := told.tuning.unseen) is not None:
        yield (
            f"Model against meter: requests {percent(error.requests_off)}, bytes "
            f"{percent(error.bytes_off)} on volsize {error.volsize_mib}, which it had not seen."
        )
        yield ""


def _scenarios(run: RunResult) -> Iterator[str]:
    """A table, what is not as expected first; what passed is folded where there is much of it."""
    ranked = sorted(run.scenarios, key=lambda one: one.judgement.as_expected)
    if not ranked:
        return
    yield "<details><summary>" + count(len(ranked), "scenario") + "</summary>"
    yield ""
    yield "| scenario | verdict | drills | time |"
    yield "|---|---|---:|---:|"
    for one in ranked[:SCENARIOS]:
        yield (
            f"| {plain(one.title)} | {_sign(scenario_mark(one))} "
            f"| {len(one.judgement.drills):,} | {duration(one.elapsed_s)} |"
        )
    if (more := len(ranked) - SCENARIOS) > 0:
        yield f"| {count(more, 'more scenario')} | | | |"
    yield ""
    wrong = [one for one in ranked if not one.judgement.as_expected]
    if wrong:
        yield "What was not as expected, again:"
        yield ""
        yield "```sh"
        for one in wrong[:FINDINGS]:
            yield again(one).replace("```", "'``'`")
        yield "```"
        yield ""
    yield "</details>"
    yield ""


def _sign(mark: Mark) -> str:
    return f"{_SIGNS[mark]} {MARKS[mark]}"
