"""More bills computed by hand: rules that meet, and what is not billed at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support.priced import AWS, DAY, GIB, MANIFEST, VOLUME, T, listing, price, request
from support.prices import tariff

from drtest.cost.allowance import allowances
from drtest.cost.storage import Storage
from drtest.cost.terms import Months, Terms
from drtest.cost.usage import RequestKind, Usage

KIB = 1024
FREE = Terms(free_tiers=True)
OTHER = "duplicity-full.20260101T030000Z.vol2.difftar.gz"


def test_only_the_part_above_a_tier_has_the_next_price() -> None:
    listings = [listing(T, {VOLUME: 51_201 * GIB})]
    # 51,200 x 0.023 + 1 x 0.022
    assert price(AWS + "STANDARD", listings=listings).amount("storage") == Decimal("1177.622")


def test_egress_tiers_begin_anew_each_month() -> None:
    big = request("GetObject", out=10_241 * GIB)
    late = request("GetObject", out=10_241 * GIB, at=T + 31 * DAY)
    one = price(AWS + "STANDARD", length_days=60, requests=[big])
    # 10,240 x 0.09 + 1 x 0.085
    assert one.amount("egress") == pytest.approx(Decimal("921.685"))
    both = price(AWS + "STANDARD", length_days=60, requests=[big, late])
    assert both.amount("egress") == pytest.approx(2 * Decimal("921.685"))


def test_an_object_is_billed_for_its_minimum_size_and_duration_together() -> None:
    listings = [listing(T, {VOLUME: 64 * KIB}), listing(T + 10 * DAY, {}, [VOLUME])]
    done = price(AWS + "STANDARD_IA", listings=listings)
    # 128 KiB for 30 days: 10 as they lay there (half of it padding) and 20 of early deletion
    assert done.amount("storage") == pytest.approx(Decimal("0.0125") / 16384 / 3)
    assert done.amount("minimum size") == done.amount("storage")
    assert done.amount("early deletion") == pytest.approx(Decimal("0.0125") / 8192 * 2 / 3)
    assert done.total == pytest.approx(Decimal("0.0125") / 8192)


def test_writing_over_an_object_deletes_it_early() -> None:
    listings = [listing(T, {VOLUME: GIB}), listing(T + 30 * DAY, {VOLUME: GIB})]
    done = price(AWS + "GLACIER_IR", length_days=90, listings=listings)
    # the first had 30 of 90 days: 2 months at 0.004; the second is still there
    assert done.amount("early deletion") == 2 * Decimal("0.004")


def test_the_day_of_the_minimum_is_not_early() -> None:
    listings = [listing(T, {VOLUME: GIB}), listing(T + 90 * DAY, {}, [VOLUME])]
    done = price(AWS + "GLACIER_IR", length_days=120, listings=listings)
    assert done.amount("early deletion") == 0
    assert done.amount("storage") == 3 * Decimal("0.004")


def test_standard_has_no_minimum_of_any_kind() -> None:
    listings = [listing(T, {VOLUME: 1}), listing(T + DAY, {}, [VOLUME])]
    done = price(AWS + "STANDARD", listings=listings)
    assert {line.what for line in done.lines} == {"storage"}


def test_monitoring_is_for_objects_above_128_kib_alone() -> None:
    objects = {VOLUME: 128 * KIB + 1, OTHER: 128 * KIB}
    done = price(AWS + "INTELLIGENT_TIERING", listings=[listing(T, objects)], length_days=15)
    # one object for half a month at 0.0025 a thousand
    assert done.amount("monitoring") == Decimal("0.00000125")


def test_listings_of_uploads_and_parts_are_listings_and_aborting_is_free() -> None:
    asked = [request(one, kind="") for one in ("ListMultipartUploads", "ListObjectsV2")]
    asked += [request("AbortMultipartUpload"), request("DeleteObjects", kind="")]
    # two LIST at STANDARD's 0.000005, whatever the class; the others nothing
    assert price(AWS + "GLACIER", requests=asked).total == Decimal("0.00001")


def test_a_manifest_in_parts_pays_no_cold_price() -> None:
    asked = [request("CreateMultipartUpload", kind="manifest")]
    asked += [request("UploadPart", kind="manifest")] * 2
    asked += [request("CompleteMultipartUpload", kind="manifest")]
    # manifests stay STANDARD: 4 x 0.000005
    assert price(AWS + "DEEP_ARCHIVE", requests=asked).total == Decimal("0.00002")


def test_multipart_in_glacier_ir_pays_the_class_for_each_part() -> None:
    asked = [request("CreateMultipartUpload"), request("UploadPart")]
    asked += [request("CompleteMultipartUpload")]
    # the exception is for GLACIER and DEEP_ARCHIVE: 3 x 0.00002
    assert price(AWS + "GLACIER_IR", requests=asked).total == Decimal("0.00006")


def test_a_region_has_its_own_prices() -> None:
    asked = [request("PutObject")] * 1000
    listings = [listing(T, {VOLUME: 100 * GIB})]
    done = price("aws/eu-central-1/STANDARD", listings=listings, requests=asked)
    # 1,000 x 0.0000054 + 100 x 0.0245
    assert done.total == Decimal("0.0054") + Decimal("2.45")


def test_a_gb_of_b2_is_decimal_and_its_requests_are_free() -> None:
    done = price(
        "b2/all/STANDARD",
        listings=[listing(T, {VOLUME: 10**12})],
        requests=[request("PutObject"), request("HeadObject", status=404)],
    )
    # 1 TB at 6.95
    assert done.total == Decimal("6.95")


def test_r2_bills_what_fails_after_it_knows_who_asks() -> None:
    asked = [request("PutObject", status=412, error="PreconditionFailed")]
    asked += [request("HeadObject", status=403), request("PutObject", status=500)]
    assert price("r2/all/STANDARD", requests=asked).total == Decimal("0.0000045")


def test_what_a_failed_read_sent_is_egress_and_no_retrieval() -> None:
    refused = request("GetObject", status=403, error="InvalidObjectState", out=GIB)
    done = price(AWS + "GLACIER_IR", requests=[refused])
    assert (done.amount("egress"), done.amount("retrieval")) == (Decimal("0.09"), 0)
    assert [line.item for line in done.lines if line.what == "requests"] == ["GetObject (403)"]


def test_generic_has_the_users_own_figures_and_nothing_else() -> None:
    own = tariff("generic/all/STANDARD", "storage=0.006", "egress=0.01", "gb=1073741824")
    done = price(
        "generic/all/STANDARD",
        listings=[listing(T, {VOLUME: 10 * GIB, MANIFEST: 0})],
        requests=[request("PutObject"), request("GetObject", out=GIB)],
        using=own,
    )
    # 10 x 0.006 + 1 x 0.01
    assert done.total == Decimal("0.07")


MONTH = Months(start_at=T, end_at=T + 30 * DAY, days=30)


def asked(operation: str, number: int) -> Usage:
    kind = RequestKind(
        month=0, phase="full", step="", operation=operation, storage_class="STANDARD", status=None
    )
    return Usage(requests={kind: number})


@pytest.mark.parametrize(
    ("operation", "number", "free", "rounding"),
    [
        # A million class A requests are free; the next begins a million at 4.50.
        ("PutObject", 1_000_000, "-4.5", "0"),
        ("PutObject", 1_000_001, "-4.5", "4.4999955"),
        # Ten million of class B at 0.36.
        ("HeadObject", 10_000_001, "-3.6", "0.35999964"),
    ],
)
def test_r2_gives_a_million_and_rounds_up_to_the_next(
    operation: str, number: int, free: str, rounding: str
) -> None:
    lines = allowances(
        asked(operation, number), Storage(), tariff("r2/all/STANDARD"), MONTH, internet=True
    )
    amounts = {line.what: line.amount for line in lines}
    assert amounts.get("free tier", 0) == Decimal(free)
    assert amounts.get("rounding", 0) == Decimal(rounding)


def test_what_is_read_within_the_region_uses_no_allowance() -> None:
    read = [request("GetObject", out=50 * GIB)]
    inside = price(AWS + "STANDARD", requests=read, terms=Terms(free_tiers=True, internet=False))
    assert inside.amount("free tier") == 0
    assert price(AWS + "STANDARD", requests=read, terms=FREE).amount("egress") == Decimal("4.5")
