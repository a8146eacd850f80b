"""Amounts of a whole source: what is read, written back, refused with the right word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.model.grid import MOST_SIZE_BYTES, Project
from drtest.scenario.quantity import (
    format_total,
    parse_many,
    parse_place,
    parse_project,
    parse_ratio,
    parse_restores,
    parse_share,
    parse_speed,
    parse_total,
    plain,
)


@pytest.mark.parametrize(
    ("parse", "text", "want"),
    [
        (parse_total, "2TB", 2 * 10**12),
        (parse_total, "1.5 TiB", 3 << 39),
        (parse_total, "10 GB", 10**10),
        (parse_total, "1000 TB", 10**15),
        (parse_speed, "32 MiB/s", 32 << 20),
        (parse_speed, "100 Mbit/s", 12_500_000),
        (parse_speed, "1 Gbit/s", 125_000_000),
        (parse_share, "1%", 0.01),
        (parse_share, "0.5 %", 0.005),
        (parse_share, "100%", 1.0),
        (parse_many, "100000", 100_000),
        (parse_many, "3M", 3_000_000),
        (parse_many, "1.5k", 1_500),
        (parse_ratio, "0.6", 0.6),
        (parse_ratio, "60%", 0.6),
        (parse_restores, "0", 0.0),
        (parse_restores, "0.25", 0.25),
        (parse_place, "aws/us-east-1/STANDARD", "aws/us-east-1/STANDARD"),
        (parse_project, "size=2TB", Project(size_bytes=2 * 10**12)),
    ],
)
def test_what_is_read(parse: Callable[[str], object], text: str, want: object) -> None:
    assert parse(text) == want


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        (parse_total, "2 tb", "write 2 TB"),
        (parse_total, "0 TB", "allowed: 100 GiB"),
        (parse_total, "2000 TB", "up to 1000 TB"),
        (parse_total, "lots", "allowed: 100 GiB"),
        (parse_speed, "0 B/s", "allowed: 32 MiB/s"),
        (parse_speed, "32", "allowed: 32 MiB/s"),
        (parse_share, "1", "write 1%"),
        (parse_share, "101%", "0% to 100%"),
        (parse_share, "-1%", "0% to 100%"),
        (parse_many, "0", "at least 1"),
        (parse_many, "0.5", "at least 1"),
        (parse_many, "3m", "3M"),
        (parse_ratio, "0", "more than 0"),
        (parse_ratio, "1.2", "at most 1.1"),
        (parse_restores, "-1", "0 or more"),
        (parse_restores, "often", "0 or more"),
        (parse_place, "aws/us-east-1", "provider/region/CLASS"),
        (parse_project, "", "nothing: write KEY=VALUE"),
    ],
)
def test_what_is_refused(parse: Callable[[str], object], text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse(text)
    assert says in str(caught.value)


@given(st.integers(1, MOST_SIZE_BYTES))
def test_a_size_is_written_so_that_it_is_read_back(size_bytes: int) -> None:
    assert parse_total(format_total(size_bytes)) == size_bytes


@given(st.integers(0, 4_000_000).map(lambda some: some / 4))
def test_a_number_has_no_exponent(number: float) -> None:
    assert "E" not in plain(number).upper()
    assert float(plain(number)) == number
