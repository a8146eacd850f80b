"""Plots over volume size as coordinates: what it costs, how long one file takes to come back.

One line for each chunk size, with a dash of its own and its name beside it. A point that was
measured is a full dot, one that only the model says is a ring. Sizes stand on a logarithmic axis,
values on one that begins at zero: a difference that hardly matters must not look like a cliff.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from drtest.report.labels import CHARACTER, Label, Room, Spot, along
from drtest.report.plots import BOTTOM, LEFT, RIGHT, TOP, time_axis, time_tick

CURVES = 4  # drawn in one plot: so many dashes can be told apart
_EDGE = 10  # from the first and last size to the frame, so that dots and names have room
_AROUND = ((0, 0), (3, 0), (-3, 0), (0, 3), (0, -3))  # a dot is worth more than so much line


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One volume size and what it gave; ``name`` is written at it ("yours")."""

    volsize_mib: int
    value: float
    is_measured: bool
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The points of one chunk size, by volume size; ``name`` is "" where there is but one."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A drawn curve: its path, and which dash tells it from the others."""

    path: str
    dash: int
    measured: tuple[Spot, ...]
    modelled: tuple[Spot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A plot over volume size."""

    label: str  # what it shows, for whoever cannot see it
    y_ticks: tuple[tuple[float, str], ...]
    x_ticks: tuple[tuple[float, str, str], ...]  # place, size, anchor
    band: tuple[float, float] | None  # where the advised range begins, and how wide it is
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]


def chart(
    curves: Sequence[Curve],
    *,
    label: str,
    seconds: bool = False,
    band: tuple[int, int] | None = None,
) -> Chart | None:
    """Plot the first ``CURVES`` of *curves*; None where two sizes or any value are lacking.

    *band* is the advised range in MiB; *seconds* says that values are times and not amounts.
    """
    curves = [one for one in curves if one.points][:CURVES]
    points = [point for one in curves for point in one.points]
    sizes = sorted({point.volsize_mib for point in points})
    highest = max((point.value for point in points), default=0.0)
    if len(sizes) < 2 or highest <= 0:
        return None
    step, top = time_axis(highest) if seconds else _axis(highest)
    scale = _Scale(low=math.log(sizes[0]), high=math.log(sizes[-1]), top=top)
    places = [[(scale.x(one.volsize_mib), scale.y(one.value)) for one in c.points] for c in curves]
    named = {point.volsize_mib for point in points if point.name}
    return Chart(
        label=label,
        y_ticks=tuple(
            (scale.y(one * step), _tick(one * step, step, top, seconds=seconds))
            for one in range(round(top / step) + 1)
        ),
        x_ticks=_x_ticks(sizes, named, scale.x),
        band=_band(band, sizes, scale.x),
        lines=tuple(
            Line(
                path="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots),
                dash=dash,
                measured=_spots(curve, spots, is_measured=True),
                modelled=_spots(curve, spots, is_measured=False),
            )
            for dash, (curve, spots) in enumerate(zip(curves, places, strict=True))
        ),
        labels=tuple(_labels(curves, places)),
    )


def _spots(curve: Curve, spots: Sequence[Spot], *, is_measured: bool) -> tuple[Spot, ...]:
    pairs = zip(curve.points, spots, strict=True)
    return tuple(spot for point, spot in pairs if point.is_measured is is_measured)


# ---------------------------------------------------------------- axes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    low: float
    high: float
    top: float

    def x(self, volsize_mib: int) -> float:
        part = (math.log(volsize_mib) - self.low) / (self.high - self.low)
        return LEFT + _EDGE + (RIGHT - LEFT - 2 * _EDGE) * part

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * value / self.top


def _axis(highest: float) -> tuple[float, float]:
    """Return the step of at most four, 1, 2 or 5 of some power of ten, and the top."""
    power = 10.0 ** math.floor(math.log10(highest / 4))
    step = next(one * power for one in (1, 2, 5, 10) if highest / (one * power) <= 4)
    return step, step * max(1, math.ceil(highest / step - 1e-9))


def _tick(value: float, step: float, top: float, *, seconds: bool) -> str:
    if not value:
        return "0"
    if seconds:
        return time_tick(value, top)
    return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def _x_ticks(
    sizes: Sequence[int], named: Iterable[int], x: Callable[[int], float]
) -> tuple[tuple[float, str, str], ...]:
    """Name as many sizes as there is room for: the ends, then what has a name, then the rest."""
    found: dict[int, tuple[float, str, str]] = {}
    boxes: list[tuple[float, float]] = []
    for size in dict.fromkeys([sizes[-1], sizes[0], *sorted(named), *sizes]):
        is_last = size == sizes[-1]
        text = f"{size:,} MiB" if is_last else f"{size:,}"
        width = CHARACTER * len(text)
        right = RIGHT + 6.0 if is_last else x(size) + width / 2
        if all(right + 4 < low or right - width > high + 4 for low, high in boxes):
            boxes.append((right - width, right))
            found[size] = (right, text, "end") if is_last else (x(size), text, "middle")
    return tuple(found[size] for size in sorted(found))


def _band(
    band: tuple[int, int] | None, sizes: Sequence[int], x: Callable[[int], float]
) -> tuple[float, float] | None:
    """Return the advised range, cut to what is drawn; a single size is shown as a narrow one."""
    if band is None or band[0] > sizes[-1] or band[1] < sizes[0]:
        return None
    low, high = x(max(band[0], sizes[0])), x(min(band[1], sizes[-1]))
    spare = max(0.0, _EDGE - (high - low)) / 2
    return low - spare - 4, high - low + 2 * spare + 8


def _labels(curves: Sequence[Curve], places: Sequence[Sequence[Spot]]) -> Iterable[Label]:
    """Points' names first, for they have but one place; each name once, at the first point."""
    dots = [(x + dx, y + dy) for spots in places for x, y in spots for dx, dy in _AROUND]
    room = Room(drawn=[*dots, *(spot for spots in places for spot in along(spots))])
    for curve, spots in zip(curves, places, strict=True):
        for point, spot in zip(curve.points, spots, strict=True):
            label = room.place(point.name, [spot], None) if point.name else None
            if label is not None:
                yield label
    for dash, (curve, spots) in enumerate(zip(curves, places, strict=True)):
        middle = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairwise(spots)]
        label = room.place(curve.name, [*middle, *spots], dash) if curve.name else None
        if label is not None:
            yield label
