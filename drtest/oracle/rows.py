"""The stored form of a tree: JSON Lines, one row for each path, or for each path that changed.

First line: what the file is (``Head``). Then the rows, sorted: ``[path, type, mode, ...]`` in the
order of ``COLUMNS`` with trailing defaults left out, or ``[path]`` alone where the base has the
path and this tree has not. Last line: ``{"rows": n}``, without which a file is cut short.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from drtest.errors import DrtestError
from drtest.model.tree import Entry, sort_key

FORMAT = "drtest-tree"
SCHEMA_VERSION = 1
COLUMNS: tuple[str, ...] = Entry._fields
_REQUIRED = len(COLUMNS) - len(Entry._field_defaults)
_DEFAULTS: tuple[object, ...] = (*[None] * _REQUIRED, *Entry._field_defaults.values())
_DEVICE = COLUMNS.index("device")
_encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps makes one for each call


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a stored tree is based on.

    ``base`` None: the rows are the whole tree (a keyframe). Otherwise they are what differs from
    truth ``base``, or, with ``as_restored``, from what a perfect restore of its part ``below``
    would be. ``deltas`` and ``delta_bytes`` add up the chain behind this file back to its keyframe
    of ``keyframe_bytes``.
    """

    base: int | None = None
    as_restored: bool = False
    below: str = "."
    deltas: int = 0
    delta_bytes: int = 0
    keyframe_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A path that the base has and this tree has not."""

    path: str


Row = Entry | Removed


def write(file: Path, head: Head, rows: Iterable[Row]) -> None:
    """Write *file* whole or not at all; *rows* come sorted, each path once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    count = 0
    last: bytes | None = None
    try:
        with fresh.open("w", encoding="ascii") as out:
            out.write(_line({"format": FORMAT, "schema_version": SCHEMA_VERSION, **_plain(head)}))
            for row in rows:
                key = sort_key(row.path)
                if last is not None and key <= last:
                    raise DrtestError(f"{row.path!r} is out of order: a tree is stored sorted")
                last = key
                out.write(_line(_pack(row)))
                count += 1
            out.write(_line({"rows": count}))
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def read_head(file: Path) -> Head:
    """Return what *file* is; a DrtestError says why it is no stored tree."""
    with _opened(file) as lines:
        return _head(file, next(lines, ""))


def read(file: Path) -> Iterator[Row]:
    """Yield the rows of *file*; a DrtestError where it is cut short or not of this format."""
    with _opened(file) as lines:
        _head(file, next(lines, ""))
        for count, line in enumerate(lines):
            value = _parse(file, line)
            if isinstance(value, dict):
                if value != {"rows": count} or next(lines, None) is not None:
                    raise _broken(file, f"its end names {value.get('rows')} rows, it has {count}")
                return
            yield _unpack(file, value)
        raise _broken(file, "it is cut short")


def _pack(row: Row) -> list[object]:
    if isinstance(row, Removed):
        return [row.path]
    size = len(row)
    while size > _REQUIRED and row[size - 1] == _DEFAULTS[size - 1]:
        size -= 1
    return list(row[:size])


def _unpack(file: Path, values: Any) -> Row:
    match values:
        case [str(path)]:
            return Removed(path=path)
        case [str(), str(), int(), int(), int(), int(), *_] if len(values) <= len(COLUMNS):
            if len(values) > _DEVICE and values[_DEVICE] is not None:
                values[_DEVICE] = tuple(values[_DEVICE])
            return Entry(*values)
        case _:
            raise _broken(file, "a row is not of this format")


def _plain(head: Head) -> dict[str, object]:
    return {field.name: getattr(head, field.name) for field in fields(Head)}


def _head(file: Path, line: str) -> Head:
    value = _parse(file, line) if line else None
    if not isinstance(value, dict) or value.pop("format", None) != FORMAT:
        raise _broken(file, "it does not begin as one")
    version = value.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise _broken(file, f"its schema version is {version}, this drtest reads {SCHEMA_VERSION}")
    try:
        return Head(**value)
    except TypeError:
        raise _broken(file, "its first line is not of this format") from None


def _opened(file: Path) -> Any:
    try:
        return file.open(encoding="ascii")
    except OSError as error:
        raise DrtestError(f"no stored tree at {file}: {error.strerror}") from error


def _parse(file: Path, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise _broken(file, "a line is no JSON") from None


def _broken(file: Path, why: str) -> DrtestError:
    return DrtestError(f"{file} is no whole stored tree: {why}")


def _line(value: object) -> str:
    return _encode(value) + "\n"
