"""Watches the toxics of one action: kills it where one says so, and says what each came to."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from drtest.gateway import Counted, Gateway, Listener, Trip
from drtest.model.events import ToxicSeen
from drtest.model.toxic import Kill, Toxic


@dataclass(slots=True, kw_only=True)
class Watch:
    """The toxics of one action and what the gateway said of them.

    ``kill_when`` can be read once a ``kill`` holds its request: whoever runs the action kills it
    then and waits for its end (``process.run``). ``settle`` releases what is held, after that.
    """

    toxics: tuple[Toxic, ...]
    kill_when: int
    trips: list[Trip] = field(default_factory=list)
    counted: tuple[Counted, ...] = ()
    on_hold: Callable[[Trip], None] | None = None  # what a ``hold`` waits for; else settle
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on_trip(self, trip: Trip) -> None:
        """Take note; called by the gateway's own thread."""
        with self._lock:
            self.trips.append(trip)
        if isinstance(self.toxics[trip.rule].does, Kill):
            os.eventfd_write(self.kill_when, 1)
        elif self.on_hold is not None:
            self.on_hold(trip)

    def settle(self, gateway: Gateway, listener: Listener) -> None:
        """Release what is held and fetch the counts, before *listener* is closed."""
        if not self.toxics:
            return
        with self._lock:
            trips = tuple(self.trips)
        for trip in trips:
            gateway.release(trip)
        self.counted = gateway.count(listener)

    def seen(self, *, index: int, at: datetime, action: str) -> Iterator[ToxicSeen]:
        """Yield what each toxic came to, in their order."""
        for number, (toxic, counted) in enumerate(zip(self.toxics, self.counted, strict=True)):
            held = [trip.key for trip in self.trips if trip.rule == number]
            yield ToxicSeen(
                index=index,
                at=at,
                action=action,
                toxic=type(toxic.does).__name__.lower(),
                when=str(toxic.when),
                matching=counted.seen,
                matching_bytes=counted.sent_bytes,
                # a request without a body is never held in the middle of one
                fired=len(held),
                keys=tuple(key.rpartition("/")[2] for key in held),
            )


@contextmanager
def watching(toxics: tuple[Toxic, ...]) -> Iterator[Watch]:
    """Yield a watch on *toxics*; give it to ``route`` and to the call."""
    kill_when = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    try:
        yield Watch(toxics=toxics, kill_when=kill_when)
    finally:
        os.close(kill_when)
