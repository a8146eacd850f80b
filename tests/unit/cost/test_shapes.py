"""The golden counts, measured on five servers (shared facts s3-cost 3.1 and stores 2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.cost.shapes import (
    DOWNLOAD_CHUNK_BYTES,
    MIB,
    Client,
    SetSizes,
    add,
    cleanup,
    collection_status,
    full,
    incremental,
    list_current_files,
    metadata_reads,
    pages,
    prune,
    prune_dry,
    reads,
    restore,
    writes,
)

CLIENT = Client()


def sizes(volumes: int, each_mib: float, last_mib: float, **more: int) -> SetSizes:
    return SetSizes(
        volumes=volumes,
        volume_bytes=int(each_mib * MIB),
        last_volume_bytes=int(last_mib * MIB),
        signatures_bytes=more.get("signatures", 480_000),
        manifest_bytes=more.get("manifest", 2_000),
    )


# 60 MiB that do not compress, no encryption (s3-cost 3.1).
FULL_60_MIB = {
    5: (sizes(13, 4.94, 0.8), {"PutObject": 13 + 2, "HeadObject": 13}),
    19: (sizes(4, 18.9, 3.4), {"PutObject": 4 + 2, "HeadObject": 4}),
    20: (sizes(4, 19.9, 0.4), {"PutObject": 4 + 2, "HeadObject": 4}),
    25: (
        sizes(3, 24.9, 10.3),
        {
            "PutObject": 1 + 2,
            "CreateMultipartUpload": 2,
            "UploadPart": 4,
            "CompleteMultipartUpload": 2,
            "HeadObject": 3,
        },
    ),
    40: (
        sizes(2, 39.9, 20.2),
        {
            "PutObject": 2,
            "CreateMultipartUpload": 2,
            "UploadPart": 4,
            "CompleteMultipartUpload": 2,
            "HeadObject": 2,
        },
    ),
    200: (
        sizes(1, 60.1, 60.1),
        {
            "PutObject": 2,
            "CreateMultipartUpload": 1,
            "UploadPart": 4,
            "CompleteMultipartUpload": 1,
            "HeadObject": 1,
        },
    ),
}


@pytest.mark.parametrize("volsize", FULL_60_MIB)
def test_an_explicit_full_of_60_mib(volsize: int) -> None:
    new, uploads = FULL_60_MIB[volsize]
    want = {"HeadBucket": 1, "ListObjects": 2, **uploads}
    assert full(new, CLIENT, pages_before=1, pages_after=1) == want


def test_a_chunk_larger_than_the_volume_makes_it_one_put() -> None:
    counts = full(
        sizes(1, 60.1, 60.1), Client(chunk_bytes=100 * MIB), pages_before=1, pages_after=1
    )
    assert counts == {"HeadBucket": 1, "ListObjects": 2, "PutObject": 3, "HeadObject": 1}


class TestTheSequenceOfStoresSection2:
    """Full, incremental, status, restores, second full, prune, cleanup: totals by volume size."""

    full_5, inc_5 = sizes(12, 4.94, 3.0), sizes(2, 4.94, 0.8)
    full_25, inc_25 = sizes(3, 24.9, 8.0), sizes(1, 5.8, 5.8)

    def test_full(self) -> None:
        assert full(self.full_5, CLIENT, pages_before=1, pages_after=1) == {
            "PutObject": 14,
            "HeadObject": 12,
            "HeadBucket": 1,
            "ListObjects": 2,
        }
        counts = full(self.full_25, CLIENT, pages_before=1, pages_after=1)
        assert counts == {
            "PutObject": 3,
            "CreateMultipartUpload": 2,
            "UploadPart": 4,
            "CompleteMultipartUpload": 2,
            "HeadObject": 3,
            "HeadBucket": 1,
            "ListObjects": 2,
        }
        assert sum(counts.values()) == 17

    def test_incremental(self) -> None:
        for new, total in ((self.inc_5, 11), (self.inc_25, 9)):
            counts = incremental(new, CLIENT, pages_before=1, last_manifest_bytes=2_000)
            assert sum(counts.values()) == total

    def test_status_and_cleanup(self) -> None:
        assert sum(collection_status(pages=1).values()) == 2
        assert sum(cleanup(pages=1).values()) == 3

    def test_restores(self) -> None:
        for sets, warm, cold in (
            ((self.full_5, self.inc_5), 31, 40),
            ((self.full_25, self.inc_25), 17, 26),
        ):
            fetched = [(one, None) for one in sets]
            assert sum(restore(fetched, pages=1).values()) == warm
            assert sum(restore(fetched, pages=1, missing=sets).values()) == cold

    def test_second_full_of_a_grown_source(self) -> None:
        assert sum(full(sizes(13, 4.94, 0.8), CLIENT, pages_before=1, pages_after=1).values()) == 31

    def test_prune_of_the_first_chain(self) -> None:
        for sets, second, total, deletes in (
            ((self.inc_5, self.full_5), 15, 23, 18),
            ((self.inc_25, self.full_25), 5, 13, 8),
        ):
            objects = [one.objects for one in sets]
            counts = prune(objects, CLIENT, keys=sum(objects) + second, signatures=2)
            assert counts["DeleteObject"] == deletes
            assert sum(counts.values()) == total


def test_an_implied_full_lists_once_more_whether_or_not_the_prefix_is_empty() -> None:
    one = sizes(1, 4.0, 4.0)
    for pages_before in (1, 2):
        counts = full(one, CLIENT, pages_before=pages_before, pages_after=1, is_implied=True)
        assert counts["ListObjects"] == 2 * pages_before + 1


def test_an_incremental_with_a_lost_archive_dir_fetches_the_chain() -> None:
    # Measured: a chain of one full, archive dir lost, nothing encrypted.
    one = sizes(1, 4.0, 4.0, signatures=57_286)
    counts = incremental(one, CLIENT, pages_before=1, last_manifest_bytes=2_169, missing=[one])
    assert counts == {
        "HeadBucket": 1,
        "ListObjects": 3,
        "HeadObject": 4,
        "GetObject": 3,
        "PutObject": 3,
    }


def test_an_incremental_that_cannot_read_the_last_manifest_does_not_ask_for_it() -> None:
    one = sizes(1, 0.01, 0.01)
    counts = incremental(one, CLIENT, pages_before=1, last_manifest_bytes=None)
    assert counts == {"HeadBucket": 1, "ListObjects": 2, "HeadObject": 1, "PutObject": 3}


def test_skip_if_no_change_uploads_nothing() -> None:
    counts = incremental(None, CLIENT, pages_before=1, last_manifest_bytes=2_000)
    assert sum(counts.values()) == 5


def test_no_check_remote_lists_nothing() -> None:
    counts = incremental(
        sizes(1, 1, 1), Client(checks_remote=False), pages_before=1, last_manifest_bytes=2_000
    )
    assert counts == {"HeadBucket": 1, "PutObject": 3, "HeadObject": 1}


def test_prune_that_deletes_nothing_lists_once_forced_or_not() -> None:
    assert prune([], CLIENT, keys=1_500, signatures=0) == prune_dry(pages=2)


def test_prune_lists_fewer_pages_as_the_bucket_gets_smaller() -> None:
    # 2,010 keys: 3 pages; without the 2 signatures 2,008: 3; without the incremental 1,006: 2;
    # without the full 6: 1.
    counts = prune([1_003, 1_001], CLIENT, keys=2_010, signatures=2)
    assert counts["ListObjects"] == 3 + 3 + 2 + 1


def test_the_old_duplicity_looks_twice_at_each_volume_and_syncs_before_each_full() -> None:
    old = Client(
        chunk_bytes=25 * MIB, heads_per_volume=2, syncs_before_full=True, lists_each_set=False
    )
    counts = full(sizes(2, 24.9, 3), old, pages_before=1, pages_after=1)
    assert counts == {"HeadBucket": 1, "ListObjects": 3, "PutObject": 4, "HeadObject": 4}
    assert prune([4], old, keys=8, signatures=1)["ListObjects"] == 2


def test_list_current_files_and_cold_cleanup() -> None:
    one = sizes(1, 1, 1)
    assert list_current_files(pages=2) == {"HeadBucket": 1, "ListObjects": 4}
    assert cleanup(pages=1, extraneous=3, missing=[one]) == {
        "HeadBucket": 1,
        "ListObjects": 3,
        "DeleteObject": 3,
        "HeadObject": 2,
        "GetObject": 2,
    }


@pytest.mark.parametrize(("keys", "want"), [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_500, 3)])
def test_pages(keys: int, want: int) -> None:
    assert pages(keys) == want


def test_concurrency_opens_one_connection_a_worker() -> None:
    two = Client(workers=2)
    assert full(sizes(3, 1, 1), two, pages_before=1, pages_after=1)["HeadBucket"] == 3
    assert full(sizes(1, 1, 1), two, pages_before=1, pages_after=1)["HeadBucket"] == 2


def test_parts_double_past_ten_thousand() -> None:
    counts = writes(10_001 * 5 * MIB, 5 * MIB)
    assert counts["UploadPart"] == 5_001


@given(size=st.integers(0, 10**13), chunk=st.integers(5 * MIB, 10**9))
def test_an_upload_is_one_put_or_has_at_most_ten_thousand_parts(size: int, chunk: int) -> None:
    counts = writes(size, chunk)
    assert counts == {"PutObject": 1} if size < chunk else 1 <= counts["UploadPart"] <= 10_000


@given(size=st.integers(0, 10**12))
def test_ranges_of_a_download_cover_the_object(size: int) -> None:
    gets = reads(size)["GetObject"]
    assert (gets - 1) * DOWNLOAD_CHUNK_BYTES <= size <= gets * DOWNLOAD_CHUNK_BYTES


@given(counts=st.lists(st.dictionaries(st.sampled_from(["A", "B"]), st.integers(0, 9)), max_size=4))
def test_add_keeps_the_sum(counts: list[dict[str, int]]) -> None:
    assert sum(add(*counts).values()) == sum(sum(one.values()) for one in counts)


def test_metadata_has_no_volume() -> None:
    assert metadata_reads([sizes(9, 1, 1)]) == {"HeadObject": 2, "GetObject": 2}


def test_a_set_without_a_volume_is_none() -> None:
    with pytest.raises(ValueError, match="at least one volume"):
        sizes(0, 1, 1)
