"""The stat cache as a file: for each folder what is remembered of it. Nothing heavy is imported.

A first line says which drtest and which Python wrote it. Then come records: the folder's name and
its memory, each with its length, and a checksum over both.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
import sys
import zlib
from pathlib import Path

# A memory is marshalled, which is three times as fast as JSON; another Python may read it
# otherwise, and then there is no cache.
HEAD = f"drtest-stat-cache 4 {sys.version.splitlines()[0]}\n".encode()
_RECORD = struct.Struct("<III")  # bytes of the folder's name, bytes of its memory, CRC-32 of both


class Memory:
    """A stat cache that is only read, one folder at a time; a context manager.

    Without a *file*, or with one that cannot be read, it knows nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self._map: mmap.mmap | None = None
        self._places: dict[str, tuple[int, int]] = {}
        if file is None:
            return
        with contextlib.suppress(OSError, ValueError), file.open("rb") as opened:
            self._map = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            self._index(self._map)

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        if self._map is not None:
            self._map.close()

    def of(self, folder: str) -> bytes:
        """Return what is remembered of *folder*; b"" where that is nothing, or was spoiled."""
        place = self._places.get(folder)
        if place is None or self._map is None:
            return b""
        start, end = place
        memory = self._map[start:end]
        *_, checksum = _RECORD.unpack_from(self._map, start - len(_name(folder)) - _RECORD.size)
        return memory if zlib.crc32(memory, zlib.crc32(_name(folder))) == checksum else b""

    def _index(self, data: mmap.mmap) -> None:
        if data[: len(HEAD)] != HEAD:
            return
        at, end = len(HEAD), len(data)
        while at + _RECORD.size <= end:
            name_bytes, memory_bytes, _ = _RECORD.unpack_from(data, at)
            start = at + _RECORD.size + name_bytes
            if start + memory_bytes > end:
                return
            name = data[at + _RECORD.size : start].decode("utf-8", "surrogateescape")
            self._places[name] = start, start + memory_bytes
            at = start + memory_bytes


def record(folder: str, memory: bytes) -> tuple[bytes, bytes]:
    """Return the bytes that hold *memory* of *folder* in the file."""
    name = _name(folder)
    checksum = zlib.crc32(memory, zlib.crc32(name))
    return _RECORD.pack(len(name), len(memory), checksum) + name, memory


def _name(folder: str) -> bytes:
    return folder.encode("utf-8", "surrogateescape")
