"""The words that messages and evidence are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from drtest.model import nouns
from drtest.model.events import Call, Stanza
from drtest.model.interval import format_instant, format_interval

EVIDENCE_PATHS = 1000  # more help nobody; the total is always told beside them
_STANZAS = 20


def shown(path: str) -> str:
    """Return a path of the source as the user writes it."""
    return "/" if path == "." else f"/{path}"


counted = nouns.counted


def listed(instants: Collection[datetime]) -> str:
    """Return up to three instants, or the first and the last of more."""
    ordered = sorted(instants)
    if len(ordered) <= 3:
        return ", ".join(format_instant(one) for one in ordered)
    return f"{format_instant(ordered[0])} to {format_instant(ordered[-1])}"


def at_points(points: Collection[datetime]) -> str:
    """Return ``at restore point ...``, ``at 3 restore points (... to ...)`` or nothing."""
    if not points:
        return ""
    if len(points) == 1:
        return f"at restore point {listed(points)}"
    return f"at {len(points)} restore points ({listed(points)})"


def stamps(instants: Iterable[datetime]) -> list[str]:
    """Return instants for evidence: ISO 8601 with their zone, in order of time."""
    return [one.isoformat() for one in sorted(instants)]


def age(interval: timedelta) -> str:
    """Return an interval in duplicity's words, in minutes where it is longer than an hour."""
    if interval >= timedelta(hours=1):
        interval -= timedelta(seconds=interval.total_seconds() % 60)
    return format_interval(interval)


def status(call: Call) -> str:
    """Return ``21 mismatched_hash``."""
    return f"{call.status} {call.status_name}".rstrip()


def stanzas(of: Sequence[Stanza]) -> list[dict[str, object]]:
    """Return the first stanzas for evidence, errors before warnings."""
    ranked = sorted(of, key=lambda one: {"ERROR": 0, "WARNING": 1}.get(one.keyword, 2))
    return [
        {"keyword": one.keyword, "code": one.code, "args": list(one.args), "text": one.text}
        for one in ranked[:_STANZAS]
    ]


def cause(call: Call) -> str:
    """Return the first line of duplicity's own error, ready to stand in a sentence, or nothing."""
    text = next((one.text for one in call.stanzas if one.keyword == "ERROR" and one.text), "")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return f": {line.strip()[:160]}"
