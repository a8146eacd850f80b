"""Amounts of a whole source as people say them: 2 TB, 100 Mbit/s, 1%, 3M files.

Pure; ValueError is for the user.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from drtest.model.grid import MOST_SIZE_BYTES, Project
from drtest.scenario import words

T = TypeVar("T")
NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,6})?"
UNITS = {
    "TiB": 1 << 40,
    "GiB": 1 << 30,
    "MiB": 1 << 20,
    "KiB": 1 << 10,
    "TB": 10**12,
    "GB": 10**9,
    "MB": 10**6,
    "kB": 10**3,
    "B": 1,
}
BITS = {"Gbit": 125_000_000, "Mbit": 125_000, "kbit": 125}
_TIMES = {"": 1, "k": 1_000, "M": 1_000_000}
TOTALS = f"allowed: 100 GiB, 2 TB, up to 1000 TB; units are {', '.join(reversed(UNITS))}"
SPEEDS = "allowed: 32 MiB/s, 4 MB/s, 100 Mbit/s"
SHARES = "allowed: 0% to 100%, such as 1%"
COUNTS = "allowed: 100000, 500k, 3M, at least 1"
RATIOS = "allowed: stored over original size, more than 0 and at most 1.1, such as 0.6 or 60%"
RESTORES = "allowed: 0 or more a month, such as 1 or 0.25"
PLACES = "allowed: provider/region/CLASS, as drtest prices lists them: aws/us-east-1/STANDARD"


def parse_total(text: str) -> int:
    """Return the bytes in ``100 GiB`` or ``2TB``."""
    found = re.fullmatch(rf"({NUMBER}) ?([A-Za-z]+)", text, re.ASCII)
    unit = found[2] if found else ""
    if found is None or unit not in UNITS:
        near = next((known for known in UNITS if known.casefold() == unit.casefold()), "")
        raise ValueError(f"write {found[1]} {near}; {TOTALS}" if found and near else TOTALS)
    size_bytes = int(Decimal(found[1]) * UNITS[unit])
    if not 0 < size_bytes <= MOST_SIZE_BYTES:
        raise ValueError(TOTALS)
    return size_bytes


def parse_speed(text: str) -> int:
    """Return the bytes a second in ``32 MiB/s`` or ``100 Mbit/s``."""
    found = re.fullmatch(rf"({NUMBER}) ?([A-Za-z]+)(?:/s)?", text, re.ASCII)
    unit = (UNITS | BITS).get(found[2]) if found else None
    speed = int(Decimal(found[1]) * unit) if found and unit else 0
    if speed < 1:
        raise ValueError(SPEEDS)
    return speed


def parse_share(text: str) -> float:
    """Return the part in ``1%``."""
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,17})?) ?%", text, re.ASCII)
    if found is None or Decimal(found[1]) > 100:
        near = f"write {text}%; " if re.fullmatch(NUMBER, text, re.ASCII) else ""
        raise ValueError(near + SHARES)
    return float(Decimal(found[1]) / 100)


def parse_many(text: str) -> int:
    """Return the number in ``100000``, ``500k`` or ``3M``."""
    found = re.fullmatch(r"([0-9]{1,11}(?:\.[0-9]{1,6})?) ?([kM]?)", text, re.ASCII)
    number = Decimal(found[1]) * _TIMES[found[2]] if found else Decimal(0)
    if number < 1 or number != int(number) or number > 10**10:
        raise ValueError(COUNTS)
    return int(number)


def parse_ratio(text: str) -> float:
    """Return the ratio in ``0.6`` or ``60%``."""
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,19})?) ?(%?)", text, re.ASCII)
    ratio = Decimal(found[1]) / (100 if found[2] else 1) if found else Decimal(0)
    if not 0 < ratio <= Decimal("1.1"):
        raise ValueError(RATIOS)
    return float(ratio)


def parse_restores(text: str) -> float:
    """Return how many restores a month ``1`` or ``0.25`` is."""
    if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,10})?", text, re.ASCII):
        return float(text)
    raise ValueError(RESTORES)


def parse_place(text: str) -> str:
    """Return ``provider/region/CLASS`` as it is."""
    if re.fullmatch(r"[^/\s]+/[^/\s]+/[^/\s]+", text):
        return text
    raise ValueError(PLACES)


def parse_project(text: str) -> Project:
    """Return the source in ``size=2TB,change=1%,files=3M,compress=0.6``; size is a must."""
    given: dict[str, str] = {}
    for part in text.split(","):
        key, sign, value = (word.strip() for word in part.partition("="))
        if key not in words.PROJECT or not sign:
            raise ValueError(
                f"{part.strip() or 'nothing'}: write KEY=VALUE; keys are {', '.join(words.PROJECT)}"
            )
        if key in given:
            raise ValueError(f"{key} stands twice")
        given[key] = value
    if "size" not in given:
        raise ValueError("size is missing, such as size=2TB")
    return Project(
        size_bytes=_named(given, "size", parse_total) or 0,
        change=_named(given, "change", parse_share),
        files=_named(given, "files", parse_many),
        compress=_named(given, "compress", parse_ratio),
    )


def _named(given: dict[str, str], key: str, parse: Callable[[str], T]) -> T | None:
    if key not in given:
        return None
    try:
        return parse(given[key])
    except ValueError as error:
        raise ValueError(f"{key}={given[key]}: {error}") from None


def format_total(size_bytes: int) -> str:
    """Return *size_bytes* in the largest unit that divides it: ``100 GiB``, ``2 TB``."""
    unit = next((unit for unit, each in UNITS.items() if size_bytes % each == 0), "B")
    return f"{size_bytes // UNITS[unit]} {unit}"


def plain(number: float) -> str:
    """Return a number as text without an exponent, whole ones without a point."""
    return f"{Decimal(repr(number)).normalize():f}"
