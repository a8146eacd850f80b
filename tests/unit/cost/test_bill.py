"""Bills computed by hand: one rule of a provider a test, all figures worked out in comments."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from support.priced import (
    AWS,
    DAY,
    GIB,
    MANIFEST,
    SIGNATURES,
    VOLUME,
    T,
    days,
    listing,
    nights,
    price,
    request,
)
from support.prices import tariff

from drtest.cost.bill import bill
from drtest.cost.terms import Months, Terms, tiered
from drtest.errors import UsageError
from drtest.model.events import ChainRecorded, ListingRecorded, OpenUpload, StoredObject


def test_requests_by_operation_class_and_phase() -> None:
    put, get = request("PutObject"), request("GetObject", phase="drill", step="drill 1.1")
    done = price(AWS + "STANDARD", requests=[put, put, get, request("DeleteObject")])
    # 2 x 0.000005 + 1 x 0.0000004 + DELETE 0
    assert done.total == Decimal("0.0000104")
    assert done.amount("requests", phase="full") == Decimal("0.00001")
    assert done.restores == {"drill 1.1": Decimal("0.0000004")}
    assert {(line.item, line.quantity) for line in done.lines} == {
        ("PutObject", 2),
        ("GetObject", 1),
        ("DeleteObject", 1),
    }


def test_a_bucket_request_has_the_standard_rate_whatever_the_class() -> None:
    asked = [request("ListObjects", kind=""), request("HeadBucket", kind="")]
    # LIST 0.000005 + HEAD 0.0000004; DEEP_ARCHIVE's own PUT would be 0.00005
    assert price(AWS + "DEEP_ARCHIVE", requests=asked).total == Decimal("0.0000054")


def test_cold_classes_hold_volumes_and_leave_metadata_standard() -> None:
    asked = [request("PutObject"), request("PutObject", kind="manifest")]
    assert price(AWS + "GLACIER", requests=asked).total == Decimal("0.00003") + Decimal("0.000005")
    assert price(AWS + "STANDARD_IA", requests=asked).total == 2 * Decimal("0.00001")


def test_multipart_in_glacier_pays_the_class_only_once() -> None:
    asked = [request("CreateMultipartUpload"), request("CompleteMultipartUpload")]
    asked += [request("UploadPart")] * 4
    # Create and four parts at STANDARD 0.000005, Complete at DEEP_ARCHIVE 0.00005
    want = 5 * Decimal("0.000005") + Decimal("0.00005")
    assert price(AWS + "DEEP_ARCHIVE", requests=asked).total == want
    # ... but IA has its own rate for each: 6 x 0.00001
    assert price(AWS + "STANDARD_IA", requests=asked).total == Decimal("0.00006")


@pytest.mark.parametrize(
    ("status", "code", "is_billed"),
    [
        (503, "SlowDown", False),
        (500, "", False),
        (301, "PermanentRedirect", False),
        (404, "NoSuchKey", True),
        (404, "", True),  # a HEAD has no code
        (404, "NoSuchUpload", False),
        (403, "AccessDenied", True),
        (403, "InvalidObjectState", True),
        (403, "SignatureDoesNotMatch", False),
        (403, "RequestTimeTooSkewed", False),
        (412, "PreconditionFailed", True),
        (416, "InvalidRange", False),
        (None, "", True),
    ],
)
def test_which_failures_aws_bills(status: int | None, code: str, is_billed: bool) -> None:
    done = price(AWS + "STANDARD", requests=[request("GetObject", status=status, error=code)])
    assert done.amount("requests") == (Decimal("0.0000004") if is_billed else 0)
    assert done.unbilled == (not is_billed)


def test_r2_bills_no_refusal_of_access() -> None:
    refused = request("PutObject", status=403, error="AccessDenied")
    assert price("r2/all/STANDARD", requests=[refused]).total == 0


def test_what_the_gateway_answered_never_cost_anything() -> None:
    done = price(AWS + "STANDARD", requests=[request("GetObject", out=GIB, answered_by="gateway")])
    assert (done.total, done.unbilled) == (0, 1)


def test_an_operation_without_a_price_is_an_error() -> None:
    with pytest.raises(UsageError, match="no request class for SelectObjectContent"):
        price(AWS + "STANDARD", requests=[request("SelectObjectContent")])


def test_storage_is_measured_by_the_day() -> None:
    listings = [listing(T, {VOLUME: 10 * GIB}), listing(T + 15 * DAY, {}, [VOLUME])]
    done = price(AWS + "STANDARD", length_days=60, listings=listings)
    # 10 GB for half a month: 5 GB-months x 0.023
    assert done.amount("storage") == Decimal("0.115")


def test_a_month_scales_what_lies_by_days_and_what_is_done_by_backups() -> None:
    scenario = nights(3)  # 2 days from first to last, and three nights' worth of requests
    asked = [request("PutObject")] * 30
    asked += [request("GetObject", out=GIB, phase="drill", step="drill 1.1")]
    done = bill(scenario, [listing(T, {VOLUME: GIB})], asked, tariff(AWS + "STANDARD"))
    assert (done.days, done.backup_days) == (2, 3)
    # 30 PUT in 3 nights are 300 a month; 1 GB for 2 of 30 days is 1 GB a month; no drill
    assert done.per_month == 300 * Decimal("0.000005") + Decimal("0.023")
    assert done.monthly_lines is not None
    assert {line.what: amount for line, amount in done.monthly_lines} == {
        "requests": Decimal("0.0015"),
        "storage": Decimal("0.023"),
    }


def test_one_backup_has_no_rhythm_and_a_month_goes_by_days() -> None:
    done = price(AWS + "STANDARD", length_days=15, requests=[request("PutObject")])
    assert done.backup_days is None
    assert done.per_month == Decimal("0.00001")


def look(at: datetime, *sizes: int) -> ChainRecorded:
    """Uploads that were open when the bucket was looked at."""
    uploads = tuple(OpenUpload(key=VOLUME, upload_id=str(size), size_bytes=size) for size in sizes)
    return ChainRecorded(index=1, at=at, manifests=(), volumes=(), uploads=uploads)


def test_parts_of_an_upload_that_was_never_ended_are_stored_at_the_standard_rate() -> None:
    looks = [look(T), look(T + 10 * DAY, 3 * GIB), look(T + 20 * DAY, 3 * GIB, GIB)]
    done = bill(days(30), looks, (), tariff(AWS + "DEEP_ARCHIVE"))
    # 3 GB for 10 days and 4 GB for 10 days: 70 of 30 GB-days at STANDARD's 0.023
    assert done.amount("unfinished uploads") == Decimal(70) / 30 * Decimal("0.023")
    aborted = bill(days(30), [*looks, look(T + 25 * DAY)], (), tariff(AWS + "DEEP_ARCHIVE"))
    # ... and 4 GB for 5 days only
    assert aborted.amount("unfinished uploads") == Decimal(50) / 30 * Decimal("0.023")


def test_what_one_object_costs_a_month() -> None:
    done = price(AWS + "STANDARD_IA")
    rates = {one.storage_class: one for one in done.rates}
    assert rates["STANDARD"].per_month(GIB) == Decimal("0.023")
    # 1 byte is billed as 128 KiB, the 8192nd part of a GB
    assert rates["STANDARD_IA"].per_month(1) == Decimal("0.0125") / 8192
    # 32 KiB more at the class's rate and 8 KiB at STANDARD's
    more = (32 * Decimal("0.00099") + 8 * Decimal("0.023")) / 2**20
    assert rates["DEEP_ARCHIVE"].per_month(GIB) == Decimal("0.00099") + more
    assert done.staging is not None
    assert done.staging.per_month(1024) == Decimal("0.023") / 2**20


def test_an_overwritten_object_is_two_stays() -> None:
    listings = [listing(T, {VOLUME: 2 * GIB}), listing(T + 15 * DAY, {VOLUME: 4 * GIB})]
    # 1 + 2 GB-months
    assert price(AWS + "STANDARD", listings=listings).amount("storage") == 3 * Decimal("0.023")


def test_storage_tiers_are_of_each_month() -> None:
    listings = [listing(T, {VOLUME: 60 * 1024 * GIB})]
    done = price(AWS + "STANDARD", length_days=60, listings=listings)
    # a month: 51,200 x 0.023 + 10,240 x 0.022 = 1,402.88; two of them, nothing carried over
    assert done.amount("storage") == Decimal("2805.76")


def test_egress_tiers() -> None:
    tiers = tariff(AWS + "STANDARD").region.egress.tiers
    # 10,240 x 0.09 + 40,960 x 0.085 + 102,400 x 0.07 + 1,000 x 0.05
    assert tiered(Decimal(154_600), tiers) == Decimal("11621.2")


def test_egress_is_all_that_leaves_and_not_within_the_region() -> None:
    asked = [request("GetObject", out=2 * GIB, phase="drill", step="drill 1.1")]
    done = price(AWS + "STANDARD", requests=asked)
    assert done.amount("egress") == Decimal("0.18")
    assert done.restores["drill 1.1"] == Decimal("0.18") + Decimal("0.0000004")
    inside = price(AWS + "STANDARD", requests=asked, terms=Terms(internet=False))
    assert inside.amount("egress") == 0


def test_minimum_size() -> None:
    small = {f"duplicity-full.20260101T030000Z.vol{n}.difftar.gz": 32 * 1024 for n in range(1, 9)}
    done = price(AWS + "STANDARD_IA", listings=[listing(T, small)])
    # eight objects billed as 128 KiB each: 1 MiB-month x 0.0125
    billed = done.amount("storage") + done.amount("minimum size")
    assert billed == Decimal("0.0125") / 1024
    assert done.amount("minimum size") == billed * 3 / 4


def test_early_deletion() -> None:
    listings = [listing(T, {VOLUME: GIB}), listing(T + 60 * DAY, {}, [VOLUME])]
    done = price(AWS + "DEEP_ARCHIVE", length_days=90, listings=listings)
    # 180 days at least, 60 were paid as storage: 120 days = 4 months of 1 GB and 32 KiB at 0.00099
    gb = 1 + Decimal(32 * 1024) / GIB
    assert done.amount("early deletion") == 4 * gb * Decimal("0.00099")
    assert done.amount("storage") == 2 * Decimal("0.00099")


def test_what_is_still_there_was_not_deleted_early() -> None:
    done = price(AWS + "GLACIER_IR", length_days=1, listings=[listing(T, {VOLUME: GIB})])
    assert done.amount("early deletion") == 0


def test_metadata_overhead_of_the_cold_classes() -> None:
    objects = {VOLUME: GIB, MANIFEST: 1000, SIGNATURES: 1000}
    done = price(AWS + "GLACIER", listings=[listing(T, objects)])
    # one object in GLACIER: 32 KiB at 0.0036 and 8 KiB at STANDARD's 0.023; none for STANDARD's two
    want = (32 * Decimal("0.0036") + 8 * Decimal("0.023")) / 2**20
    assert done.amount("overhead") == pytest.approx(want)


def test_the_class_that_the_store_saw_wins() -> None:
    stored = StoredObject(key=VOLUME, size_bytes=GIB, storage_class="ONEZONE_IA")
    listings = [ListingRecorded(index=1, at=T, added=(stored,), removed=())]
    done = price(AWS + "STANDARD", listings=listings, requests=[request("PutObject")])
    assert done.amount("storage") == Decimal("0.01")
    assert done.amount("requests") == Decimal("0.00001")


def test_retrieval() -> None:
    done = price(AWS + "GLACIER_IR", requests=[request("GetObject", out=GIB)])
    assert done.amount("retrieval") == Decimal("0.03")


def test_thaw_counts_objects_once_and_keeps_copies() -> None:
    reads = [
        request("GetObject", out=GIB, key=key, phase="drill", step="drill 1.1")
        for key in ("a", "a", "b", "b")
    ]
    done = price(AWS + "DEEP_ARCHIVE", requests=reads, terms=Terms(thaw_days=3))
    # 2 RestoreObject x 0.0001, 4 GB x 0.02, 4 GB for 3 of 30 days at STANDARD's 0.023
    assert done.amount("thaw") == Decimal("0.0002") + Decimal("0.08") + Decimal("0.0092")
    bulk = price(AWS + "DEEP_ARCHIVE", requests=reads, terms=Terms(thaw="bulk"))
    assert (
        bulk.amount("thaw")
        == 2 * Decimal("0.000025") + 4 * Decimal("0.0025") + 4 * Decimal("0.023") / 30
    )


def test_a_thaw_that_the_class_does_not_offer() -> None:
    with pytest.raises(UsageError, match="no expedited thaw"):
        price(
            AWS + "DEEP_ARCHIVE",
            requests=[request("GetObject", out=1)],
            terms=Terms(thaw="expedited"),
        )


class TestFreeTiers:
    on = Terms(free_tiers=True)

    def test_they_are_off_by_default(self) -> None:
        done = price(AWS + "STANDARD", requests=[request("GetObject", out=GIB)])
        assert done.amount("egress") == Decimal("0.09")
        assert not done.free_tiers and done.amount("free tier") == 0

    def test_aws_gives_100_gb_of_egress_a_month(self) -> None:
        asked = [request("GetObject", out=150 * GIB)]
        asked += [request("GetObject", out=50 * GIB, at=T + 31 * DAY)]
        done = price(AWS + "STANDARD", length_days=60, requests=asked, terms=self.on)
        # 200 GB at 0.09, less 100 of the first month and 50 of the second
        assert done.amount("egress") + done.amount("free tier") == Decimal("4.5")

    def test_b2_gives_three_times_what_is_stored(self) -> None:
        gb = 10**9
        done = price(
            "b2/all/STANDARD",
            listings=[listing(T, {VOLUME: 20 * gb})],
            requests=[request("GetObject", out=100 * gb)],
            terms=self.on,
        )
        # storage 20 - 10 at 0.00695, egress 100 - 60 at 0.01, requests free
        assert done.total == Decimal("0.0695") + Decimal("0.4")

    def test_r2_rounds_up_what_is_beyond(self) -> None:
        gb = 10**9
        done = price(
            "r2/all/STANDARD",
            listings=[listing(T, {VOLUME: 10 * gb + 1})],
            requests=[request("PutObject")] * 3,
            terms=self.on,
        )
        # one byte beyond 10 GB is a GB: 0.015; three requests are free
        assert done.total == Decimal("0.015")

    def test_r2_infrequent_access_has_no_allowance(self) -> None:
        done = price("r2/all/STANDARD_IA", requests=[request("PutObject")], terms=self.on)
        # rounded up to a million at 9.00
        assert done.total == Decimal(9)


class TestWhatNobodyShows:
    """One file, everything: from the newest chain, on a machine with nothing."""

    old = {VOLUME: 5 * GIB, MANIFEST: 100, SIGNATURES: 100}  # noqa: RUF012
    full = {  # noqa: RUF012
        "duplicity-full.20260102T030000Z.vol1.difftar.gz": GIB,
        "duplicity-full.20260102T030000Z.vol2.difftar.gz": GIB,
        "duplicity-full.20260102T030000Z.manifest": 0,
        "duplicity-full-signatures.20260102T030000Z.sigtar.gz": GIB,
    }
    incremental = {  # noqa: RUF012
        "duplicity-inc.20260102T030000Z.to.20260103T030000Z.vol1.difftar.gz": GIB // 4,
        "duplicity-inc.20260102T030000Z.to.20260103T030000Z.manifest": 0,
        "duplicity-new-signatures.20260102T030000Z.to.20260103T030000Z.sigtar.gz": 0,
    }
    listings = (listing(T, old), listing(T, full), listing(T, incremental))

    def test_in_standard(self) -> None:
        done = price(AWS + "STANDARD", listings=self.listings)
        # GB: one volume 1 + 0.25, all 2 + 0.25; signatures 1, whatever is restored
        # GET: 8 MiB each: 128 a GB; HEAD: 4 of metadata and one a volume
        # metadata: 128 + 3 GET; HeadBucket 1; LIST 3
        base = (1 + 4 + 128 + 3) * Decimal("0.0000004") + 3 * Decimal("0.000005")
        assert done.restore_one_file == (
            base + (2 + 128 + 32) * Decimal("0.0000004") + Decimal("2.25") * Decimal("0.09")
        )
        assert done.restore_everything == (
            base + (3 + 256 + 32) * Decimal("0.0000004") + Decimal("3.25") * Decimal("0.09")
        )

    def test_in_a_class_that_must_be_thawed(self) -> None:
        inside = Terms(internet=False)
        done = price(AWS + "DEEP_ARCHIVE", listings=self.listings, terms=inside)
        plain = price(AWS + "STANDARD", listings=self.listings, terms=inside)
        assert done.restore_everything is not None and plain.restore_everything is not None
        # 3 RestoreObject x 0.0001 and 2.25 GB x 0.02; metadata stays STANDARD
        more = done.restore_everything - plain.restore_everything
        assert more == Decimal("0.0003") + Decimal("0.045")

    def test_of_an_empty_bucket_is_not_known(self) -> None:
        done = price(AWS + "STANDARD", listings=[listing(T, self.old), listing(T, {}, self.old)])
        assert done.restore_one_file is None and done.restore_everything is None


def test_months_cut_the_calendar() -> None:
    months = Months(start_at=T, end_at=T + 75 * DAY, days=30)
    assert months.count == 3
    assert months.within(T + 15 * DAY, T + 90 * DAY) == [
        (0, Decimal("0.5")),
        (1, Decimal(1)),
        (2, Decimal("0.5")),
    ]
    assert [months.number(T + n * DAY) for n in (0, 29, 30, 75, 500)] == [0, 0, 1, 2, 2]


def test_a_calendar_of_one_instant_stores_nothing_and_still_asks() -> None:
    done = price(
        AWS + "STANDARD",
        length_days=0,
        listings=[listing(T, {VOLUME: GIB})],
        requests=[request("PutObject")],
    )
    assert done.days == 0
    assert done.total == Decimal("0.000005")


def test_a_bill_of_nothing() -> None:
    assert price(AWS + "STANDARD").total == 0
