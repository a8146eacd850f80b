"""Looks at folders for a capture, where they are many with a second process that runs ahead.

The capture asks for one folder after the other, in the order of ``Entry.sort_key``. Where a tree is
large, a worker (``worker``) looks at those that will be asked for next, and while the capture has
to wait for one, it looks at another itself. What comes out is the same either way.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

from drtest.model.tree import sort_key
from drtest.oracle.folder import Found, Item, look
from drtest.oracle.recall import Recall, items_of
from drtest.oracle.second import BATCH, Second

LARGE = 6000  # steps; before them a second process may cost more than it will spare
_READ_STEPS = 4  # what a path costs that is read, where one that is as it was costs a step
_HELD_PATHS = 50_000  # that were found and not asked for yet; bounds memory


class Folder(NamedTuple):
    """What lies in a folder; see ``Found``."""

    error: str
    items: list[Item]
    is_plain: bool


class Ahead:
    """The folders below *top*; a context manager, for one thread.

    *large* is how many steps of work make a second process worth while.
    """

    def __init__(self, top: bytes, recall: Recall | None, *, large: int = LARGE) -> None:
        self._top = top
        self._recall = recall
        self._large = large
        self._steps = 0
        self._waiting: list[tuple[bytes, str]] = []  # known folders that nobody looks at, a heap
        self._open: set[str] = set()  # the same without those that were looked at meanwhile
        self._away: set[str] = set()  # the second process has them
        self._found: dict[str, Found] = {}  # and not asked for yet
        self._held_paths = 0
        self._second: Second | None = None
        self._is_alone = False

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        if self._second is not None:
            self._second.close()

    def folder(self, path: str) -> Folder:
        """Return what lies in the folder *path*, relative to the top ("" for it); asked once."""
        while path in self._away:
            self._receive(wait=not self._steal())
        found = self._found.pop(path, None)
        if found is None:
            self._open.discard(path)
            found = self._look(path)
            self._learn(found)
        else:
            self._held_paths -= found.paths
        if self._recall is not None:
            self._recall.keep(path, found)
        self._steps += found.paths * (1 if found.items is None else _READ_STEPS)
        if self._steps > self._large and not self._is_alone:
            self._send()
        return Folder(found.error, items_of(path, found, self._recall), found.is_plain)

    def _look(self, path: str) -> Found:
        known = None if self._recall is None else self._recall.known(path)
        return look(self._top, path, known)

    def _learn(self, found: Found) -> None:
        for path in found.folders:
            self._open.add(path)
            heapq.heappush(self._waiting, (sort_key(path), path))

    def _next(self) -> str | None:
        """Take the folder that will be asked for first."""
        while self._waiting:
            _, path = heapq.heappop(self._waiting)
            if path in self._open:
                self._open.remove(path)
                return path
        return None

    def _hold(self, path: str, found: Found) -> None:
        self._found[path] = found
        self._held_paths += found.paths
        self._learn(found)

    def _steal(self) -> bool:
        """Look at one folder while another is waited for; whether there was one to look at."""
        path = self._next() if self._held_paths < _HELD_PATHS else None
        if path is not None:
            self._hold(path, self._look(path))
        return path is not None

    def _send(self) -> None:
        """Give the second process something to do, if it has little and more may be held."""
        if self._second is None:
            self._second = Second.start(self._top, self._recall)
            self._is_alone = self._second is None
        second = self._second
        while second is not None and self._held_paths < _HELD_PATHS and second.has_time():
            # Some are left for this process to look at while it waits.
            share = max(1, min(BATCH, len(self._open) // 4))
            batch = [path for _ in range(share) if (path := self._next()) is not None]
            if not batch:
                return
            self._away.update(batch)
            second.send(batch)

    def _receive(self, *, wait: bool) -> None:
        """Take what was found there, at least one folder if *wait*."""
        second = self._second
        assert second is not None  # it has the folder that is waited for
        while second.has_answer(wait=wait):
            answer = second.receive()
            if answer is None:
                self._lose(second)
                return
            path, found = answer
            self._away.remove(path)
            self._hold(path, found)
            wait = False
        self._send()

    def _lose(self, second: Second) -> None:
        """Go on alone: what the second process had is looked at here."""
        second.close()
        self._is_alone = True
        for path in self._away:
            self._open.add(path)
            heapq.heappush(self._waiting, (sort_key(path), path))
        self._away.clear()
