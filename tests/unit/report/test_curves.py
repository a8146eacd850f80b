"""Plots over volume size: what is drawn where, and that no word covers another."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.report.curves import CURVES, Chart, Curve, Point, chart
from drtest.report.labels import CHARACTER, Label
from drtest.report.plots import BOTTOM, LEFT, RIGHT, TOP


def curve(name: str, *pairs: tuple[int, float], **names: str) -> Curve:
    """Points of volume size and value; ``at_19="best"`` names one; from 100 MiB on modelled."""
    return Curve(
        name=name,
        points=tuple(
            Point(
                volsize_mib=size,
                value=value,
                is_measured=size < 100,
                name=names.get(f"at_{size}", ""),
            )
            for size, value in pairs
        ),
    )


SAW = curve("chunk 20", (5, 0.17), (19, 0.05), (25, 0.11), (250, 0.04), at_19="best")
FLAT = curve("chunk 256", (5, 0.17), (25, 0.03), (250, 0.004), at_250="yours")


def drawn(*curves: Curve, band: tuple[int, int] | None = None, seconds: bool = False) -> Chart:
    made = chart(curves, label="cost", band=band, seconds=seconds)
    assert made is not None
    return made


def box(label: Label) -> tuple[float, float, float, float]:
    width = CHARACTER * len(label.text)
    left = {"start": label.x, "middle": label.x - width / 2, "end": label.x - width}[label.anchor]
    return left, label.y - 10, left + width, label.y + 2


def test_sizes_stand_by_their_logarithm_and_values_from_zero() -> None:
    found = drawn(curve("", (5, 1.0), (50, 2.0), (500, 4.0)))
    (line,) = found.lines
    (low, at_1), (middle, at_2) = line.measured
    ((high, at_4),) = line.modelled
    assert middle - low == pytest.approx(high - middle)
    assert at_1 - at_2 == pytest.approx((at_2 - at_4) / 2)
    assert found.y_ticks[0] == (BOTTOM, "0")
    assert line.path.startswith(f"M{low:.1f} {at_1:.1f}L")


def test_what_was_measured_is_told_from_what_the_model_says() -> None:
    first, second = drawn(SAW, FLAT).lines
    assert (len(first.measured), len(first.modelled)) == (3, 1)
    assert (len(second.measured), len(second.modelled)) == (2, 1)
    assert first.dash != second.dash


def test_lines_and_points_are_named_where_they_are() -> None:
    found = {one.text: one for one in drawn(SAW, FLAT).labels}
    assert set(found) == {"best", "yours", "chunk 20", "chunk 256"}
    assert found["best"].dash is None
    assert found["chunk 256"].dash == 1


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0.17, ["0", "0.05", "0.10", "0.15", "0.20"]),
        (4.0, ["0", "1", "2", "3", "4"]),
        (0.0031, ["0", "0.001", "0.002", "0.003", "0.004"]),
        (1_234.0, ["0", "500", "1,000", "1,500"]),
    ],
)
def test_amounts_have_ticks_that_people_count_in(highest: float, ticks: list[str]) -> None:
    found = drawn(curve("", (5, highest), (10, highest / 2)))
    assert [name for _, name in found.y_ticks] == ticks


def test_times_have_ticks_of_a_clock() -> None:
    found = drawn(curve("", (5, 4.0), (250, 123.0)), seconds=True)
    assert [name for _, name in found.y_ticks] == ["0", "1 m", "2 m", "3 m"]


@pytest.mark.parametrize(
    ("band", "sizes"),
    [((10, 19), (10, 19)), ((1, 19), (5, 19)), ((25, 9999), (25, 250)), ((19, 19), (19, 19))],
)
def test_the_advised_range_is_marked_as_far_as_it_is_drawn(
    band: tuple[int, int], sizes: tuple[int, int]
) -> None:
    every = curve("", *[(size, 1.0) for size in (5, 10, 19, 25, 50, 250)])
    found = drawn(every, band=band)
    assert found.band is not None
    left, width = found.band
    place = {
        size: x for size, (x, _) in zip((5, 10, 19, 25, 50), found.lines[0].measured, strict=True)
    }
    place[250] = found.lines[0].modelled[0][0]
    inside = [size for size, x in place.items() if left <= x <= left + width]
    assert inside == [size for size in place if sizes[0] <= size <= sizes[1]]


def test_a_range_that_is_not_drawn_is_not_marked() -> None:
    assert drawn(SAW, band=(300, 400)).band is None
    assert drawn(SAW).band is None


@pytest.mark.parametrize(
    "curves",
    [[], [curve("")], [curve("", (5, 1.0))], [curve("", (5, 0.0), (10, 0.0))]],
    ids=["none", "empty", "one size", "nothing costs anything"],
)
def test_what_makes_no_plot_is_left_to_the_table(curves: list[Curve]) -> None:
    assert chart(curves, label="cost") is None


def test_no_more_lines_than_can_be_told_apart() -> None:
    many = [curve(f"chunk {number}", (5, number), (10, 1.0)) for number in range(1, 9)]
    found = drawn(*many)
    assert len(found.lines) == CURVES
    assert len({one.dash for one in found.lines}) == CURVES


@given(
    st.lists(
        st.dictionaries(st.integers(1, 5_000), st.floats(0.00001, 1e6), min_size=2, max_size=12),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_no_word_covers_another_and_all_is_within_the_frame(
    values: list[dict[int, float]], data: st.DataObject
) -> None:
    names = st.sampled_from(["", "", "best", "yours", "default", "yours and default"])
    curves = [
        Curve(
            name=f"chunk {number} MiB",
            points=tuple(
                Point(volsize_mib=size, value=value, is_measured=True, name=data.draw(names))
                for size, value in sorted(found.items())
            ),
        )
        for number, found in enumerate(values)
    ]
    found = chart(curves, label="cost")
    assert found is not None
    for a, b in itertools.combinations(map(box, found.labels), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for line in found.lines:
        for x, y in (*line.measured, *line.modelled):
            assert LEFT <= x <= RIGHT
            assert TOP - 0.01 <= y <= BOTTOM
    places = [x for x, _, _ in found.x_ticks]
    assert places == sorted(places)
