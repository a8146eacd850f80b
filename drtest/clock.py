"""The one door to the real clock, and the timeline's own clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    """Return the real instant, timezone-aware, in UTC."""
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Return seconds of a clock that never runs backwards; only differences mean anything."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Wait between two looks at something outside (a server's port); never to order two events."""
    time.sleep(seconds)


@dataclass(slots=True, kw_only=True)
class TimelineClock:
    """Simulated time: moves only forward, and only when the timeline says so."""

    now: datetime

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("the timeline's clock needs a timezone-aware instant")

    def advance_to(self, instant: datetime) -> datetime:
        """Move to *instant*; an earlier one is a ValueError."""
        if instant < self.now:
            raise ValueError("the timeline does not run backwards")
        self.now = instant
        return self.now

    def advance(self, by: timedelta) -> datetime:
        """Move forward *by* an interval; a negative one is a ValueError."""
        return self.advance_to(self.now + by)
