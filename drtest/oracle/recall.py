"""The stat cache: which files need not be read again. Private to the oracle."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from drtest.clock import real_now
from drtest.model.tree import sort_key
from drtest.oracle.content import Content

_HEAD = '{"format": "drtest-stat-cache", "schema_version": 1}\n'
_ROWS_A_LINE = 256  # many rows parsed in one call are three times as fast as one by one
_NS = 1_000_000_000
# The kernel stamps files with a clock that lags by up to a jiffy (10 ms at HZ=100).
_SAME_TICK_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class StatCache:
    """A file beside the recorded truths: path -> (device, inode, size, mtime, ctime, content).

    Sound on a local file system: whatever writes a file, renames over it or changes its attributes
    gives it a new ctime, which no call can set back (a change of the system's clock can). A file
    touched in the very tick in which it was captured is not remembered, as git does with "racily
    clean" entries. The cache may be deleted at any time; one that cannot be read is no cache.
    """

    file: Path

    @contextmanager
    def renewed(self) -> Iterator[Recall]:
        """Open it for one capture; it is replaced only if the capture came to its end."""
        fresh = self.file.with_name(self.file.name + ".new")
        started_ns = int(real_now().timestamp() * _NS)
        try:
            with fresh.open("w", encoding="ascii") as out:
                out.write(_HEAD)
                recall = Recall(old=self._rows(), out=out, too_new_ns=started_ns - _SAME_TICK_NS)
                yield recall
                recall.flush()
            fresh.replace(self.file)
        finally:
            fresh.unlink(missing_ok=True)

    def _rows(self) -> Iterator[list[Any]]:
        try:
            with self.file.open(encoding="ascii") as lines:
                if next(lines, "") != _HEAD:
                    return
                for line in lines:
                    yield from json.loads(line)
        except (OSError, ValueError):
            return


@dataclass(slots=True, kw_only=True)
class Recall:
    """The cache during one capture: asked and told in the order of ``Entry.sort_key``."""

    old: Iterator[list[Any]]
    out: TextIO
    too_new_ns: int
    _next: list[Any] | None = None
    _next_key: bytes = b""
    _rows: list[list[Any]] = field(default_factory=list)

    def look(self, path: str, status: os.stat_result) -> Content | None:
        """Return what *path* held when it was last read, None where it must be read.

        What is returned stays remembered; what is read instead is told to ``keep``.
        """
        key = sort_key(path)
        while self._next is None or self._next_key < key:
            self._next = next(self.old, None)
            if self._next is None:
                return None
            self._next_key = sort_key(self._next[0])
        if self._next_key != key or self._next[1:6] != _identity(status):
            return None
        self._remember(self._next)
        return Content(*self._next[6:])

    def keep(self, path: str, status: os.stat_result, content: Content) -> None:
        """Remember *content*, unless it could still change without a trace."""
        if content.error or status.st_ctime_ns >= self.too_new_ns:
            return
        self._remember(
            [path, *_identity(status), content.digest, content.has_holes, content.xattrs]
        )

    def flush(self) -> None:
        """Write what was kept so far."""
        if self._rows:
            self.out.write(json.dumps(self._rows, separators=(",", ":")) + "\n")
            self._rows.clear()

    def _remember(self, row: list[Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _ROWS_A_LINE:
            self.flush()


def _identity(status: os.stat_result) -> list[int]:
    return [
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    ]
