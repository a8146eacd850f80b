"""The plots of a tuned run: what volume size moves, and how long one file takes to come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from drtest.model.grid import MIB
from drtest.model.tune import Advice, Point, Priced, Tuning
from drtest.report import curves
from drtest.report.advice import span
from drtest.report.money import money
from drtest.report.points import names

_SAME = 0.02  # part by which figures differ that are told as one
# A plot's unit, so that its axis has few digits: from which value on, its factor, its name.
_UNITS = ((0.02, 1, ""), (0.00002, 1_000, "thousandths of a "), (0, 1_000_000, "millionths of a "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A plot with its caption: what in bold, and the rest."""

    title: str
    rest: str
    chart: curves.Chart


def cost(tuning: Tuning, priced: Sequence[tuple[Point, Priced]], advice: Advice) -> Drawn | None:
    """Plot what volume size moves: the month above the cheapest storage, which all points share.

    None where nothing but storage costs anything.
    """
    floor = min((one.storage + one.early_deletion for _, one in priced), default=Decimal())
    above = {id(point): one.per_month - floor for point, one in priced}
    highest = max(above.values(), default=Decimal())
    factor, unit = next((factor, name) for least, factor, name in _UNITS if highest >= least)
    found = curves.chart(
        _curves(tuning, advice, lambda point: float(above[id(point)] * factor)),
        label=(
            "What a month costs above its storage, against volume size: "
            + _told(tuning, advice, lambda point: money(above[id(point)], advice.prices.currency))
        ),
        band=advice.range_mib,
    )
    if found is None:
        return None
    currency = advice.prices.currency
    return Drawn(
        title="What volume size moves",
        rest=f"{unit}{currency} a month, above {money(floor, currency)} for storage",
        chart=found,
    )


def time(tuning: Tuning) -> Drawn | None:
    """Plot the restore of one file; a single line where chunk size changes nothing about it."""
    advice = tuning.advice[0] if tuning.advice else None

    def time_s(point: Point) -> float:
        return point.restore_file.time_s

    found = curves.chart(
        _merged(_curves(tuning, advice, time_s, named_as=lambda one: span(time_s(one)))),
        label="Time to restore one file, against volume size: "
        + _told(tuning, advice, lambda point: span(time_s(point))),
        seconds=True,
        band=None if advice is None else advice.range_mib,
    )
    if found is None:
        return None
    speed = f"{tuning.grid.download_bytes_per_s / MIB:,.4g} MiB/s"
    return Drawn(title="One file restored", rest=f"time, downloading at {speed}", chart=found)


def _curves(
    tuning: Tuning,
    advice: Advice | None,
    value: Callable[[Point], float],
    *,
    named_as: Callable[[Point], str] = lambda _: "",
) -> list[curves.Curve]:
    """A curve for each chunk size, yours and the best one's first, for no more are drawn."""
    chunks = sorted({point.chunk_mib for point in tuning.points})
    first = {point.chunk_mib for point in tuning.points if names(point, advice)}
    chunks.sort(key=lambda chunk: chunk not in first)
    return [
        curves.Curve(
            name=f"chunk {chunk}" if len(chunks) > 1 else "",
            points=tuple(
                curves.Point(
                    volsize_mib=point.volsize_mib,
                    value=value(point),
                    is_measured=point.is_measured,
                    name=_joined(names(point, advice), named_as(point)),
                )
                for point in tuning.points
                if point.chunk_mib == chunk
            ),
        )
        for chunk in chunks
    ]


def _joined(words: Sequence[str], value: str) -> str:
    return f"{', '.join(words)} {value}".strip() if words else ""


def _merged(found: Sequence[curves.Curve]) -> list[curves.Curve]:
    """One curve for all, where they agree at every size that they share."""
    by_size: dict[int, list[curves.Point]] = {}
    for curve in found:
        for point in curve.points:
            by_size.setdefault(point.volsize_mib, []).append(point)
    if not all(are_same([one.value for one in points]) for points in by_size.values()):
        return list(found)
    points = (
        max(points, key=lambda one: (bool(one.name), one.is_measured))
        for _, points in sorted(by_size.items())
    )
    return [curves.Curve(name="", points=tuple(points))]


def are_same(values: Sequence[float]) -> bool:
    """Whether *values* are so close that one figure tells them all."""
    return max(values) - min(values) <= _SAME * max(values)


def _told(tuning: Tuning, advice: Advice | None, value: Callable[[Point], str]) -> str:
    """``best 19 MiB 0.07 USD, yours 250 MiB 0.38 USD``: a plot in words."""
    points = [one for one in tuning.points if names(one, advice)]
    points = points or [*tuning.points[:1], *tuning.points[1:][-1:]]  # the ends
    return ", ".join(
        f"{', '.join(names(one, advice))} {one.volsize_mib} MiB {value(one)}".strip()
        for one in points
    )
