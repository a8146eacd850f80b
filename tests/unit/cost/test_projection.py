"""The worked example of shared facts s3-cost 3.5 and its neighbours, figure by figure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from support.prices import tariff

from drtest.cost.forecast import (
    early_deletion_cost,
    paid_requests,
    requests_cost,
    restore_cost,
    storage_cost,
)
from drtest.cost.projection import (
    Chain,
    Load,
    archive_bytes,
    chain,
    month,
    restore_all,
    restore_file,
    temporary_bytes,
)
from drtest.cost.shapes import MIB, Client, upload
from drtest.cost.sizes import Volume, volume
from drtest.cost.tariff import Tariff

GIB = 2**30
# 100 GiB a full, 1 GiB a day, a full every 30 days, two chains kept, files of 1 MiB (whose
# signatures take 12 of every 1,024 bytes), lists of files left out.
LOAD = Load(
    full_bytes=100 * GIB,
    increment_bytes=GIB,
    full_signatures_bytes=1200 * MIB,
    increment_signatures_bytes=12 * MIB,
    increments=29,
    cycle_days=30,
    chains=2,
    file_bytes=MIB,
)
MEAN, WORST = Fraction(29, 2), Fraction(29)
WRITES = ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
LOOKS = ("HeadBucket", "HeadObject", "GetObject")
STANDARD = "aws/us-east-1/STANDARD"

# volsize: keys, writes, LIST, HEAD+GET, requests $, MiB mean, MiB worst, $ a restore, total $
TABLE = {
    5: (53_854, 26_988, 5_385, 26_956, ".173", 77, 149, ".007", "5.85"),
    19: (14_134, 7_128, 1_442, 7_096, ".046", 294, 569, ".026", "5.74"),
    20: (13_418, 6_770, 1_376, 6_738, ".043", 310, 599, ".027", "5.74"),
    25: (10_774, 21_342, 1_106, 5_416, ".114", 387, 749, ".034", "5.81"),
    50: (5_442, 13_393, 587, 2_750, ".071", 775, 1_499, ".068", "5.81"),
    100: (2_808, 9_441, 308, 1_433, ".049", 1_550, 2_999, ".136", "5.85"),
    200: (1_494, 8_125, 188, 776, ".042", 3_100, 5_999, ".273", "5.98"),
    250: (1_230, 8_124, 184, 644, ".042", 3_875, 7_499, ".341", "6.05"),
    500: (704, 7_334, 92, 381, ".037", 7_750, 14_999, ".682", "6.38"),
    1000: (442, 7_072, 92, 250, ".036", 15_500, 29_999, "1.363", "7.07"),
    2000: (282, 6_912, 92, 170, ".035", 16_849, 31_697, "1.482", "7.18"),
}


def cents(amount: Decimal, places: str = ".001") -> Decimal:
    return amount.quantize(Decimal(places))


def example(volsize_mib: int, *, chunk_mib: int = 20, load: Load = LOAD) -> Chain:
    size = volsize_mib * MIB - 80 * 1024  # as the table takes it
    whole = Volume(object_bytes=size, payload_bytes=size)
    return chain(load, Client(chunk_bytes=chunk_mib * MIB), whole)


@pytest.fixture(scope="module")
def aws() -> Tariff:
    return tariff(STANDARD)


@pytest.mark.parametrize("volsize", TABLE)
def test_table_3_5(volsize: int, aws: Tariff) -> None:
    keys, writes, lists, looks, requests, mean_mib, worst_mib, one, total = TABLE[volsize]
    projected = example(volsize)
    found = month(projected)
    assert found.keys == keys
    assert found.count(*WRITES) == writes
    # The table lists for each set before any object of it is gone; duplicity deletes the
    # signatures first (measured), which now and then saves a page.
    assert abs(found.count("ListObjects") - lists) <= 2
    assert found.count(*LOOKS) == looks
    restore = restore_file(projected, after=MEAN)
    assert round(restore.read_bytes / MIB) == mean_mib
    assert round(restore_file(projected, after=WORST).read_bytes / MIB) == worst_mib
    assert cents(requests_cost(found, aws)) == Decimal(requests)
    assert cents(restore_cost(restore, aws)) == Decimal(one)
    assert cents(storage_cost(found, aws), ".01") == Decimal("5.67")
    whole = requests_cost(found, aws) + restore_cost(restore, aws) + storage_cost(found, aws)
    assert cents(whole, ".01") == Decimal(total)


def test_full_restore_costs_egress_whatever_the_volume(aws: Tariff) -> None:
    for volsize, of_requests in ((5, ".020"), (200, ".006")):
        found = restore_all(example(volsize), after=MEAN)
        assert found.read_bytes == Fraction(229, 2) * GIB
        inside = restore_cost(found, aws, internet=False)
        assert cents(restore_cost(found, aws) - inside, ".01") in {
            Decimal("10.30"),
            Decimal("10.31"),
        }
        assert inside == pytest.approx(Decimal(of_requests), abs=Decimal(".0015"))


def test_gpg_spills_a_volume_of_a_whole_chunk_into_another_part(aws: Tariff) -> None:
    def requests(volsize: int) -> Decimal:
        projected = chain(LOAD, Client(), volume(volsize, "gpg"), frame="gpg")
        return cents(requests_cost(month(projected), aws))

    assert [requests(v) for v in (20, 100, 200)] == [Decimal(x) for x in (".142", ".056", ".045")]
    projected = chain(LOAD, Client(), volume(20, "gpg"), frame="gpg")
    assert month(projected).count(*WRITES) == pytest.approx(26_503, rel=0.005)


@pytest.mark.parametrize(
    ("volsize", "want"),
    [(5, ".173"), (25, ".035"), (50, ".018"), (100, ".009"), (200, ".005"), (250, ".004")],
)
def test_one_put_a_volume(volsize: int, want: str, aws: Tariff) -> None:
    found = month(example(volsize, chunk_mib=max(20, volsize + 1)))
    assert cents(requests_cost(found, aws)) == Decimal(want)


@pytest.mark.parametrize(
    ("region", "requests", "storage"),
    [
        ("eu-west-1", (".173", ".114", ".042"), "5.67"),
        ("eu-central-1", (".186", ".124", ".045"), "6.04"),
        ("eu-south-1", (".182", ".121", ".044"), "5.91"),
    ],
)
def test_regions(region: str, requests: tuple[str, ...], storage: str) -> None:
    prices = tariff(f"aws/{region}/STANDARD")
    found = [month(example(v)) for v in (5, 25, 200)]
    assert [cents(requests_cost(one, prices)) for one in found] == [Decimal(x) for x in requests]
    assert cents(storage_cost(found[0], prices), ".01") == Decimal(storage)


# Upload requests of one full of 100 GiB (s3-cost 3.8).
COLD = {
    5: (".104", ".208", ".416", ".624", "1.040"),
    19: (".027", ".054", ".108", ".162", ".271"),
    25: (".082", ".164", ".329", ".185", ".267"),
    50: (".051", ".103", ".205", ".103", ".144"),
    200: (".031", ".061", ".123", ".044", ".054"),
    1000: (".027", ".053", ".107", ".029", ".031"),
}
CLASSES = ("STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


@pytest.mark.parametrize("volsize", COLD)
def test_cold_classes_make_volumes_dear(volsize: int) -> None:
    new = example(volsize).full
    counts = upload(new, Client())
    metadata = upload(
        example(volsize, load=LOAD).full.__class__(
            volumes=1,
            volume_bytes=1,
            last_volume_bytes=1,
            signatures_bytes=new.signatures_bytes,
            manifest_bytes=new.manifest_bytes,
        ),
        Client(),
    )
    metadata["PutObject"] -= 1  # the one volume
    for cls, want in zip(CLASSES, COLD[volsize], strict=True):
        prices = tariff(f"aws/us-east-1/{cls}")
        cost = sum(
            (counts[name] - metadata.get(name, 0)) * prices.request_price(name, cls)
            for name in WRITES
            if name in counts
        )
        assert cost == pytest.approx(Decimal(want), abs=Decimal(".0011"))


@pytest.mark.parametrize(
    ("cls", "early", "storage"),
    [
        ("STANDARD_IA", "0", None),
        ("ONEZONE_IA", "0", None),
        ("GLACIER_IR", ".57", ".97"),
        ("GLACIER", ".52", ".88"),
        ("DEEP_ARCHIVE", ".53", ".24"),
    ],
)
def test_early_deletion_with_sixty_days_of_retention(
    cls: str, early: str, storage: str | None
) -> None:
    prices = tariff(f"aws/us-east-1/{cls}")
    projected = example(200)
    assert cents(early_deletion_cost(projected, prices), ".01") == Decimal(early)
    if storage is not None:
        signatures = Decimal("0.054")  # 2.35 GiB stay STANDARD
        volumes = storage_cost(month(projected), prices) - signatures
        assert volumes == pytest.approx(Decimal(storage), abs=Decimal(".02"))


def test_thaw_of_a_full(aws: Tariff) -> None:
    prices = tariff("aws/us-east-1/DEEP_ARCHIVE")
    for volsize, thaw in ((5, "4.08"), (200, "2.05")):
        found = restore_all(example(volsize), after=Fraction(0))
        more = restore_cost(found, prices, internet=False) - restore_cost(
            found, aws, internet=False
        )
        assert cents(more, ".01") == Decimal(thaw)


def test_a_cold_archive_dir_fetches_what_no_volume_size_changes() -> None:
    small, large = (archive_bytes(example(v), after=MEAN) for v in (5, 1000))
    assert float(small) == pytest.approx(float(large), rel=0.01)
    assert float(small) / GIB == pytest.approx(1.34, abs=0.02)


def test_paid_requests_leave_out_what_is_free(aws: Tariff) -> None:
    found = month(example(20))
    total = sum(found.operations.values())
    assert paid_requests(found, aws) == total - found.count("DeleteObject")
    assert paid_requests(found, tariff("b2/all/STANDARD")) == 0


def test_a_cycle_of_fifteen_days_is_doubled_to_a_month() -> None:
    half = Load(
        full_bytes=GIB,
        increment_bytes=MIB,
        full_signatures_bytes=0,
        increment_signatures_bytes=0,
        increments=0,
        cycle_days=15,
        chains=1,
        file_bytes=1,
    )
    found = month(chain(half, Client(), volume(200, "gzip")))
    # two fulls of six volumes, each multipart of 10 parts but the last
    assert found.count("CompleteMultipartUpload") == 2 * 6
    assert found.stored_bytes["volume"] == GIB


def test_temporary_space() -> None:
    assert temporary_bytes(200) == 460 * MIB
    assert temporary_bytes(200, concurrency=1) == 660 * MIB


def test_a_load_that_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="at least a day"):
        Load(
            full_bytes=1,
            increment_bytes=1,
            full_signatures_bytes=1,
            increment_signatures_bytes=1,
            increments=1,
            cycle_days=0,
            chains=1,
            file_bytes=1,
        )
