"""What a reporter is told, and how several are told at once.

The order is: ``begin`` once; then ``event`` and ``finish_scenario`` in any mixture, the events of
one scenario in their own order and before its result; then ``finish`` once, unless drtest itself
broke; then ``close``, always and once. Calls never overlap. A reporter reads what it is given and
changes nothing; whatever it raises costs the user that report and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from drtest.model.events import Event
from drtest.model.run import RunResult, ScenarioResult, Settings


class Reporter(Protocol):
    """Tells a run to someone. ``scenario`` is one of the names that ``begin`` was given."""

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        """Hear what will be run; *scenarios* are names in the order of the files."""
        ...

    def event(self, scenario: str, event: Event) -> None:
        """Hear one event while it happens."""
        ...

    def finish_scenario(self, result: ScenarioResult) -> None:
        """Hear what one scenario came to, in the order in which they end."""
        ...

    def finish(self, run: RunResult, folder: Path | None) -> None:
        """Hear what the run came to, and the folder of its archive (None: nothing was kept)."""
        ...

    def close(self) -> None:
        """Let go of threads and terminal; streams stay open, they are the caller's."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A reporter that raised, and where."""

    reporter: str
    call: str
    error: Exception

    def __str__(self) -> str:
        kind = type(self.error).__name__
        return f"the {self.reporter} reporter broke in {self.call}: {kind}: {self.error}"


class Reporters:
    """Hands every call to all reporters, one call at a time, from any thread.

    A reporter that raises is told nothing more (but is closed), the others go on, and ``failures``
    remembers it: drtest is then broken (exit 70 where nothing worse), and no verdict is lost.
    """

    def __init__(self, reporters: Sequence[Reporter]) -> None:
        self._reporters = tuple(reporters)
        self._silent: set[int] = set()
        self._failures: list[Failure] = []
        self._lock = threading.RLock()
        self._closed = False

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What broke so far; look again after ``close``."""
        return tuple(self._failures)

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        """Tell all that the run begins."""
        self._tell("begin", settings, scenarios)

    def event(self, scenario: str, event: Event) -> None:
        """Tell all of one event."""
        self._tell("event", scenario, event)

    def finish_scenario(self, result: ScenarioResult) -> None:
        """Tell all of one judged scenario."""
        self._tell("finish_scenario", result)

    def finish(self, run: RunResult, folder: Path | None) -> None:
        """Tell all of the whole."""
        self._tell("finish", run, folder)

    def close(self) -> None:
        """Close all, the broken ones too; a second time does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._silent.clear()
                self._tell("close")

    def _tell(self, call: str, *told: Any) -> None:
        with self._lock:
            for number, reporter in enumerate(self._reporters):
                if number in self._silent:
                    continue
                try:
                    getattr(reporter, call)(*told)
                except Exception as error:  # whatever it is, the verdict is worth more
                    self._silent.add(number)
                    name = type(reporter).__name__
                    self._failures.append(Failure(reporter=name, call=call, error=error))

    def __enter__(self) -> Reporters:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
