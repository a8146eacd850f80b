"""duplicity's time words: intervals such as ``1D2h``, and instants as drtest writes them.

Source: duplicity's man page, section TIME FORMATS, and dup_time.py (3.2.1): ``s m h D W M Y``,
case matters, a month is 30 days and a year 365.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

SECONDS = {
    "s": 1,
    "m": 60,
    "h": 3600,
    "D": 86400,
    "W": 7 * 86400,
    "M": 30 * 86400,
    "Y": 365 * 86400,
}
_WHOLE = re.compile(r"(?:[0-9]+[smhDWMY])+", re.ASCII)
_PART = re.compile(r"([0-9]+)([smhDWMY])", re.ASCII)


def parse_interval(text: str) -> timedelta:
    """Return the interval that duplicity reads in *text*; ValueError says what is allowed."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(
            f"{text!r} is not an interval: write numbers with s, m (minutes), h, D, W, M (30 days) "
            "or Y behind them, such as 30m, 1D2h or 6M"
        )
    seconds = sum(int(number) * SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > 200 * SECONDS["Y"]:
        raise ValueError(f"{text!r} is longer than 200 years")
    return timedelta(seconds=seconds)


def format_interval(interval: timedelta) -> str:
    """Return the shortest duplicity word for *interval* in weeks-free units: ``1D2h``, ``0s``.

    Days are the largest unit, so that no reader has to know how long drtest's month is.
    """
    seconds = int(interval.total_seconds())
    if seconds < 0:
        raise ValueError("an interval is not negative")
    parts: list[str] = []
    for unit in ("D", "h", "m", "s"):
        number, seconds = divmod(seconds, SECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def epoch(instant: datetime) -> int:
    """Return whole seconds since 1970 of an aware *instant*: the form given to duplicity."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a timezone")
    return int(instant.timestamp())


def from_epoch(seconds: float) -> datetime:
    """Return the UTC instant *seconds* after 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def format_instant(instant: datetime) -> str:
    """Return *instant* as drtest prints it: ``2026-01-09 03:00``, seconds only where not zero."""
    shown = instant.astimezone(UTC)
    return shown.strftime("%Y-%m-%d %H:%M:%S" if shown.second else "%Y-%m-%d %H:%M")
