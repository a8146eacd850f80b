"""What the page shows of a tuned run: money and restore time over volume size, and the tables.

Everything was computed for ``drtest.model.tune``; here it becomes plots, rows and words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from drtest.model.tune import (
    BYTES_LIMIT,
    REQUESTS_LIMIT,
    Advice,
    ModelError,
    Point,
    Priced,
    Sized,
    Tuning,
)
from drtest.report import drawn
from drtest.report.advice import amount, asides, places, span, verdict
from drtest.report.money import money, source
from drtest.report.points import alike, modelled, names
from drtest.report.wording import count, size

PLOTTED = 3  # tariffs with a plot of their own
TABLES = 5  # tariffs with a table
ROWS = 60  # points in a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One point with one tariff, spelt."""

    point: Point
    words: str  # "best", "default, yours"
    paid_requests: int
    requests: str
    restore_file: str
    per_month: str
    by_class: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What one tariff says."""

    advice: Advice
    yours: str  # a month with the policy's own volume size and chunk
    best: str
    spread: str  # how far the month moves from point to point
    said: tuple[str, ...]  # whether it matters, what to choose
    asides: tuple[str, ...]
    source: str  # which prices these are, of what day and how old
    restore_all: str  # the price of a full restore, "" where it differs from point to point
    cost: drawn.Drawn | None  # None: nothing but storage costs anything
    classes: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def most_requests(self) -> int:
        """The longest bar of the requests by class."""
        return max((sum(row.by_class) for row in self.rows), default=1) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Volumes:
    """The whole section."""

    tuning: Tuning  # with so many points as are shown
    more_points: int
    tariffs: tuple[Tariff, ...]
    more_tariffs: int
    time: drawn.Drawn | None
    basis: tuple[str, ...]  # what was measured, and what the figures are of
    modelled: tuple[tuple[str, str], ...]  # points, why they were not measured
    alike: str  # which volume sizes have one row for all chunks, "" for none
    claims: tuple[str, str]  # how far off requests and bytes may be, as the model says of itself
    errors: tuple[ModelError, ...]  # the model beside the meter; where it had not seen, first


def volumes(tuning: Tuning, today: date) -> Volumes:
    """Return the section of *tuning*, with prices as old as they are *today*."""
    shown = replace(tuning, points=_thinned(tuning))
    tariffs = range(min(len(tuning.advice), TABLES))
    errors = (tuning.unseen, *(point.error for point in shown.points))
    return Volumes(
        tuning=shown,
        more_points=len(tuning.points) - len(shown.points),
        tariffs=tuple(_tariff(shown, place, today) for place in tariffs),
        more_tariffs=len(tuning.advice) - len(tariffs),
        time=drawn.time(shown),
        basis=tuple(_basis(tuning)),
        modelled=tuple(modelled(tuning)),
        alike=alike(shown) if shown.points else "",
        claims=(f"{REQUESTS_LIMIT * 100:g} %", f"{BYTES_LIMIT * 100:g} %"),
        errors=tuple(one for one in errors if one is not None),
    )


def _thinned(tuning: Tuning) -> tuple[Point, ...]:
    """Return as many points as a table has rows, evenly taken; those with a name always."""
    named = [
        any(names(point, advice) for advice in (None, *tuning.advice[:TABLES]))
        for point in tuning.points
    ]
    every = math.ceil(len(named) / ROWS)
    pairs = enumerate(zip(tuning.points, named, strict=True))
    return tuple(point for place, (point, is_named) in pairs if is_named or place % every == 0)


# ---------------------------------------------------------------- a tariff


def _tariff(tuning: Tuning, place: int, today: date) -> Tariff:
    advice = tuning.advice[place]
    priced = [(point, point.priced[place]) for point in tuning.points]
    classes = tuple(dict.fromkeys(name for _, one in priced for name in one.by_class))
    month = places(max((one.per_month for _, one in priced), default=Decimal()))
    asked = places(max((one.requests for _, one in priced), default=Decimal()))
    file = places(max((one.restore_file for _, one in priced), default=Decimal()))
    return Tariff(
        advice=advice,
        yours=amount(tuning.point(advice.compared).priced[place].per_month, month),
        best=amount(tuning.point(advice.best).priced[place].per_month, month),
        spread=amount(advice.spread, month),
        said=verdict(tuning, advice),
        asides=asides(advice),
        source=source(advice.prices, today),
        restore_all=_whole(priced),
        cost=drawn.cost(tuning, priced, advice) if place < PLOTTED else None,
        classes=classes,
        rows=tuple(
            Row(
                point=point,
                words=", ".join(names(point, advice)),
                paid_requests=one.paid_requests,
                requests=amount(one.requests, asked),
                restore_file=amount(one.restore_file, file),
                per_month=amount(one.per_month, month),
                by_class=tuple(one.by_class.get(name, 0) for name in classes),
            )
            for point, one in priced
        ),
    )


def _whole(priced: Sequence[tuple[Point, Priced]]) -> str:
    costs = [float(one.restore_all) for _, one in priced]
    if not costs or not drawn.are_same(costs):
        return ""
    dearest = max((one for _, one in priced), key=lambda one: one.restore_all)
    return money(dearest.restore_all, dearest.prices.currency)


# ---------------------------------------------------------------- in words


def _basis(tuning: Tuning) -> Iterable[str]:
    runs = sum(point.metered is not None for point in tuning.points)
    yield (
        f"Measured on {_sized(tuning.measured)}: {count(tuning.backups, 'backup')} with real "
        f"duplicity at each of {count(runs, 'point')}."
    )
    if tuning.is_projected:
        yield f"Projected by the request model to {_sized(tuning.shown)}."
    yield (
        f"A month of the steady state: a full every {count(tuning.cycle_days, 'day')}, "
        f"{count(tuning.increments, 'incremental')} between, {count(tuning.chains, 'chain')} kept, "
        f"{_times(tuning.grid.restores_per_month)} a month."
    )
    times_s = [point.restore_all.time_s for point in tuning.points]
    if times_s and drawn.are_same(times_s):
        yield f"A full restore takes about {span(max(times_s))} with any of them."
    yield (
        "Times and prices of restores are for a machine that has its archive dir; a new one "
        f"first fetches {size(tuning.archive_bytes)} of signatures and manifests, with any of them."
    )


def _times(number: float) -> str:
    return f"{number:,g} single-file restore{'' if number == 1 else 's'}"


def _sized(one: Sized) -> str:
    return (
        f"{size(one.size_bytes)} in {count(one.files, 'file')}, of which {one.change * 100:.2g} % "
        f"changes between two backups and {one.compress * 100:.3g} % is left after compression"
    )
