"""Copies of the finished bucket, one for each drill that harms it: its harm is its own alone."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace

from drtest.errors import StoreFailed
from drtest.model.events import DamageDone
from drtest.model.scenario import Drill
from drtest.runner.bench import PREFIX, Stand
from drtest.runner.damage import damage


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Where a drill's harmed copy lies, and what was harmed there."""

    stand: Stand
    done: tuple[DamageDone, ...]

    @property
    def idle(self) -> DamageDone | None:
        """A damage that hit nothing, if there is one."""
        return next((one for one in self.done if not one.keys), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """All objects that were harmed."""
        return tuple(dict.fromkeys(key for one in self.done for key in one.keys))


@dataclass(slots=True, kw_only=True)
class Copies:
    """Makes a drill's copy when its first restore asks for it; ``close`` deletes them all.

    The restores of one drill share their copy: each of them only reads.
    """

    stand: Stand
    _made: dict[int, Copy] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, drill: Drill) -> Copy:
        """Return *drill*'s own copy, harmed as it says."""
        with self._lock:
            if drill.number not in self._made:
                self._made[drill.number] = self._make(drill)
            return self._made[drill.number]

    def made(self) -> dict[int, Copy]:
        """Return what was made, by the number of its drill."""
        with self._lock:
            return dict(self._made)

    def close(self) -> None:
        """Delete what was made. A store that is gone has taken its buckets along."""
        with self._lock:
            for copy in self._made.values():
                with contextlib.suppress(StoreFailed):
                    self.stand.bench.store.delete_bucket(copy.stand.where)
            self._made.clear()

    def _make(self, drill: Drill) -> Copy:
        store, source = self.stand.bench.store, self.stand.where
        place = store.make_bucket(f"{self.stand.bucket_name}-d{drill.number}")
        copy = Copy(stand=replace(self.stand, place=place, credentials=None), done=())
        self._made[drill.number] = copy  # so that it is deleted whatever comes
        store.copy_bucket(source, place)
        folder = f"{place.prefix}{PREFIX}/"
        done: list[DamageDone] = []
        for wanted in drill.damage:
            keys = [
                one.key.removeprefix(folder) for one in store.list_objects(place.bucket, folder)
            ]
            at = self.stand.scenario.end_at
            done += damage(store, place, wanted, keys, index=0, at=at)
        return replace(copy, done=tuple(done))
