"""Several reporters at once: one that breaks costs itself and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.results import SETTINGS, run, scenario

from drtest.model.events import Event, StepStarted
from drtest.model.run import RunResult, ScenarioResult, Settings
from drtest.report.interface import Reporter, Reporters

CALLS = ("begin", "event", "finish_scenario", "finish", "close")
EVENT = StepStarted(index=1, at=datetime(2026, 1, 1, tzinfo=UTC), what="backup")


class Listener:
    """Remembers the calls, and raises in one of them."""

    def __init__(self, breaks_in: str = "") -> None:
        self.heard: list[str] = []
        self._breaks_in = breaks_in

    def _hear(self, call: str) -> None:
        self.heard.append(call)
        if call == self._breaks_in:
            raise RuntimeError("no paper")

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        self._hear("begin")

    def event(self, scenario: str, event: Event) -> None:
        self._hear("event")

    def finish_scenario(self, result: ScenarioResult) -> None:
        self._hear("finish_scenario")

    def finish(self, run: RunResult, folder: Path | None) -> None:
        self._hear("finish")

    def close(self) -> None:
        self._hear("close")


def tell_all(reporters: Reporter) -> None:
    reporters.begin(SETTINGS, ["a"])
    reporters.event("a", EVENT)
    reporters.finish_scenario(scenario("a"))
    reporters.finish(run(scenario("a")), None)
    reporters.close()


@pytest.mark.parametrize("call", CALLS)
def test_a_reporter_that_breaks_silences_only_itself(call: str) -> None:
    broken, sound = Listener(breaks_in=call), Listener()
    reporters = Reporters([broken, sound])
    tell_all(reporters)
    assert sound.heard == list(CALLS)
    until = CALLS.index(call) + 1
    assert broken.heard == [*CALLS[:until], *(["close"] if call != "close" else [])]
    assert [str(failure) for failure in reporters.failures] == [
        f"the Listener reporter broke in {call}: RuntimeError: no paper"
    ]


def test_all_are_closed_once_when_the_run_breaks() -> None:
    listener = Listener()
    with pytest.raises(KeyboardInterrupt), Reporters([listener]) as reporters:
        reporters.begin(SETTINGS, ["a"])
        raise KeyboardInterrupt
    reporters.close()
    assert listener.heard == ["begin", "close"]
    assert reporters.failures == ()
