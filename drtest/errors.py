"""Everything drtest raises on purpose.

* DrtestError               exit 70
  x UsageError              exit 2
    x ScenarioError         exit 2
  x EnvironmentFault        exit 3
    x ToolMissing           exit 3
    x StoreFailed           exit 3
    x OutOfSpace            exit 3
    x TimeLimit             exit 3
    x UnfitSource           exit 3
    x CapabilityMissing     exit 3
  x Interrupted             exit 130

A failed check is never an exception: it is a finding (drtest.model.finding).
"""

from __future__ import annotations

from typing import ClassVar


class DrtestError(Exception):
    """drtest could not do its job. Never used for a failed check."""

    exit_code: ClassVar[int] = 70


class UsageError(DrtestError):
    """Unusable arguments, or nothing selected; nothing was run."""

    exit_code: ClassVar[int] = 2


class ScenarioError(UsageError):
    """Scenario files are not usable; ``rendered`` carries every problem found, ready to print."""

    exit_code: ClassVar[int] = 2

    def __init__(self, rendered: str, *, problems: int) -> None:
        super().__init__(rendered)
        self.problems = problems


class EnvironmentFault(DrtestError):
    """Something that drtest needs around it is absent, down or full: UNVERIFIED, never FAIL."""

    exit_code: ClassVar[int] = 3


class ToolMissing(EnvironmentFault):
    """gpg, duplicity or a store's binary could not be had; the message says how to get it."""

    exit_code: ClassVar[int] = 3


class StoreFailed(EnvironmentFault):
    """The S3 store did not start, died or was full; ``log_tail`` holds its last lines."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.log_tail = log_tail


class OutOfSpace(EnvironmentFault):
    """The disk that drtest works on is full."""

    exit_code: ClassVar[int] = 3


class TimeLimit(EnvironmentFault):
    """The scenario's own time limit ran out before it was done."""

    exit_code: ClassVar[int] = 3


class UnfitSource(EnvironmentFault):
    """The source cannot be built or changed as the scenario says."""

    exit_code: ClassVar[int] = 3


class CapabilityMissing(EnvironmentFault):
    """The store or the machine cannot do what the scenario needs; ``capability`` names it."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, capability: str) -> None:
        super().__init__(message)
        self.capability = capability


class Interrupted(DrtestError):
    """SIGINT or SIGTERM; what was finished is reported, the rest is UNVERIFIED."""

    exit_code: ClassVar[int] = 130
