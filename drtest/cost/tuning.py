"""From the runs of a grid's points to what each costs a month: measured sizes, modelled requests.

Pure: a stored run gives the same answer again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from drtest.cost import forecast
from drtest.cost.advise import advise
from drtest.cost.evidence import Evidence, Measured, Outcome
from drtest.cost.habits import habits
from drtest.cost.load import steady
from drtest.cost.projection import (
    Chain,
    Load,
    Month,
    Restore,
    archive_bytes,
    chain,
    month,
    restore_all,
    restore_file,
    temporary_bytes,
)
from drtest.cost.shapes import Client, pages
from drtest.cost.sizes import volume
from drtest.cost.suppose import assumptions
from drtest.cost.tariff import Tariff
from drtest.model.grid import DEFAULT_VOLSIZE_MIB, At, Sweep
from drtest.model.plan import plan
from drtest.model.scenario import Scenario
from drtest.model.tune import Point, Priced, Restored, Tuning

RESTORE_START_S = 2  # duplicity's start and its listings; the download comes on top


def tuning(
    sweep: Sweep,
    scenario: Scenario,
    outcomes: Sequence[Outcome],
    tariffs: Sequence[Tariff],
    *,
    source: Measured,
    duplicity_version: str,
) -> Tuning | None:
    """Return the answer for *scenario*, as its file says it; None where no run made a full."""
    made = plan(scenario).made
    fulls = {one.step for one in made if one.is_full}
    usable = [one for one in outcomes if fulls & set(one.sets)]
    if not usable:
        return None
    base = min(usable, key=lambda one: (not one.is_whole, one.at))
    seen = Evidence(
        sweep=sweep,
        scenario=scenario,
        base=base,
        outcomes={one.at: one for one in outcomes},
        source=source,
        version=duplicity_version,
        habit=habits(scenario.policy, duplicity_version=duplicity_version),
        rhythm=steady(scenario),
        made=made,
    )
    points = tuple(_point(seen, at, tariffs) for at in sweep.points)
    at_yours = seen.chain(sweep.yours)
    unseen = None if sweep.unseen is None else seen.error(sweep.unseen)
    return Tuning(
        scenario=sweep.scenario,
        file=sweep.file,
        grid=sweep.grid,
        measured=seen.measured,
        shown=seen.shown,
        backups=len(made),
        increments=seen.rhythm.increments,
        cycle_days=seen.rhythm.cycle_days,
        chains=seen.rhythm.chains,
        archive_bytes=round(archive_bytes(at_yours, after=seen.age)),
        points=points,
        advice=tuple(
            advise(
                points,
                number,
                yours=sweep.yours,
                is_cold=tariff.of(tariff.tag.storage_class).thaw is not None,
                levers=_levers(at_yours, tariff),
            )
            for number, tariff in enumerate(tariffs)
        ),
        unseen=unseen,
        why_no_unseen=seen.why_no_unseen(unseen),
        assumptions=tuple(
            assumptions(
                sweep.grid,
                scenario.policy,
                seen.shown,
                seen.rhythm,
                tariffs,
                start_s=RESTORE_START_S,
            )
        ),
    )


def check(tariff: Tariff) -> None:
    """Raise UsageError where *tariff* lacks a price that a grid needs: before anything is run."""
    load = Load(
        full_bytes=2**30,
        increment_bytes=1,
        full_signatures_bytes=1,
        increment_signatures_bytes=1,
        increments=1,
        cycle_days=1,
        chains=1,
        file_bytes=1,
    )
    one = chain(load, Client(), volume(DEFAULT_VOLSIZE_MIB, "gzip"))
    forecast.requests_cost(month(one), tariff)
    forecast.storage_cost(month(one), tariff)
    forecast.restore_cost(restore_all(one, after=Fraction(1)), tariff)


def _point(seen: Evidence, at: At, tariffs: Sequence[Tariff]) -> Point:
    """One row of the answer."""
    one, outcome = seen.chain(at), seen.outcomes.get(at)
    found = month(one)
    operations: dict[str, Fraction] = {}
    for (_, operation), number in found.operations.items():
        operations[operation] = operations.get(operation, Fraction()) + number
    one_file, everything = restore_file(one, after=seen.age), restore_all(one, after=seen.age)
    return Point(
        volsize_mib=at[0],
        chunk_mib=at[1],
        is_yours=at == seen.sweep.yours,
        is_default=at == seen.sweep.default,
        why_modelled=seen.why_modelled(at),
        operations={name: round(number) for name, number in operations.items() if number},
        objects=found.keys,
        list_pages=pages(found.keys),
        stored_bytes=round(sum(found.stored_bytes.values())),
        temporary_bytes=temporary_bytes(at[0], concurrency=seen.habit.client.workers),
        restore_file=_restored(one_file, seen),
        restore_all=_restored(everything, seen),
        priced=tuple(
            _priced(seen, one, found, tariff, one_file=one_file, everything=everything)
            for tariff in tariffs
        ),
        metered=None if outcome is None else outcome.metered,
        error=seen.error(at),
    )


def _restored(found: Restore, seen: Evidence) -> Restored:
    speed = seen.sweep.grid.download_bytes_per_s
    return Restored(
        read_bytes=round(found.read_bytes),
        requests=sum(found.operations.values()),
        time_s=round(RESTORE_START_S + float(found.read_bytes) / speed, 1),
    )


def _priced(
    seen: Evidence,
    one: Chain,
    found: Month,
    tariff: Tariff,
    *,
    one_file: Restore,
    everything: Restore,
) -> Priced:
    by_class: dict[str, Fraction] = {}
    for (_, operation), number in found.operations.items():
        group = tariff.book.operations.get(operation, "")  # lacking: refused below
        by_class[group] = by_class.get(group, Fraction()) + number
    each = forecast.restore_cost(one_file, tariff)
    return Priced(
        prices=tariff.tag,
        by_class={group: round(number) for group, number in by_class.items() if number},
        paid_requests=round(forecast.paid_requests(found, tariff)),
        requests=forecast.requests_cost(found, tariff),
        storage=forecast.storage_cost(found, tariff),
        early_deletion=forecast.early_deletion_cost(one, tariff),
        restores=each * _decimal(seen.sweep.grid.restores_per_month),
        restore_file=each,
        restore_all=forecast.restore_cost(everything, tariff),
    )


def _levers(one: Chain, tariff: Tariff) -> Iterator[tuple[str, Decimal]]:
    """What would move the bill more than the volume size, at *one*."""
    if one.load.chains < 2:
        return
    fewer = replace(one, load=replace(one.load, chains=one.load.chains - 1))
    kept, less = (
        forecast.storage_cost(month(each), tariff) + forecast.early_deletion_cost(each, tariff)
        for each in (one, fewer)
    )
    yield "one chain kept less", kept - less


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))
