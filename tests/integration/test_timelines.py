"""Random sound timelines give no finding with real duplicity; with an evil one they give one.

``DRTEST_TIMELINES=1000`` runs so many; ``-s`` shows what they were made of. A failing one is shrunk
and written as a scenario file, whose path the failure names.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bench import drill, opened
from support.deeds import NAMES, Evil
from support.timelines import timelines

from drtest.clock import monotonic_s
from drtest.duplicity.preload import Preload
from drtest.duplicity.versions import Duplicity
from drtest.model.events import ActionFinished, DrillFinished, Event, ListingRecorded, SourceMutated
from drtest.model.finding import Severity
from drtest.model.interval import epoch
from drtest.model.plan import plan
from drtest.model.restores import restores
from drtest.model.run import ScenarioResult
from drtest.model.scenario import Paths, Prune, Scenario
from drtest.model.verdict import Verdict
from drtest.runner.bench import Bench
from drtest.scenario.dump import dump

pytestmark = [pytest.mark.needs("gpg"), pytest.mark.slow]

NUMBER = int(os.environ.get("DRTEST_TIMELINES", "25"))
# Real processes take the time that they take, and a draw of a whole scenario is a large one.
MANY = settings(
    max_examples=NUMBER,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
_numbers = itertools.count(1)


@dataclass(slots=True)
class Tally:
    """What the timelines of a test were made of."""

    started_s: float = field(default_factory=monotonic_s)
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, what: str, word: str, number: int = 1) -> None:
        """Count *word* among *what*."""
        self.counts.setdefault(what, Counter())[word] += number

    def see(self, scenario: Scenario, events: list[Event], result: ScenarioResult) -> None:
        """Count one run."""
        policy = scenario.policy
        self.add("timelines", "run")
        self.add("sets", str(result.backups))
        self.add("encryption", policy.encryption + ("" if policy.sign_key is None else ", signed"))
        for rule in policy.select:
            self.add("rules", f"{rule.action} {rule.kind}")
        prunes = {dated.index for dated in scenario.steps if isinstance(dated.step, Prune)}
        for event in events:
            match event:
                case SourceMutated(changed=changed):
                    for verb, files in changed.items():
                        self.add("mutations", verb if files else f"{verb}, of nothing")
                case ListingRecorded(index=index) if index in prunes:
                    self.add("prunes", "removed sets" if event.removed else "removed nothing")
                case ActionFinished(call=call):
                    self.add("actions", call.action)
                case DrillFinished(restored=restored):
                    self.add("restores", event.must_be, len(restored))
                case _:
                    pass
        for finding in result.judgement.findings:
            self.add("findings", finding.code)

    def __str__(self) -> str:
        lines = [f"{monotonic_s() - self.started_s:,.0f} s"]
        for what, counter in self.counts.items():
            parts = ", ".join(f"{word} {count}" for word, count in sorted(counter.items()))
            lines.append(f"{what}: {parts}")
        return "\n".join(lines)


@pytest.fixture(scope="module")
def bench(duplicity: Duplicity) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder,
        opened(duplicity, Path(folder)) as ready,
        Preload(ready.duplicity, ready.workspace.folder("preload")) as preload,
    ):
        yield replace(ready, runner=preload.run, preloaded=True)


def run(bench: Bench, scenario: Scenario) -> tuple[list[Event], ScenarioResult]:
    """Run *scenario* under a name of its own, since the request log goes by names."""
    named = replace(scenario, name=f"{scenario.name} {next(_numbers)}")
    with tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder:
        return drill(bench, named, Path(folder))


def written(scenario: Scenario, folder: Path) -> Path:
    """Write *scenario* as a file; while Hypothesis shrinks, the smallest comes last."""
    file = folder / "timeline.yaml"
    file.write_text(dump(scenario), encoding="utf-8")
    return file


def test_sound_timelines_give_no_finding(bench: Bench, tmp_path: Path) -> None:
    tally = Tally()

    @MANY
    @given(timelines())
    def is_sound(scenario: Scenario) -> None:
        events, result = run(bench, scenario)
        found = [
            f"{one.code} ({one.subject}): {one.message}"
            for one in result.judgement.findings
            if one.severity is not Severity.NOTE
        ]
        if found or result.verdict is not Verdict.PASS:
            file = written(scenario, tmp_path)
            pytest.fail(f"{file} gives {result.verdict}: {' '.join(found)}", pytrace=False)
        tally.see(scenario, events, result)

    try:
        is_sound()
    finally:
        print(tally)


EVIL = max(25, NUMBER // 4)  # one deed each; what spoils nothing by chance is tried again
LEAST_FOUND = 0.99


def successful(scenario: Scenario) -> int:
    """Return how many calls of duplicity's restore a sound run makes that must succeed."""
    made = plan(scenario).made
    return sum(
        len(restores(scenario, one, made))
        * (len(one.restore.paths) if isinstance(one.restore, Paths) else 1)
        for one in scenario.drills
        if one.must_be == "recovered"
    )


def test_an_evil_duplicity_is_found(bench: Bench, tmp_path: Path) -> None:
    """One restore of each timeline is spoiled, and a deed that is not seen is written down."""
    tally, missed = Tally(), list[str]()

    @settings(MANY, max_examples=EVIL)
    @given(timelines(), st.sampled_from(NAMES), st.integers(0, 99), st.integers(0, 1 << 31))
    def is_found(scenario: Scenario, deed: str, nth: int, seed: int) -> None:
        evil = Evil(
            real=bench.runner,
            deed=deed,
            nth=nth % successful(scenario),
            first_at=epoch(plan(scenario).made[0].at),
            rng=Random(seed),
        )
        events, result = run(replace(bench, runner=evil), scenario)
        if not evil.done:
            tally.add("no deed", deed)
            return
        tally.see(scenario, events, result)
        tally.add("deeds", deed)
        if result.verdict is not Verdict.FAIL:
            folder = tmp_path / str(len(missed))
            folder.mkdir()
            missed.append(f"{deed} at restore {evil.nth}: {written(scenario, folder)}")

    try:
        is_found()
    finally:
        print(tally)
    deeds = tally.counts["deeds"].total()
    assert deeds >= EVIL // 2, "too few deeds were done to say anything"
    assert len(missed) <= (1 - LEAST_FOUND) * deeds, "\n".join(["not found:", *missed])
