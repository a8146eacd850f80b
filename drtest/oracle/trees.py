"""Where truths and restored trees are stored, each as its difference from another."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drtest.errors import DrtestError
from drtest.model.tree import Entry, sort_key
from drtest.oracle import rows
from drtest.oracle.diff import kept_mtime_ns, matches, pairs, reroot
from drtest.oracle.rows import Head, Removed, Row

# A truth is read from its keyframe and the differences since. Few keyframes keep the store small
# (200 truths at 1 % churn: 2 keyframes and 2 more in differences); these bounds keep a read under
# three times the keyframe's bytes and under 130 open files.
_DELTAS_AT_MOST = 128
_DELTA_BYTES_PER_KEYFRAME_BYTE = 2

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSummary:
    """What went by while a tree was stored."""

    paths: int
    size_bytes: int
    unreadable: tuple[tuple[str, str], ...] = ()  # path, errno name


class TreeStore:
    """Side files of one scenario below *folder*; implements ``drtest.model.history.Trees``.

    Everything is a stream sorted by ``Entry.sort_key``: no whole tree is ever in memory. A file
    appears whole or not at all. Whatever cannot be read is a DrtestError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bases: dict[int, int | None] = {}

    def record_truth(self, number: int, entries: Iterable[Entry]) -> TreeSummary:
        """Store the whole source, flags included, as truth *number* (0, 1, 2 ...); never twice."""
        file = self._truth_file(number)
        if file.exists():
            raise DrtestError(f"truth {number} is already recorded in {self.folder}")
        count = _Count()
        base = self._base_for(number)
        if base is None:
            rows.write(file, Head(), count.over(entries))
        else:
            changes = _changes(self.truth(base), count.over(entries))
            rows.write(file, self._head_after(base), changes)
        return count.summary()

    def truth(self, number: int) -> Iterator[Entry]:
        """Yield the source as it was at truth *number*."""
        layers: list[Path] = []
        at: int | None = number
        while at is not None:
            layers.append(self._truth_file(at))
            at = self._base_of(at)
        return _overlaid([rows.read(file) for file in layers])

    def record_restored(
        self, name: str, entries: Iterable[Entry], like: int | None, below: str = "."
    ) -> TreeSummary:
        """Store a restored tree under *name*, as its difference from truth *like*.

        *below* is the path that alone was restored. A name is used again where a drill is.
        """
        count = _Count()
        file = self._restored_file(name)
        if like is None:
            rows.write(file, Head(), count.over(entries))
        else:
            before = _as_restored(reroot(self.truth(like), below))
            head = Head(base=like, as_restored=True, below=below)
            rows.write(file, head, _changes(before, count.over(entries)))
        return count.summary()

    def restored(self, name: str) -> Iterator[Entry]:
        """Yield the restored tree that was stored under *name*."""
        file = self._restored_file(name)
        head = rows.read_head(file)
        if head.base is None:
            return _overlaid([rows.read(file)])
        before: Iterator[Row] = _as_restored(reroot(self.truth(head.base), head.below))
        return _overlaid([rows.read(file), before])

    def find_match(
        self, name: str, candidates: Sequence[int], *, as_root: bool, below: str = "."
    ) -> int | None:
        """Return the first of the truths *candidates* that the restored tree equals, if any does.

        Equal but for known losses; so a wrong restore is told to be right for another point.
        """
        for number in candidates:
            if matches(self.truth(number), self.restored(name), as_root=as_root, below=below):
                return number
        return None

    def _base_of(self, number: int) -> int | None:
        """Return what truth *number* is stored against; a truth that was stored never changes."""
        if number not in self._bases:
            file = self._truth_file(number)
            if not file.exists():
                raise DrtestError(f"truth {number} is not recorded in {self.folder}")
            self._bases[number] = rows.read_head(file).base
        return self._bases[number]

    def _truth_file(self, number: int) -> Path:
        if number < 0:
            raise DrtestError(f"truths are numbered from 0, not {number}")
        return self.folder / "truth" / f"{number:05d}.jsonl"

    def _restored_file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise DrtestError(f"{name!r} cannot name a restored tree")
        return self.folder / "restored" / f"{name}.jsonl"

    def _base_for(self, number: int) -> int | None:
        """Return the truth that the next one is stored against, None where a keyframe is due."""
        if number == 0 or not self._truth_file(number - 1).exists():
            return None
        head = self._head_after(number - 1)
        is_long = head.deltas > _DELTAS_AT_MOST
        is_heavy = head.delta_bytes > head.keyframe_bytes * _DELTA_BYTES_PER_KEYFRAME_BYTE
        return None if is_long or is_heavy else number - 1

    def _head_after(self, base: int) -> Head:
        head = rows.read_head(self._truth_file(base))
        size_bytes = self._truth_file(base).stat().st_size
        if head.base is None:
            return Head(base=base, deltas=1, keyframe_bytes=size_bytes)
        return Head(
            base=base,
            deltas=head.deltas + 1,
            delta_bytes=head.delta_bytes + size_bytes,
            keyframe_bytes=head.keyframe_bytes,
        )


def _changes(before: Iterator[Entry], after: Iterator[Entry]) -> Iterator[Row]:
    """Yield what makes *after* out of *before*."""
    for old, new in pairs(before, after):
        if new is None:
            assert old is not None
            yield Removed(path=old.path)
        elif new != old:
            yield new


def _overlaid(layers: Sequence[Iterator[Row]]) -> Iterator[Entry]:
    """Yield the tree of *layers*, the newest first: its row for a path hides all older ones."""
    last: str | None = None
    for row in heapq.merge(*layers, key=lambda row: sort_key(row.path)):  # stable: newest first
        if row.path == last:
            continue
        last = row.path
        if isinstance(row, Entry):
            yield row


def _as_restored(truth: Iterator[Entry]) -> Iterator[Entry]:
    """Yield what a perfect restore of *truth* by duplicity is, so that little is left to store.

    Only a guess to save space: rows correct it, and nothing is judged by it.
    """
    for entry in truth:
        if entry.selected and entry.type != "socket":
            yield entry._replace(
                mtime_ns=kept_mtime_ns(entry.mtime_ns),
                link_group="",
                has_holes=False,
                xattrs="",
                error="",
                protected=True,
            )


class _Count:
    """Counts a stream while it goes by."""

    def __init__(self) -> None:
        self._paths = 0
        self._size_bytes = 0
        self._unreadable: list[tuple[str, str]] = []

    def over(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self._paths += 1
            self._size_bytes += entry.size_bytes
            if entry.error:
                self._unreadable.append((entry.path, entry.error))
            yield entry

    def summary(self) -> TreeSummary:
        return TreeSummary(
            paths=self._paths,
            size_bytes=self._size_bytes,
            unreadable=tuple(self._unreadable),
        )
