"""The one door to randomness: one seed, many independent named streams."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A scenario's seed and the path of a stream in it; adding a stream never shifts another."""

    value: int
    path: tuple[str, ...] = field(default=())

    def child(self, label: str) -> Seed:
        """Return the stream named *label* below this one."""
        return Seed(value=self.value, path=(*self.path, label))

    def rng(self) -> random.Random:
        """Return a generator that depends on the value and the path alone, on any machine.

        ``random.Random`` seeded with text hashes it with SHA-512, so the stream is the same for
        every CPython 3 and every PYTHONHASHSEED (docs.python.org/3/library/random.html).
        """
        return random.Random(f"{self.value}/{'/'.join(self.path)}")
