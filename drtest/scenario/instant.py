"""Instants as a scenario file writes them. Pure; ValueError is for the user."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone

ALLOWED = "Allowed: {example}, with Z or +01:00 behind it, or +1D"
_INSTANT = re.compile(
    r"(?P<date>(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2}))"
    r"(?:[ T](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?"
    r" ?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


def looks_like_instant(text: str) -> bool:
    """Whether *text* is meant as a date, right or wrong."""
    return re.match(r"[0-9]{1,4}[-/.][0-9]", text) is not None


def is_date(text: str) -> bool:
    """Whether *text* is a date alone, without a time of day."""
    found = _INSTANT.fullmatch(text)
    return found is not None and found["hour"] is None


def parse_instant(text: str) -> datetime:
    """Return the instant in *text*, in UTC; a date alone is its midnight."""
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(_allowed())
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    clock = f" {found['hour']}:{found['minute']}" if found["hour"] else ""
    if not 1971 <= year <= 9000:
        raise ValueError(f"years go from 1971 to 9000. {_allowed()}")
    if not 1 <= month <= 12:
        raise ValueError(f"a year has months 01 to 12. {_allowed()}")
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        name = f"{calendar.month_name[month]} {year} has {days} days"
        right = f"{year:04}-{month:02}-{min(max(day, 1), days):02}{clock}"
        raise ValueError(f"{name}. {_allowed(right)}")
    if hour > 23 or minute > 59 or second > 59:
        right = f"{found['date']} 23:59"
        raise ValueError(f"a day ends at 23:59:59. {_allowed(right)}")
    return datetime(year, month, day, hour, minute, second, tzinfo=_zone(found["zone"])).astimezone(
        UTC
    )


def last_second(text: str) -> datetime:
    """Return the instant in *text*, where a date alone means the end of that day."""
    instant = parse_instant(text)
    return instant + timedelta(days=1, seconds=-1) if is_date(text) else instant


def _allowed(example: str = "2026-01-01 03:00") -> str:
    return ALLOWED.format(example=example)


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(f"zones go from -14:00 to +14:00. {_allowed()}")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
