"""The whole answer of a grid, from made-up runs: the worked example of s3-cost 3.5 row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.prices import tariff

from drtest.cost.evidence import Measured, Outcome
from drtest.cost.predict import predict
from drtest.cost.shapes import SetSizes
from drtest.cost.sizes import cut, volume
from drtest.cost.sweep import point_scenario, sweep
from drtest.cost.tuning import check, tuning
from drtest.errors import UsageError
from drtest.model.grid import At, Grid, Project, Sweep
from drtest.model.plan import plan
from drtest.model.scenario import (
    DEFAULT_START,
    Backup,
    DatedStep,
    FileSet,
    Mutate,
    Mutation,
    Policy,
    Prune,
    Scenario,
    Share,
    Size,
    Step,
)
from drtest.model.tune import Metered, Tuning
from drtest.model.verdict import Verdict

MIB, GIB, TB = 2**20, 2**30, 10**12
STANDARD = "aws/us-east-1/STANDARD"
# s3-cost 3.5: volsize -> requests $, MiB of one file, $ of it, whole month with one restore
TABLE = {
    5: (".173", 77, ".007", "5.85"),
    19: (".046", 294, ".026", "5.74"),
    20: (".043", 310, ".027", "5.74"),
    25: (".114", 387, ".034", "5.81"),
    50: (".071", 775, ".068", "5.81"),
    100: (".049", 1_550, ".136", "5.85"),
    200: (".042", 3_100, ".273", "5.98"),
    250: (".042", 3_875, ".341", "6.05"),
}
GRID = Grid(
    volsizes_mib=tuple(TABLE),
    chunks_mib=(20, 256),
    prices=(STANDARD,),
    project=Project(size_bytes=100 * GIB, change=0.01, files=102_400, compress=1.0),
)
FILES = 200


def nights(number: int, **policy: object) -> Scenario:
    """So many nights of a source of 200 MiB that does not compress."""
    parts: tuple[Step, ...] = (Mutate(), Backup(), Prune())
    words: dict[str, object] = {
        "encryption": "none",
        "volsize_mib": 250,
        "full_if_older_than": timedelta(days=30) - timedelta(hours=1),
        "remove_all_but_n_full": 2,
        **policy,
    }
    return Scenario(
        name="x",
        why="y",
        source=(
            FileSet(
                path="/srv/m",
                files=FILES,
                size=Size(shape="fixed", low_bytes=MIB, high_bytes=MIB),
                kind="random",
            ),
        ),
        mutate=(Mutation(verb="edit", targets=(Share(of_files=0.01),)),),
        steps=tuple(
            DatedStep(index=3 * night + place, at=DEFAULT_START + timedelta(days=night), step=step)
            for night in range(number)
            for place, step in enumerate(parts, start=1)
        ),
        policy=Policy(**words),  # type: ignore[arg-type]
    )


def swept(scenario: Scenario, grid: Grid = GRID, *, full_bytes: int = FILES * MIB) -> Sweep:
    return sweep(
        scenario, grid, duplicity_version="3.2.1", full_bytes=full_bytes, block_bytes=65_536
    )


def outcome(
    scenario: Scenario,
    at: At,
    *,
    full_bytes: int = FILES * MIB,
    verdict: Verdict = Verdict.PASS,
    off: float = 0.0,
    is_whole: bool = True,
) -> Outcome:
    """A run that went just as the model says, but for its meter: that is *off*."""
    each = volume(at[0], "gzip")
    sets: dict[int, SetSizes] = {
        one.step: cut(
            full_bytes if one.is_full else full_bytes // 100,
            each,
            signatures_bytes=2_000_000 if one.is_full else 30_000,
            manifest_bytes=10_000 if one.is_full else 200,
        )
        for one in plan(scenario).made
    }
    found = predict(point_scenario(scenario, at), duplicity_version="3.2.1", seen=sets)
    return Outcome(
        at=at,
        sets=sets,
        reads={},
        is_whole=is_whole,
        metered=Metered(
            title=point_scenario(scenario, at).name,
            verdict=verdict,
            counts_as=verdict,
            requests=round(found.total * (1 + off)),
            uploaded_bytes=found.uploaded_bytes,
            downloaded_bytes=found.downloaded_bytes,
            objects=50,
            stored_bytes=full_bytes,
            full_volumes=-(-full_bytes // each.payload_bytes) - 1,
            full_s=3.0,
            increment_s=0.2,
            restore_s=None,
        ),
    )


def answer(
    scenario: Scenario,
    grid: Grid = GRID,
    *,
    prices: Sequence[str] = (STANDARD,),
    full_bytes: int = FILES * MIB,
    outcomes: Sequence[Outcome] | None = None,
    files: int = FILES,
) -> Tuning:
    asked = swept(scenario, grid, full_bytes=full_bytes)
    runs = (
        [outcome(scenario, at, full_bytes=full_bytes) for at in asked.run]
        if outcomes is None
        else outcomes
    )
    found = tuning(
        asked,
        scenario,
        runs,
        [tariff(one) for one in prices],
        source=Measured(size_bytes=full_bytes, files=files, block_bytes=65_536),
        duplicity_version="3.2.1",
    )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def example() -> Tuning:
    return answer(nights(69))


# ---------------------------------------------------------------- which points


def test_a_volume_below_every_chunk_is_one_point() -> None:
    points = swept(nights(69)).points
    assert [at for at in points if at[0] < 20] == [(5, 20), (19, 20)]
    assert [at for at in points if at[0] == 25] == [(25, 20), (25, 256)]
    # without encryption a volume is smaller than its size: at 20 it is one request still
    assert [at for at in points if at[0] == 20] == [(20, 20)]
    # with gpg it is larger, and spills
    spilled = swept(nights(69, encryption="passphrase")).points
    assert [at for at in spilled if at[0] == 20] == [(20, 20), (20, 256)]


def test_yours_and_the_default_are_always_there() -> None:
    found = swept(nights(3, volsize_mib=77), Grid(volsizes_mib=(5,), chunks_mib=(20,)))
    assert (found.yours, found.default) == ((77, 20), (200, 20))
    assert found.points == ((5, 20), (77, 20), (200, 20))


def test_only_volume_sizes_with_three_whole_volumes_are_run() -> None:
    found = swept(nights(3))  # 200 MiB: 4 volumes of 50 MiB, the last cut short
    assert [at for at in found.run if at != found.unseen] == [
        (5, 20),
        (19, 20),
        (20, 20),
        (25, 20),
        (25, 256),
        (50, 20),
        (50, 256),
    ]
    assert {one.why for one in found.unrun if one.at[0] == 100} == {
        "a full has fewer than 3 whole volumes of 100 MiB"
    }


def test_the_unseen_size_is_the_largest_that_nobody_asked_for() -> None:
    found = swept(nights(3))
    assert found.unseen == (49, 20)
    assert swept(nights(3), Grid(volsizes_mib=(49, 48, 50))).unseen == (47, 20)


@pytest.mark.parametrize("full_bytes", [0, 1, 4 * MIB])
def test_a_source_smaller_than_a_volume_is_run_once(full_bytes: int) -> None:
    found = swept(nights(3), full_bytes=full_bytes)
    assert found.run == ((5, 20),)
    assert found.unseen is None
    assert "the source is too small" in found.why_no_unseen


def test_one_volume_size_leaves_none_to_hold_the_model_to() -> None:
    found = swept(nights(3), Grid(volsizes_mib=(1,)), full_bytes=9 * MIB)
    assert (found.unseen, found.run) == (None, ((1, 20),))
    assert found.why_no_unseen == "no other volume size up to 1 MiB is left to hold the model to"


# ---------------------------------------------------------------- what they cost


@pytest.mark.parametrize("volsize", TABLE)
def test_the_worked_example(volsize: int, example: Tuning) -> None:
    requests, mib, one, month = TABLE[volsize]
    row = example.point((volsize, 20))
    (priced,) = row.priced
    assert priced.requests == pytest.approx(Decimal(requests), abs=Decimal(".0015"))
    assert row.restore_file.read_bytes / MIB == pytest.approx(mib, rel=0.01)
    assert priced.restore_file == pytest.approx(Decimal(one), abs=Decimal(".003"))
    assert priced.per_month == pytest.approx(Decimal(month), abs=Decimal(".02"))
    assert priced.restore_all == pytest.approx(Decimal("10.31"), abs=Decimal(".03"))
    assert sum(priced.by_class.values()) == pytest.approx(row.requests, abs=4)


def test_the_advice_of_the_worked_example(example: Tuning) -> None:
    (advice,) = example.advice
    assert not advice.matters
    assert advice.best == (20, 20)  # 19 is dearer by a fifth of a cent
    assert (advice.lowest_mib, advice.highest_mib) == (5, 250)
    assert advice.requests_share == pytest.approx(0.03, abs=0.001)
    assert advice.step is not None
    assert (advice.step.below_mib, advice.step.above_mib) == (20, 25)
    (lever,) = advice.levers
    assert lever.saves == pytest.approx(Decimal("3.04"), abs=Decimal(".06"))


def test_measured_and_modelled_are_told_apart(example: Tuning) -> None:
    assert [one.volsize_mib for one in example.points if one.is_measured and one.metered] == [
        5, 19, 20, 25, 25, 50, 50,
    ]  # fmt: skip
    modelled = example.point((200, 20))
    assert (modelled.is_default, modelled.metered, modelled.error) == (True, None, None)
    assert modelled.why_modelled == "a full has fewer than 3 whole volumes of 200 MiB"


def test_the_model_is_held_to_what_it_had_not_seen(example: Tuning) -> None:
    assert example.point((5, 20)).error is None  # that one it was given
    error = example.unseen
    assert error is not None
    assert (error.volsize_mib, error.fitted_on_mib) == (49, 5)
    assert error.is_within
    assert error.requests_off == pytest.approx(0, abs=0.01)


def test_a_model_that_is_off_says_so() -> None:
    scenario = nights(8)
    asked = swept(scenario)
    runs = [outcome(scenario, at, off=0.05 if at == asked.unseen else 0) for at in asked.run]
    error = answer(scenario, outcomes=runs).unseen
    assert error is not None
    assert not error.is_within
    assert error.requests_off == pytest.approx(-0.05, abs=0.012)


def test_without_a_project_the_table_is_of_the_measured_source() -> None:
    found = answer(nights(69), replace(GRID, project=None))
    assert not found.is_projected
    assert found.shown == found.measured
    assert found.measured.compress == pytest.approx(1.0, rel=0.01)
    assert found.measured.change == pytest.approx(0.01, rel=0.01)
    assert found.point((5, 20)).stored_bytes == pytest.approx(2.45 * FILES * MIB, rel=0.05)


def test_what_a_project_leaves_out_is_as_measured() -> None:
    found = answer(nights(69), replace(GRID, project=Project(size_bytes=2 * TB)))
    assert found.shown.size_bytes == 2 * TB
    assert found.shown.files == pytest.approx(2 * TB / MIB, rel=0.01)
    assert found.shown.change == pytest.approx(0.01, rel=0.01)
    assert found.shown.compress == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("size_bytes", [10 * 10**9, 100 * TB])
def test_from_ten_gigabytes_to_a_hundred_terabytes(size_bytes: int) -> None:
    project = Project(size_bytes=size_bytes, change=0.01, files=size_bytes // MIB, compress=1.0)
    found = answer(nights(69), replace(GRID, project=project))
    (priced,) = found.point((200, 20)).priced
    tiers = size_bytes > 40 * TB  # storage above 50 TB is cheaper
    want = Decimal(size_bytes) / GIB * Decimal("2.4605") * Decimal(".023")
    assert priced.storage == pytest.approx(want, rel=Decimal(".06" if tiers else ".01"))
    assert 0 < priced.requests < priced.storage / 50


# ---------------------------------------------------------------- edges


def test_no_restores_cost_nothing() -> None:
    found = answer(nights(69), replace(GRID, restores_per_month=0))
    (advice,) = found.advice
    assert {one.priced[0].restores for one in found.points} == {Decimal(0)}
    assert not advice.matters
    assert found.point(advice.best).restore_file.time_s < 20  # time still decides


def test_an_empty_source() -> None:
    found = answer(nights(3), replace(GRID, project=None), full_bytes=0, files=0)
    assert not any(one.is_measured for one in found.points)
    assert found.measured.size_bytes == 0
    (advice,) = found.advice
    assert not advice.matters
    assert found.point((250, 20)).requests == found.point((5, 20)).requests


def test_a_run_that_failed_is_shown() -> None:
    scenario = nights(8)
    runs = [
        outcome(scenario, at, verdict=Verdict.FAIL if at == (19, 20) else Verdict.PASS)
        for at in swept(scenario).run
    ]
    metered = answer(scenario, outcomes=runs).point((19, 20)).metered
    assert metered is not None
    assert metered.verdict is Verdict.FAIL


def test_a_run_that_was_broken_off_is_modelled() -> None:
    scenario = nights(8)
    runs = [outcome(scenario, at, is_whole=at != (19, 20)) for at in swept(scenario).run]
    row = answer(scenario, outcomes=runs).point((19, 20))
    assert row.why_modelled == "its run did not come to its end"
    assert row.error is None
    left = [outcome(scenario, (5, 20))]
    found = answer(scenario, outcomes=left)
    assert found.point((19, 20)).why_modelled == "it was not run"
    assert (found.unseen, found.why_no_unseen) == (None, "its run did not come to its end")


def test_nothing_measured_is_no_answer() -> None:
    scenario = nights(3)
    broken = replace(outcome(scenario, (5, 20)), sets={}, is_whole=False)
    for runs in ([], [broken]):
        assert (
            tuning(
                swept(scenario),
                scenario,
                runs,
                [tariff(STANDARD)],
                source=Measured(size_bytes=1, files=1, block_bytes=65_536),
                duplicity_version="3.2.1",
            )
            is None
        )


def test_several_prices_are_compared_and_cold_ones_matter() -> None:
    prices = [STANDARD, "b2/all/STANDARD", "aws/us-east-1/DEEP_ARCHIVE"]
    found = answer(nights(69), prices=prices)
    standard, b2, cold = found.advice
    assert not standard.matters
    assert (b2.requests_share, b2.step) == (0.0, None)
    assert {one.priced[1].paid_requests for one in found.points} == {0}
    assert cold.matters
    assert [one.is_cold for one in found.advice] == [False, False, True]
    assert any("thawed the standard way" in one for one in found.assumptions)


def test_where_nothing_costs_anything_time_decides() -> None:
    scenario = nights(69)
    asked = swept(scenario)
    free = tariff("generic/all/STANDARD", "storage=0", "egress=0")
    found = tuning(
        asked,
        scenario,
        [outcome(scenario, at) for at in asked.run],
        [free],
        source=Measured(size_bytes=FILES * MIB, files=FILES, block_bytes=65_536),
        duplicity_version="3.2.1",
    )
    assert found is not None
    (advice,) = found.advice
    assert (advice.cheapest, advice.spread, advice.matters) == (0, 0, False)
    assert advice.best == (5, 20)
    assert (advice.requests_share, advice.step, advice.levers) == (0.0, None, ())


@pytest.mark.parametrize("where", [STANDARD, "b2/all/STANDARD", "aws/eu-south-1/GLACIER"])
def test_prices_that_are_whole(where: str) -> None:
    check(tariff(where))


def test_a_missing_price_is_found_before_anything_is_run() -> None:
    whole = tariff(STANDARD)
    operations = {k: v for k, v in whole.book.operations.items() if k != "UploadPart"}
    lacking = replace(whole, book=whole.book.model_copy(update={"operations": operations}))
    with pytest.raises(UsageError, match="no request class for UploadPart"):
        check(lacking)


# ---------------------------------------------------------------- the steady state


@pytest.mark.parametrize(
    ("number", "policy", "want"),
    [
        (69, {}, (29, 30, 2)),
        # too short for a second full or a prune: the policy's words decide
        (8, {}, (29, 30, 2)),
        (8, {"full_if_older_than": None}, (29, 30, 2)),
        (8, {"remove_all_but_n_full": None, "remove_older_than": timedelta(days=60)}, (29, 30, 3)),
        (8, {"remove_all_but_n_full": None}, (29, 30, 1)),
        (1, {"remove_all_but_n_full": None}, (0, 30, 1)),
    ],
)
def test_the_rhythm_of_a_short_calendar(
    number: int, policy: dict[str, object], want: tuple[int, int, int]
) -> None:
    found = answer(nights(number, **policy), replace(GRID, project=None))
    assert (found.increments, found.cycle_days, found.chains) == want


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"volsizes_mib": ()}, "volsize is a whole number of MiB, at least 1"),
        ({"volsizes_mib": (0, 5)}, "at least 1"),
        ({"volsizes_mib": (-5,)}, "at least 1"),
        ({"volsizes_mib": (5, 5)}, "each value once"),
        ({"chunks_mib": (4,)}, "at least 5"),
        ({"chunks_mib": (20, 20)}, "each value once"),
        ({"prices": (STANDARD, STANDARD)}, "each once"),
        ({"restores_per_month": -1.0}, "0 or more"),
        ({"download_bytes_per_s": 0}, "has a speed"),
    ],
)
def test_a_grid_that_makes_no_sense(words: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Grid(**words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [{"size_bytes": 0}, {"change": 1.5}, {"files": 0}, {"compress": 0.0}, {"compress": 3.0}],
)
def test_a_project_that_makes_no_sense(words: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"more than|0 % to|at least"):
        Project(**{"size_bytes": GIB, **words})  # type: ignore[arg-type]
