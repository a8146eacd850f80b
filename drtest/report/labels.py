"""Words in a plot, placed where they cover least of what is drawn, and never each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from drtest.report.plots import BOTTOM, LEFT, RIGHT, TOP

CHARACTER = 7.9  # width of one, of 14 px text: that of a phone, larger than elsewhere
_LINE = 13  # height of a label
_GAP = 7  # from a dot to its name
_SAMPLE = 5  # along a line, to see what a label would cover

Spot = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word in the plot; ``dash`` is that of the line which it names, None for a point's name."""

    x: float
    y: float
    anchor: str
    text: str
    dash: int | None


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return not (
            self.right < other.left
            or other.right < self.left
            or self.bottom < other.top
            or other.bottom < self.top
        )

    def holds(self, spot: Spot) -> bool:
        return (
            self.left - 2 <= spot[0] <= self.right + 2
            and self.top - 2 <= spot[1] <= self.bottom + 2
        )


@dataclass(slots=True)
class Room:
    """What is drawn already, as spots along it, and the labels that were placed."""

    drawn: list[Spot]
    placed: list[_Box] = field(default_factory=list)

    def place(self, text: str, around: Iterable[Spot], dash: int | None) -> Label | None:
        """Return *text* beside one of the spots *around*, where it covers least; None: no room."""
        best: tuple[int, _Box, Label] | None = None
        for at in around:
            for box, label in _beside(text, at, dash):
                if any(box.meets(other) for other in self.placed) or not _is_inside(box):
                    continue
                covered = sum(box.holds(spot) for spot in self.drawn)
                if best is None or covered < best[0]:
                    best = covered, box, label
        if best is None:
            return None
        self.placed.append(best[1])
        return best[2]


def _beside(text: str, at: Spot, dash: int | None) -> Iterable[tuple[_Box, Label]]:
    """Above, below, right and left of *at*, in the order of how well it reads."""
    width = CHARACTER * len(text)
    x, y = at
    for anchor, left, base in (
        ("middle", x - width / 2, y - _GAP),
        ("middle", x - width / 2, y + _GAP + _LINE - 3),
        ("start", x + _GAP, y - _GAP),
        ("end", x - _GAP - width, y - _GAP),
        ("start", x + _GAP, y + 4),
        ("end", x - _GAP - width, y + 4),
        ("start", x + _GAP, y + _GAP + _LINE),
        ("end", x - _GAP - width, y + _GAP + _LINE),
        ("end", x + 8 - width, y + _GAP + _LINE),
        ("end", x + 8 - width, y - _GAP),
        ("end", x + 8 - width, y + 2 * _GAP + _LINE),
        ("end", x + 8 - width, y + 4 * _GAP + _LINE),
    ):
        place = {"middle": x, "start": left, "end": left + width}[anchor]
        box = _Box(left, base - _LINE + 2, left + width, base + 2)
        yield box, Label(x=place, y=base, anchor=anchor, text=text, dash=dash)


def _is_inside(box: _Box) -> bool:
    return box.left >= LEFT + 2 and box.right <= RIGHT + 4 and TOP - 8 <= box.top < BOTTOM - _LINE


def along(spots: Sequence[Spot]) -> Iterable[Spot]:
    """Yield points along the line through *spots*, close to each other."""
    yield from spots[-1:]
    for (ax, ay), (bx, by) in pairwise(spots):
        number = max(1, math.ceil(math.dist((ax, ay), (bx, by)) / _SAMPLE))
        for one in range(number):
            yield ax + (bx - ax) * one / number, ay + (by - ay) * one / number
