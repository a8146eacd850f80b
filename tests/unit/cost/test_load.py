from __future__ import annotations

from datetime import timedelta

import pytest
from support.prices import tariff

from drtest.cost.forecast import requests_cost
from drtest.cost.load import Rhythm, at_size, measured, rhythm
from drtest.cost.projection import chain, month
from drtest.cost.shapes import MIB, Client, SetSizes
from drtest.cost.sizes import volume
from drtest.model.plan import Plan, PlannedSet
from drtest.model.scenario import DEFAULT_START

GIB = 2**30
DAY = timedelta(days=1)
MONTHLY = Rhythm(increments=29, cycle_days=30, chains=2)


def nights(number: int, every: int) -> tuple[PlannedSet, ...]:
    return tuple(
        PlannedSet(
            at=DEFAULT_START + n * DAY, step=n + 1, chain=n // every + 1, is_full=n % every == 0
        )
        for n in range(number)
    )


def test_rhythm_of_a_calendar() -> None:
    made = nights(69, 30)
    left = tuple(one for one in made if one.chain >= 2)
    assert rhythm(Plan(made=made, left=left), days=68) == MONTHLY


def test_rhythm_of_one_chain_is_its_length() -> None:
    made = nights(8, 100)
    assert rhythm(Plan(made=made, left=made), days=8) == Rhythm(
        increments=7, cycle_days=8, chains=1
    )


def test_a_calendar_without_a_full_has_no_month() -> None:
    with pytest.raises(ValueError, match="no full"):
        rhythm(Plan(made=(), left=()), days=1)


def test_the_readers_size_gives_the_worked_example_again() -> None:
    load = at_size(size_bytes=100 * GIB, files=102_400, change=0.01, compress=1.0, rhythm=MONTHLY)
    assert load.full_bytes == pytest.approx(100 * GIB, rel=0.001)
    assert load.increment_bytes == pytest.approx(GIB, rel=0.001)
    assert load.full_signatures_bytes == pytest.approx(1200 * MIB, rel=0.015)
    found = month(chain(load, Client(), volume(200, "gzip")))
    # s3-cost 3.5: $.042 of requests a month at volsize 200
    cost = requests_cost(found, tariff("aws/us-east-1/STANDARD"))
    assert float(cost) == pytest.approx(0.042, rel=0.02)


def test_compression_and_change_scale_what_is_stored() -> None:
    half = at_size(size_bytes=GIB, files=1024, change=0.5, compress=0.5, rhythm=MONTHLY)
    assert half.full_bytes == pytest.approx(GIB / 2, rel=0.001)
    assert half.increment_bytes == pytest.approx(GIB / 4, rel=0.001)
    still = at_size(size_bytes=GIB, files=1024, change=0, compress=1, rhythm=MONTHLY)
    assert still.increment_bytes == 0


@pytest.mark.parametrize("wrong", [{"files": 0}, {"change": 2.0}, {"compress": 0.0}])
def test_a_source_that_makes_no_sense(wrong: dict[str, float]) -> None:
    words: dict[str, float] = {"size_bytes": GIB, "files": 9, "change": 0.1, "compress": 1, **wrong}
    with pytest.raises(ValueError, match="a source has files"):
        at_size(**words, rhythm=MONTHLY)  # type: ignore[arg-type]


def test_what_a_run_showed_is_averaged_and_scaled() -> None:
    def one(volumes: int, last: int) -> SetSizes:
        return SetSizes(
            volumes=volumes,
            volume_bytes=1000,
            last_volume_bytes=last,
            signatures_bytes=60,
            manifest_bytes=20 + 155 * volumes,  # the list of paths, and each volume's entry
        )

    sets = {1: one(3, 500), 2: one(1, 40), 3: one(1, 60)}
    load = measured(sets, nights(3, 10), rhythm=MONTHLY, frame="gzip", file_bytes=7, times=10)
    assert (load.full_bytes, load.increment_bytes) == (25_000, 500)
    assert (load.full_signatures_bytes, load.increment_manifest_bytes) == (600, 200)
    with pytest.raises(ValueError, match="no full"):
        measured({}, nights(3, 10), rhythm=MONTHLY, frame="gzip", file_bytes=7)
