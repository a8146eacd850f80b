"""The stat cache as a file: for each folder what is remembered of it. Nothing heavy is imported.

A first line says which drtest and which Python wrote it. Then come records: a digest of the rest,
three lengths, the folder's name, its stats and its rows.
"""

from __future__ import annotations

import mmap
import struct
import sys
from typing import NamedTuple

from blake3 import blake3

# A memory is marshalled, which is three times as fast as JSON; another Python may read it
# otherwise, and then there is no cache.
HEAD = f"drtest-stat-cache 5 {sys.version.splitlines()[0]}\n".encode()
_DIGEST_BYTES = 16
_LENGTHS = struct.Struct("<III")  # bytes of the folder's name, of its stats, of its rows
_HEAD_BYTES = _DIGEST_BYTES + _LENGTHS.size


class Memory:
    """A stat cache that is only read, one folder at a time; a context manager.

    Without a *file*, or with one that cannot be read, it knows nothing.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._map: mmap.mmap | None = None
        self._records: dict[str, _Record] = {}
        if not file:
            return
        try:
            with open(file, "rb") as opened:  # noqa: PTH123  (pathlib alone takes 4 ms to import)
                self._map = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            return
        self._index(self._map)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        if self._map is not None:
            self._map.close()

    def of(self, folder: str) -> tuple[bytes, bytes]:
        """Return what is remembered of *folder*; b"" twice where it is nothing, or was spoiled."""
        one = self._records.get(folder)
        if one is None or self._map is None:
            return b"", b""
        digest = self._map[one.start : one.start + _DIGEST_BYTES]
        if _digest(self._map[one.start + _DIGEST_BYTES : one.end]) != digest:
            return b"", b""
        return self._map[one.stats : one.rows], self._map[one.rows : one.end]

    def rows_of(self, folder: str) -> bytes:
        """Return the rows of a folder that ``of`` was asked for, in this process or the other."""
        one = self._records[folder]
        assert self._map is not None
        return self._map[one.rows : one.end]

    def record_of(self, folder: str) -> bytes:
        """Return the whole record of a folder, as it is in the file."""
        one = self._records[folder]
        assert self._map is not None
        return self._map[one.start : one.end]

    def _index(self, data: mmap.mmap) -> None:
        if data[: len(HEAD)] != HEAD:
            return
        at, size = len(HEAD), len(data)
        while at + _HEAD_BYTES <= size:
            name_bytes, stats_bytes, rows_bytes = _LENGTHS.unpack_from(data, at + _DIGEST_BYTES)
            stats = at + _HEAD_BYTES + name_bytes
            rows = stats + stats_bytes
            end = rows + rows_bytes
            if end > size:
                return
            name = data[at + _HEAD_BYTES : stats].decode("utf-8", "surrogateescape")
            self._records[name] = _Record(at, stats, rows, end)
            at = end


class _Record(NamedTuple):
    """Where a record and its parts begin, and where it ends."""

    start: int
    stats: int
    rows: int
    end: int


def record(folder: str, stats: bytes, rows: bytes) -> bytes:
    """Return the bytes that hold what is to be remembered of *folder*."""
    name = folder.encode("utf-8", "surrogateescape")
    rest = b"".join((_LENGTHS.pack(len(name), len(stats), len(rows)), name, stats, rows))
    return _digest(rest) + rest


def _digest(data: bytes) -> bytes:
    return blake3(data).digest(_DIGEST_BYTES)
