"""One seed, independent streams, the same on every machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drtest.chance import Seed

LABELS = st.text("abc/", min_size=1, max_size=4)


@given(st.integers(), st.lists(LABELS, max_size=3))
def test_a_stream_follows_from_value_and_path(value: int, path: list[str]) -> None:
    one, two = Seed(value=value), Seed(value=value)
    for label in path:
        one, two = one.child(label), two.child(label)
    assert one == two
    assert one.rng().random() == two.rng().random()


@given(st.integers())
def test_a_new_stream_shifts_no_other(value: int) -> None:
    root = Seed(value=value)
    before = root.child("tree").rng().random()
    root.child("mutate").rng().random()
    assert root.child("tree").rng().random() == before
    assert root.child("mutate").rng().random() != before


@given(st.lists(LABELS, max_size=3), st.lists(LABELS, max_size=3))
def test_two_paths_are_two_streams(one: list[str], two: list[str]) -> None:
    streams = [Seed(value=1, path=tuple(path)).rng().getrandbits(64) for path in (one, two)]
    assert (streams[0] == streams[1]) == (one == two)


def test_the_stream_is_the_same_on_every_machine() -> None:
    assert Seed(value=1).child("tree").rng().getrandbits(32) == PINNED


PINNED = 1747064040
