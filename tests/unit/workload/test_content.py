from __future__ import annotations

import struct
import zlib
from datetime import datetime
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drtest.chance import Seed
from drtest.model.scenario import ContentKind, Size
from drtest.workload.content import PAGE_BYTES, blocks
from drtest.workload.size import draw_size

KINDS = get_args(ContentKind)
UNTIL_S = 1_767_236_400  # 2026-01-01 03:00 UTC
HALF_MIB = 512 * 1024


def content(kind: ContentKind, size_bytes: int, label: str = "x") -> bytes:
    rng = Seed(value=1).child(label).rng()
    return b"".join(blocks(kind, size_bytes, rng, until_s=UNTIL_S))


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    size_bytes=st.one_of(
        st.integers(0, 40_000), st.sampled_from((4096, PAGE_BYTES, 256 * 1024, 256 * 1024 + 1))
    ),
)
def test_content_is_as_long_as_asked_and_follows_from_the_seed(
    kind: ContentKind, size_bytes: int
) -> None:
    data = content(kind, size_bytes)
    assert len(data) == size_bytes
    assert data == content(kind, size_bytes)
    if kind != "zeros" and size_bytes > 64:
        assert data != content(kind, size_bytes, "y")


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("text", 4, 6),
        ("log", 4, 7),
        ("random", 0.99, 1.01),
        ("zeros", 500, 2000),
        ("mixed", 1.4, 1.8),
        ("database", 1.6, 2.4),
    ],
)
def test_each_kind_compresses_as_such_files_do(
    kind: ContentKind, least: float, most: float
) -> None:
    assert least <= HALF_MIB / len(zlib.compress(content(kind, HALF_MIB))) <= most


def test_no_block_is_large_whatever_the_file_is() -> None:
    for kind in KINDS:
        sizes = [
            len(part) for part in blocks(kind, 3 * 2**20, Seed(value=1).rng(), until_s=UNTIL_S)
        ]
        assert max(sizes) <= 512 * 1024


def test_text_is_lines_of_words() -> None:
    data = content("text", 20_000)
    assert data.isascii() and data.endswith(b"\n")
    assert max(map(len, data.splitlines())) < 1000


def test_a_page_names_its_number_and_sums_up() -> None:
    data = content("database", 4 * PAGE_BYTES)
    for number in range(4):
        page = data[number * PAGE_BYTES : (number + 1) * PAGE_BYTES]
        checksum, named = struct.unpack_from(">II", page)
        assert named == number
        assert checksum == zlib.crc32(page[38:-8])


def test_log_lines_are_in_order_of_time_and_end_near_the_instant() -> None:
    lines = content("log", 200_000).splitlines()
    stamps = [
        datetime.fromisoformat(line.split()[0].decode() + "+00:00").timestamp()
        for line in lines[:-1]  # the last is cut to the size
    ]
    assert all(earlier <= later for earlier, later in pairwise(stamps))
    assert abs(stamps[-1] - UNTIL_S) < 3600


def test_about_is_a_lognormal_around_its_median_that_is_cut() -> None:
    size = Size(shape="about", low_bytes=4096, high_bytes=64 * 1024)
    rng = Seed(value=1).rng()
    drawn = sorted(draw_size(size, rng) for _ in range(4000))
    assert 0.9 < drawn[2000] / 4096 < 1.1
    # One sigma below and above the median: 16 % and 84 % of a lognormal of sigma 1.
    assert 2.4 < drawn[2000] / drawn[640] < 3.1
    assert 2.4 < drawn[3360] / drawn[2000] < 3.1
    assert drawn[-1] == 64 * 1024


@settings(deadline=None)
@given(low=st.integers(0, 10**6), more=st.integers(0, 10**6), seed=st.integers(0, 99))
def test_uniform_and_fixed_stay_in_their_bounds(low: int, more: int, seed: int) -> None:
    rng = Seed(value=seed).rng()
    uniform = Size(shape="uniform", low_bytes=low, high_bytes=low + more)
    assert low <= draw_size(uniform, rng) <= low + more
    assert draw_size(Size(shape="fixed", low_bytes=low, high_bytes=low), rng) == low
