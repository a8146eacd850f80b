"""The application's own word on what was restored: what is asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

DEFAULT_LIMIT = timedelta(minutes=5)
# What a shell ends with where it cannot execute a command, or does not find it (POSIX, XCU 2.8.2);
# setpriv and unshare do the same.
NOT_STARTED = frozenset({126, 127})

ProbeOutcome = Literal["passed", "failed", "hung", "not started"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A command that is run in each restored tree; its words are handed over as they are."""

    command: tuple[str, ...]
    limit: timedelta = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise ValueError("a probe needs a command")
        if any("\0" in word for word in self.command):
            raise ValueError("a word of a command has no NUL in it")
        if self.limit <= timedelta():
            raise ValueError("a probe needs some time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """One execution of a probe, already redacted."""

    command: tuple[str, ...]
    status: int | None  # negative: killed by that signal; None: it was never executed
    elapsed_s: float
    limit_s: float
    timed_out: bool = False
    is_isolated: bool = False  # whether it had no network
    tail: tuple[str, ...] = ()  # the last lines of its stdout and stderr
    problem: str = ""  # why it was never executed
    log: str = ""  # side file with more of its output

    @property
    def outcome(self) -> ProbeOutcome:
        """What it says: only *passed* and *failed* say anything of the backup.

        One that had to be killed has not said its word. Whether it waited for a network that it
        must not have, for a slow machine, or for ever, cannot be told from outside.
        """
        if self.timed_out:
            return "hung"
        if self.status is None or self.status in NOT_STARTED:
            return "not started"
        return "failed" if self.status else "passed"
