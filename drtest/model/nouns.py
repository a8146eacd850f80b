"""Numbers with what they count, as findings, reports and assumptions spell them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return ``1 path``, ``1,200 paths``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
