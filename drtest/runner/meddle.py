"""Changes the source while duplicity reads it: while one of its requests is held."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from drtest.gateway import Trip


@dataclass(slots=True, kw_only=True)
class Meddler:
    """Makes one change at the first exchange that is held, in a thread of its own, and lets go.

    duplicity waits for the answer to what is held, so where in the source it stands then depends
    on the count of requests alone. ``changed`` is None until it has happened.
    """

    change: Callable[[], dict[str, int]]
    release: Callable[[Trip], None]
    changed: dict[str, int] | None = None
    failure: Exception | None = None
    _trips: queue.SimpleQueue[Trip | None] = field(default_factory=queue.SimpleQueue)

    def on_hold(self, trip: Trip) -> None:
        """Take a held exchange; never waits, for the gateway's own thread calls it."""
        self._trips.put(trip)

    def settle(self) -> None:
        """Raise what the change itself raised, once duplicity has ended."""
        if self.failure is not None:
            raise self.failure

    def _serve(self) -> None:
        while (trip := self._trips.get()) is not None:
            try:
                if self.changed is None and self.failure is None:
                    self.changed = self.change()
            except Exception as problem:  # told by settle: duplicity must not wait for ever
                self.failure = problem
            finally:
                self.release(trip)

    def _end(self) -> None:
        self._trips.put(None)


@contextmanager
def meddling(
    change: Callable[[], dict[str, int]], *, release: Callable[[Trip], None]
) -> Iterator[Meddler]:
    """Yield a meddler whose thread ends with the block; a change under way is waited for."""
    meddler = Meddler(change=change, release=release)
    thread = threading.Thread(target=meddler._serve, name="meddler", daemon=True)
    thread.start()
    try:
        yield meddler
    finally:
        meddler._end()
        thread.join()
