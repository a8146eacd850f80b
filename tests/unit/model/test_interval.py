"""duplicity's time words, held against duplicity's own reader of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.asking import ask

from drtest.duplicity.versions import Duplicity
from drtest.model.interval import epoch, format_instant, format_interval, from_epoch, parse_interval

LONGEST_S = 200 * 365 * 86400
PARTS = st.tuples(st.integers(0, 10**7).map(str), st.sampled_from("smhDWMYyd ")).map("".join)
WORDS = st.one_of(
    st.lists(PARTS, max_size=4).map("".join),
    st.text(max_size=6),
    st.sampled_from(["", "1", "D", "1y", "1D\n", "-1D", "١D", "1D 2h", "00D", "1.5h", "0s"]),
)
READ = """
from duplicity import dup_time
def answer(word):
    try:
        return dup_time.intstringtoseconds(word)
    except dup_time.TimeException:
        return None
"""


def seconds(word: str) -> int | None:
    try:
        return int(parse_interval(word).total_seconds())
    except ValueError:
        return None


# No shrinking: each try starts duplicity's Python, and a failing row names itself.
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(words=st.lists(WORDS, min_size=100, max_size=200))
def test_words_mean_what_they_mean_to_duplicity(duplicity: Duplicity, words: list[str]) -> None:
    for word, real in zip(words, ask(duplicity, READ, words), strict=True):
        if real is not None and real > LONGEST_S:
            assert seconds(word) is None, word  # beyond what a calendar can hold
        else:
            assert seconds(word) == real, word


@given(st.integers(0, LONGEST_S))
def test_a_formatted_interval_is_read_as_itself(length_s: int) -> None:
    interval = timedelta(seconds=length_s)
    assert parse_interval(format_interval(interval)) == interval


@pytest.mark.parametrize(
    ("length", "word"),
    [
        (timedelta(), "0s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=30), "30D"),
        (timedelta(days=1, hours=2, seconds=3), "1D2h3s"),
    ],
)
def test_intervals_are_short(length: timedelta, word: str) -> None:
    assert format_interval(length) == word


def test_months_and_minutes_differ_by_case() -> None:
    assert parse_interval("1M") == timedelta(days=30)
    assert parse_interval("1m") == timedelta(minutes=1)


@pytest.mark.parametrize(("word", "says"), [("3d", "3d"), ("201Y", "200 years")])
def test_a_refusal_says_what_is_wrong(word: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_interval(word)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        format_interval(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="timezone"):
        epoch(datetime(2026, 1, 1))


@given(st.integers(0, 4 * 10**9))
def test_epoch_and_back(number: int) -> None:
    assert epoch(from_epoch(number)) == number


def test_instants_are_shown_in_utc_without_empty_seconds() -> None:
    berlin = timezone(timedelta(hours=1))
    assert format_instant(datetime(2026, 1, 9, 4, 0, tzinfo=berlin)) == "2026-01-09 03:00"
    assert format_instant(datetime(2026, 1, 9, 3, 0, 7, tzinfo=UTC)) == "2026-01-09 03:00:07"
