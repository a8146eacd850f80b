"""Looks at folders for a capture, where they are many with a second process that runs ahead.

The capture asks for one folder after the other, in the order of ``Entry.sort_key``. Where a tree is
large, a worker (``worker``) looks at those that will be asked for next, and while the capture has
to wait for one, it looks at another itself. What comes out is the same either way.
"""

from __future__ import annotations

import heapq

from drtest.model.tree import sort_key
from drtest.oracle.folder import Found, look, place
from drtest.oracle.recall import Recall
from drtest.oracle.second import BATCH, Second

LARGE = 4000  # paths; below it a second process costs more than it spares
_HELD_ITEMS = 50_000  # that were found and not asked for yet; bounds memory


class Ahead:
    """The folders below *top*; a context manager, for one thread.

    *large* is how many paths make a second process worth while.
    """

    def __init__(self, top: bytes, recall: Recall | None, *, large: int = LARGE) -> None:
        self._top = top
        self._recall = recall
        self._large = large
        self._paths = 0
        self._waiting: list[tuple[bytes, str]] = []  # known folders that nobody looks at, a heap
        self._open: set[str] = set()  # the same without those that were looked at meanwhile
        self._away: set[str] = set()  # the second process has them
        self._found: dict[str, Found] = {}  # and not asked for yet
        self._held_items = 0
        self._second: Second | None = None
        self._is_alone = False

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        if self._second is not None:
            self._second.close()

    def folder(self, path: str) -> Found:
        """Return what lies in the folder *path*, relative to the top ("" for it); asked once."""
        while path in self._away:
            self._receive(wait=not self._steal())
        found = self._found.pop(path, None)
        if found is None:
            self._open.discard(path)
            found = self._look(path)
            self._learn(path, found)
        else:
            self._held_items -= len(found.items)
        if self._recall is not None:
            self._recall.keep(path, found.memory)
        self._paths += len(found.items)
        if self._paths > self._large and not self._is_alone:
            self._send()
        return found

    def _look(self, path: str) -> Found:
        known = None if self._recall is None else self._recall.known(path)
        return look(place(self._top, path), known)

    def _learn(self, path: str, found: Found) -> None:
        prefix = f"{path}/" if path else ""
        for item in found.items:
            if type(item) is str:
                self._open.add(prefix + item)
                heapq.heappush(self._waiting, (sort_key(prefix + item), prefix + item))

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
        self._held_items += len(found.items)
        self._learn(path, found)

    def _steal(self) -> bool:
        """Look at one folder while another is waited for; whether there was one to look at."""
        path = self._next() if self._held_items < _HELD_ITEMS else None
        if path is not None:
            self._hold(path, self._look(path))
        return path is not None

    def _send(self) -> None:
        """Give the second process something to do, if it has little and more may be held."""
        if self._second is None:
            self._second = Second.start(self._top, self._recall)
            self._is_alone = self._second is None
        second = self._second
        while second is not None and self._held_items < _HELD_ITEMS and second.has_time():
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
