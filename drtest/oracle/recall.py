"""The stat cache: which files need not be read again. Private to the oracle."""

from __future__ import annotations

import contextlib
import mmap
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from drtest.clock import real_now
from drtest.oracle.folder import Known

# What a folder remembers is marshalled, which is three times as fast as JSON; another Python may
# read it otherwise, and then there is no cache.
_HEAD = f"drtest-stat-cache 4 {sys.version.splitlines()[0]}\n".encode()
_RECORD = struct.Struct("<III")  # bytes of the folder's name, bytes of its memory, CRC-32 of both
_NS = 1_000_000_000
# The kernel stamps files with a clock that lags by up to a jiffy (10 ms at HZ=100).
_SAME_TICK_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class StatCache:
    """A file beside the recorded truths: folder -> its files' identities and contents.

    An identity is (device, inode, size, mtime, ctime). Sound on a local file system: whatever
    writes a file, renames over it or changes its attributes gives it a new ctime, which no call can
    set back (a change of the system's clock can). A file touched in the very tick in which it was
    captured is not remembered, as git does with "racily clean" entries. The cache may be deleted at
    any time; one that cannot be read is no cache.
    """

    file: Path

    @contextmanager
    def renewed(self, *, recalls: bool = True) -> Iterator[Recall]:
        """Open it for one capture; it is replaced only if the capture came to its end.

        Without *recalls* nothing of the old one is used.
        """
        fresh = self.file.with_name(self.file.name + ".new")
        started_ns = int(real_now().timestamp() * _NS)
        try:
            with fresh.open("wb") as out, Memory(self.file if recalls else None) as old:
                out.write(_HEAD)
                yield Recall(old=old, out=out, too_new_ns=started_ns - _SAME_TICK_NS)
            fresh.replace(self.file)
        finally:
            fresh.unlink(missing_ok=True)


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
        if data[: len(_HEAD)] != _HEAD:
            return
        at, end = len(_HEAD), len(data)
        while at + _RECORD.size <= end:
            name_bytes, memory_bytes, _ = _RECORD.unpack_from(data, at)
            start = at + _RECORD.size + name_bytes
            if start + memory_bytes > end:
                return
            name = data[at + _RECORD.size : start].decode("utf-8", "surrogateescape")
            self._places[name] = start, start + memory_bytes
            at = start + memory_bytes


@dataclass(slots=True, kw_only=True)
class Recall:
    """The cache during one capture."""

    old: Memory
    out: BinaryIO
    too_new_ns: int

    def known(self, folder: str) -> Known:
        """Return what is known of *folder* from the capture before."""
        return Known(self.old.of(folder), self.too_new_ns)

    def keep(self, folder: str, memory: bytes) -> None:
        """Remember *memory* of *folder*; each folder is told once."""
        if memory:
            name = _name(folder)
            checksum = zlib.crc32(memory, zlib.crc32(name))
            self.out.write(_RECORD.pack(len(name), len(memory), checksum) + name)
            self.out.write(memory)


def _name(folder: str) -> bytes:
    return folder.encode("utf-8", "surrogateescape")
