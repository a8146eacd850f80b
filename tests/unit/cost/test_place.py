"""What one run's drill read of a set tells which volumes of another cut hold the same path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.cost.place import part_for
from drtest.cost.shapes import MIB, SetSizes
from drtest.cost.sizes import Frame, cut, volume

MIB_OF_FULL = 43


def full(volsize: int, frame: Frame = "gzip", size_bytes: int = MIB_OF_FULL * MIB) -> SetSizes:
    return cut(
        size_bytes, volume(volsize, frame), signatures_bytes=1, manifest_bytes=1, frame=frame
    )


@pytest.mark.parametrize("frame", ["gzip", "gpg"])
@pytest.mark.parametrize(
    ("read", "asked", "volumes", "is_last"),
    [
        ((1, 1), 10, 1, False),  # 0 to 5 MiB
        ((2, 2), 10, 1, False),
        ((9, 9), 10, 1, True),  # the last, cut short: 40 to 43 MiB
        ((2, 3), 10, 2, False),  # at the edge of two: 10 MiB
        ((3, 4), 10, 1, False),  # at 15 MiB: inside the second of 10
        ((9, 9), 50, 1, True),
    ],
)
def test_a_path_is_found_in_another_cut(
    frame: Frame, read: tuple[int, int], asked: int, volumes: int, is_last: bool
) -> None:
    after = full(asked, frame)
    part = part_for(read, full(5, frame), after, frame=frame, path_bytes=2 * MIB)
    assert part.volumes == volumes
    assert (part.last_volume_bytes == after.last_volume_bytes) is is_last


@given(
    read=st.integers(1, 43),
    volsize=st.integers(1, 60),
    path_bytes=st.integers(0, 50 * MIB),
    frame=st.sampled_from(["gzip", "gpg"]),
)
def test_it_is_always_a_part_of_the_set(
    read: int, volsize: int, path_bytes: int, frame: Frame
) -> None:
    before, after = full(1, frame), full(volsize, frame)
    read = min(read, before.volumes)
    part = part_for((read, read), before, after, frame=frame, path_bytes=path_bytes)
    assert 1 <= part.volumes <= after.volumes
    assert part.difftar_bytes <= after.difftar_bytes
    whole = part_for((1, before.volumes), before, after, frame=frame, path_bytes=10**9)
    assert whole.volumes == after.volumes


def test_the_same_cut_gives_the_same_volume() -> None:
    sizes = full(5)
    for number in range(1, sizes.volumes + 1):
        part = part_for((number, number), sizes, sizes, frame="gzip", path_bytes=MIB)
        assert part.volumes == 1
