"""What is going on in a run right now, in words: read by the live lines and by the plain ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from drtest.model.events import (
    ActionFinished,
    ChainRecorded,
    DamageDone,
    DrillFinished,
    DrillStarted,
    Event,
    FaultSeen,
    KeyMade,
    ListingRecorded,
    PartLeftOut,
    RequestsPredicted,
    RolledBack,
    RulesCounted,
    ScenarioFinished,
    ScenarioStarted,
    SourceChanged,
    SourceMutated,
    StepFinished,
    StepStarted,
    ToxicSeen,
    TruthRecorded,
)
from drtest.model.interval import format_instant
from drtest.report.wording import duration

_ESTIMATE_AFTER_S = 5.0  # before that the figure is noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One scenario under way: what it does, and how far it is."""

    name: str
    began_s: float
    where: str = ""  # "2026-07-06 06:25", or what a drill restores
    what: str = "set-up"  # the step, or "drill"
    steps: int = 0
    drills: int = 0
    step: int = 0  # under way, from 1
    drill: int = 0  # how many have begun

    @property
    def place(self) -> str:
        """``step 134 of 243``, ``drill 3 of 20``; nothing before the first step."""
        if self.drill:
            return f"drill {self.drill} of {max(self.drill, self.drills)}"
        return f"step {self.step} of {max(self.step, self.steps)}" if self.step else ""

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1, as if every step and drill took the same time."""
        whole = self.steps + self.drills
        begun = self.steps + self.drill if self.drill else self.step
        return min(max(begun - 1, 0) / whole, 1.0) if whole else 0.0


def follow(running: Running, event: Event) -> Running:
    """Return *running* after *event*."""
    match event:
        case ScenarioStarted(steps=steps, drills=drills):
            return replace(running, steps=steps, drills=drills)
        case StepStarted(index=index, at=at, what=what):
            return replace(running, where=format_instant(at), what=what, step=index)
        case DrillStarted(what=what):
            return replace(running, where=what, what="drill", drill=running.drill + 1)
        case (
            RequestsPredicted()
            | SourceMutated()
            | SourceChanged()
            | TruthRecorded()
            | KeyMade()
            | RulesCounted()
            | ActionFinished()
            | ToxicSeen()
            | DamageDone()
            | RolledBack()
            | ListingRecorded()
            | ChainRecorded()
            | StepFinished()
            | DrillFinished()
            | FaultSeen()
            | PartLeftOut()
        ):
            return running
        case ScenarioFinished():
            return replace(running, where="", what="judging")
        case _ as never:
            assert_never(never)


class Progress:
    """The state of all scenarios; written by the reporter, read by the thread that draws."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began_s = clock()
        self._total = 0
        self._done = 0
        self._running: dict[str, Running] = {}

    def begin(self, total: int) -> None:
        """*total* scenarios will be run, from now on."""
        with self._lock:
            self._began_s = self._clock()
            self._total = total

    def event(self, scenario: str, event: Event) -> None:
        """Follow one event of *scenario*."""
        with self._lock:
            before = self._running.get(scenario)
            if before is None:
                before = Running(name=scenario, began_s=self._clock())
            self._running[scenario] = follow(before, event)

    def finish(self, scenario: str) -> None:
        """*scenario* has ended."""
        with self._lock:
            self._running.pop(scenario, None)
            self._done += 1

    def running(self) -> tuple[tuple[Running, float], ...]:
        """Return what is under way, the oldest first, each with the seconds since it began."""
        with self._lock:
            now = self._clock()
            return tuple((one, now - one.began_s) for one in self._running.values())

    def whole(self) -> tuple[str, str]:
        """Return ``2 of 13 scenarios done, 2 running`` and ``0:52 so far, about 1:00 left``."""
        with self._lock:
            elapsed = self._clock() - self._began_s
            share = self._done + sum(one.share for one in self._running.values())
            noun = "scenario" if self._total == 1 else "scenarios"
            done = f"{self._done} of {self._total} {noun} done"
            if self._running:
                done += f", {len(self._running)} running"
            times = f"{duration(elapsed)} so far"
            left = self._total - share
            if elapsed >= _ESTIMATE_AFTER_S and share >= 0.05 * self._total and left > 0:
                times += f", about {duration(elapsed / share * left)} left"
            return done, times
