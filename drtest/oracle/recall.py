"""The stat cache: which files need not be read again. Private to the oracle."""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from drtest.clock import real_now
from drtest.oracle.folder import Found, Item, Known
from drtest.oracle.memory import HEAD, Memory, record

_NS = 1_000_000_000
# The kernel stamps files with a clock that lags by up to a jiffy (10 ms at HZ=100).
_SAME_TICK_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class StatCache:
    """A file beside the recorded truths: folder -> its paths' identities and rows.

    An identity is all that ``lstat`` tells (``folder``). Sound on a local file system: whatever
    writes a path, renames over it or changes its attributes gives it a new ctime, which no call can
    set back (a change of the system's clock can). A path touched in the very tick in which it was
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
            with fresh.open("wb") as out, Memory(os.fspath(self.file) if recalls else "") as old:
                out.write(HEAD)
                yield Recall(old=old, out=out, too_new_ns=started_ns - _SAME_TICK_NS)
            fresh.replace(self.file)
        finally:
            fresh.unlink(missing_ok=True)


@dataclass(slots=True, kw_only=True)
class Recall:
    """The cache during one capture."""

    old: Memory
    out: BinaryIO
    too_new_ns: int

    def known(self, folder: str) -> Known:
        """Return what is known of *folder* from the capture before."""
        return Known(*self.old.of(folder), self.too_new_ns)

    def keep(self, folder: str, found: Found) -> None:
        """Remember what was *found* in *folder*; each folder is told once."""
        if found.items is None:
            self.out.write(self.old.record_of(folder))
        elif found.stats:
            rows = found.items if isinstance(found.items, bytes) else marshal.dumps(found.items)
            self.out.write(record(folder, found.stats, rows))


def items_of(folder: str, found: Found, recall: Recall | None) -> list[Item]:
    """Return the content of *folder*, also where it was sent or remembered."""
    items = found.items
    if items is None:
        assert recall is not None  # so it was known
        items = recall.old.rows_of(folder)
    if isinstance(items, list):
        return items
    loaded: list[Item] = marshal.loads(items)  # noqa: S302  (our own)
    return loaded
