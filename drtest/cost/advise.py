"""What a grid's points say with one tariff: whether it matters, the range, the best of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from drtest.model.grid import At
from drtest.model.tune import MATTERS, TOLERANCE, Advice, Lever, Point, Priced, SawTooth

_TWICE = 2  # the range ends where one file takes so much longer than at its beginning
_RISE = 1.1  # paid requests over those of the volume size before: less is no step
_NONE = Decimal(0)


def advise(
    points: Sequence[Point],
    tariff: int,
    *,
    yours: At,
    is_cold: bool = False,
    levers: Iterable[tuple[str, Decimal]] = (),
) -> Advice:
    """Return what *points*, ordered by volume size, say with their *tariff*-th prices.

    The rule stands at ``Advice``. *levers* are what else would move the bill, with what it saves a
    month; those that save nothing are left out. *is_cold*: a restore has to wait for a
    thaw. ValueError without points.
    """
    if not points:
        raise ValueError("a grid has points")
    months = {_at(one): _priced(one, tariff).per_month for one in points}
    cheapest, dearest = min(months.values()), max(months.values())
    near = [one for one in points if months[_at(one)] <= cheapest * (1 + TOLERANCE)]
    first = min(near, key=lambda one: (one.restore_file.time_s, months[_at(one)]))
    chosen = list(_range(points, near, first))
    best = min(chosen, key=lambda one: (months[_at(one)], one.restore_file.time_s))
    own = next(one for one in points if _at(one) == yours)
    shares = (
        float(priced.requests / priced.per_month) if priced.per_month else 0.0
        for priced in (_priced(one, tariff) for one in points)
    )
    return Advice(
        prices=_priced(best, tariff).prices,
        matters=dearest - cheapest > cheapest * MATTERS > _NONE,
        lowest_mib=points[0].volsize_mib,
        highest_mib=points[-1].volsize_mib,
        cheapest=cheapest,
        spread=dearest - cheapest,
        requests_share=max(shares),
        best=_at(best),
        range_mib=(chosen[0].volsize_mib, chosen[-1].volsize_mib),
        range_restore_s=max(one.restore_file.time_s for one in chosen),
        compared=yours,
        compared_restore_s=own.restore_file.time_s,
        saves=months[yours] - months[_at(best)],
        is_cold=is_cold,
        step=_step(points, tariff),
        levers=tuple(Lever(what=what, saves=saves) for what, saves in levers if saves > _NONE),
    )


def _range(points: Sequence[Point], near: Sequence[Point], first: Point) -> Iterator[Point]:
    """From *first* on, with its chunk, as long as points are near and not twice as slow."""
    row = list(_with_chunk(points, first.chunk_mib))
    for one in row[row.index(first) :]:
        if one not in near or one.restore_file.time_s > _TWICE * first.restore_file.time_s:
            return
        yield one


def _with_chunk(points: Sequence[Point], chunk_mib: int) -> Iterator[Point]:
    """The points of one chunk, and those volume sizes that are one request with any."""
    chunks: dict[int, set[int]] = {}
    for one in points:
        chunks.setdefault(one.volsize_mib, set()).add(one.chunk_mib)
    least = min(one.chunk_mib for one in points)
    for one in points:
        is_any = one.volsize_mib < least and len(chunks[one.volsize_mib]) == 1
        if one.chunk_mib == chunk_mib or is_any:
            yield one


def _step(points: Sequence[Point], tariff: int) -> SawTooth | None:
    """The steepest rise in paid requests from one volume size to the next, above a chunk size."""
    steps = []
    for chunk in dict.fromkeys(one.chunk_mib for one in points):
        for before, after in pairwise(_with_chunk(points, chunk)):
            fewer, more = (_priced(one, tariff).paid_requests for one in (before, after))
            if after.volsize_mib >= chunk and fewer and more > _RISE * fewer:
                steps.append(
                    SawTooth(
                        below_mib=before.volsize_mib,
                        above_mib=after.volsize_mib,
                        chunk_mib=chunk,
                        times=more / fewer,
                    )
                )
    return max(steps, key=lambda one: one.times, default=None)


def _at(point: Point) -> At:
    return point.volsize_mib, point.chunk_mib


def _priced(point: Point, tariff: int) -> Priced:
    return point.priced[tariff]
