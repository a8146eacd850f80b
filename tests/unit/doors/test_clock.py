"""Time is aware, and the timeline never runs backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.clock import TimelineClock, monotonic_s, pause, real_now

START = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
MOVES = st.lists(st.timedeltas(timedelta(days=-2), timedelta(days=40)), max_size=10)


@given(MOVES)
def test_the_timeline_only_moves_forward(moves: list[timedelta]) -> None:
    clock = TimelineClock(now=START)
    for move in moves:
        before = clock.now
        if move < timedelta():
            with pytest.raises(ValueError, match="backwards"):
                clock.advance(move)
            assert clock.now == before
        else:
            assert clock.advance(move) == clock.now == before + move


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        TimelineClock(now=datetime(2026, 1, 1))


def test_the_real_clock_is_aware_and_in_utc() -> None:
    assert real_now().utcoffset() == timedelta()


def test_a_pause_takes_as_long_as_it_says() -> None:
    before = monotonic_s()
    pause(0.01)
    assert monotonic_s() - before >= 0.01
