"""Sizes, counts and octal modes as a scenario file writes them.

Pure; ValueError is for the user.
"""

from __future__ import annotations

import re
from decimal import Decimal

from drtest.model.scenario import Count, MutationTarget, PathTarget, Share, Size

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
SIZES = "allowed: 4 KiB, 1 KiB to 64 KiB, about 4 KiB; units are B, KiB, MiB, GiB"
COUNTS = "allowed: 3 files, 1 file, 3%, a path, or a list of those"
_ABOUT_CUT = 64  # times the median: what max is where nobody says it
_MOST_BYTES = 1 << 40
_ONE = re.compile(r"([0-9]{1,13}(?:\.[0-9]{1,6})?) ?([A-Za-z]+)", re.ASCII)
_DECIMAL_UNITS = {"kb": "KiB", "k": "KiB", "mb": "MiB", "m": "MiB", "gb": "GiB", "g": "GiB"}
_FILES = re.compile(r"([0-9]{1,7}) files?", re.ASCII)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,20})?) ?%", re.ASCII)


def parse_bytes(text: str) -> int:
    """Return the bytes in ``4 KiB``; decimal units are refused with the right one named."""
    found = _ONE.fullmatch(text)
    if not found:
        raise ValueError(SIZES)
    number, unit = found.groups()
    if unit not in UNITS:
        right = _DECIMAL_UNITS.get(unit.casefold()) or next(
            (known for known in UNITS if known.casefold() == unit.casefold()), ""
        )
        raise ValueError(f"write {number} {right}; {SIZES}" if right else SIZES)
    size = Decimal(number) * UNITS[unit]
    if size != int(size):
        raise ValueError(f"{text} is no whole number of bytes; {SIZES}")
    if size > _MOST_BYTES:
        raise ValueError("a file has at most 1024 GiB")
    return int(size)


def parse_size(text: str, *, max_bytes: int | None = None) -> Size:
    """Return the size words in *text*; *max_bytes* is the cut of ``about``."""
    if text.startswith("about "):
        median = parse_bytes(text.removeprefix("about ").strip())
        cut = min(median * _ABOUT_CUT, _MOST_BYTES) if max_bytes is None else max_bytes
        if cut < median:
            raise ValueError(f"max is smaller than the median: at least {format_bytes(median)}")
        return Size(shape="about", low_bytes=median, high_bytes=cut)
    if max_bytes is not None:
        raise ValueError("max goes with size: about ... only")
    low, to, high = text.partition(" to ")
    if to:
        size = Size(shape="uniform", low_bytes=0, high_bytes=parse_bytes(high.strip()))
        smallest = parse_bytes(low.strip())
        if smallest > size.high_bytes:
            raise ValueError(f"write {high.strip()} to {low.strip()}")
        return Size(shape="uniform", low_bytes=smallest, high_bytes=size.high_bytes)
    exact = parse_bytes(text)
    return Size(shape="fixed", low_bytes=exact, high_bytes=exact)


def format_bytes(size_bytes: int) -> str:
    """Return *size_bytes* in the largest unit that divides it: ``4 KiB``, ``100 B``."""
    for unit in ("GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % UNITS[unit] == 0:
            return f"{size_bytes // UNITS[unit]} {unit}"
    return f"{size_bytes} B"


def format_size(size: Size) -> str:
    """Return the words for *size*; the cut of ``about`` is written as ``max`` beside it."""
    match size.shape:
        case "about":
            return f"about {format_bytes(size.low_bytes)}"
        case "uniform":
            return f"{format_bytes(size.low_bytes)} to {format_bytes(size.high_bytes)}"
        case "fixed":
            return format_bytes(size.low_bytes)


def parse_files(text: str) -> int | None:
    """Return the number in ``40 files``, None where *text* has another form."""
    found = _FILES.fullmatch(text)
    return int(found[1]) if found else None


def parse_target(text: str) -> MutationTarget:
    """Return what ``3 files``, ``3%`` or ``/a/path`` means (the path as it is written)."""
    if (files := parse_files(text)) is not None:
        return Count(files=files)
    if found := _PERCENT.fullmatch(text):
        share = float(Decimal(found[1]) / 100)
        if not 0 < share <= 1:
            raise ValueError("a share is more than 0% and at most 100%")
        return Share(of_files=share)
    if text.startswith("/"):
        return PathTarget(path=normal_path(text))
    if text.isdecimal():
        raise ValueError(f"write {text} files or {text}%; {COUNTS}")
    raise ValueError(COUNTS)


def format_target(target: MutationTarget) -> str:
    """Return the words that ``parse_target`` reads back to an equal value."""
    match target:
        case Count(files=files):
            return f"{files} file" if files == 1 else f"{files} files"
        case Share(of_files=share):
            return f"{(Decimal(repr(share)) * 100).normalize():f}%"
        case PathTarget(path=path):
            return path


def parse_mode(text: str) -> int:
    """Return the permission bits in octal *text*: ``0644``, ``644`` or ``4755``."""
    if not re.fullmatch(r"(?:0o?)?[0-7]{3,4}", text, re.ASCII):
        raise ValueError("allowed: octal digits such as 0644, 0755 or 4755")
    mode = int(text.removeprefix("0o"), 8)
    if mode > 0o7777:
        raise ValueError("allowed: 0000 to 7777")
    return mode


def normal_path(text: str) -> str:
    """Return an absolute path without doubled or trailing slashes."""
    if not text.startswith("/"):
        raise ValueError("a path begins with /, such as /srv/www")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("a path has no .. in it, such as /srv/www")
    if "\0" in text:
        raise ValueError("a path has no NUL in it")
    return "/" + "/".join(parts)
