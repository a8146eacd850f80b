"""What a projected month and its restores cost with one tariff."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from drtest.cost.habits import VOLUMES_ONLY
from drtest.cost.pricebook import Thaw
from drtest.cost.projection import MONTH_DAYS, Chain, Month, Restore
from drtest.cost.tariff import Tariff, thaw_option
from drtest.cost.terms import tiered


def requests_cost(found: Month, tariff: Tariff) -> Decimal:
    """Return the price of a month's requests."""
    return sum(
        (
            _decimal(number) * tariff.request_price(operation, _class(kind, tariff))
            for (kind, operation), number in found.operations.items()
        ),
        Decimal(0),
    )


def paid_requests(found: Month, tariff: Tariff) -> Fraction:
    """Return how many of a month's requests have a price."""
    return sum(
        (
            number
            for (kind, operation), number in found.operations.items()
            if tariff.request_price(operation, _class(kind, tariff))
        ),
        Fraction(),
    )


def storage_cost(found: Month, tariff: Tariff) -> Decimal:
    """Return the price of what is stored for a month, with minimum size and overheads."""
    total = Decimal(0)
    gb_bytes = Decimal(tariff.book.gb_bytes)
    standard = tariff.of(tariff.book.bucket_class).storage.tiers[0].price
    for kind, size_bytes in found.stored_bytes.items():
        prices, objects = tariff.of(_class(kind, tariff)), found.objects[kind]
        more = Fraction()
        if (minimum := prices.minimum) is not None:
            more = max(Fraction(), objects * minimum.object_bytes - size_bytes)
            more += objects * minimum.overhead_bytes
            total += _decimal(objects * minimum.overhead_standard_bytes) / gb_bytes * standard
        gb = _decimal(size_bytes + more) / gb_bytes
        total += tiered(gb, prices.storage.tiers)
    return total


def early_deletion_cost(one: Chain, tariff: Tariff) -> Decimal:
    """Return what a month pays for volumes that are deleted before the class's minimum duration.

    With K chains of F days a full dies at the age of K F days, its j-th increment as much later
    as it was made, less (s3-cost 3.3).
    """
    prices = tariff.of(tariff.tag.storage_class)
    if prices.minimum is None:
        return Decimal(0)
    load, days = one.load, prices.minimum.days
    lived = load.chains * load.cycle_days
    step = Fraction(load.cycle_days, load.increments + 1)
    byte_days = max(Fraction(), Fraction(days - lived)) * one.full.difftar_bytes
    for number in range(1, load.increments + 1):
        short = max(Fraction(), days - (lived - number * step))
        byte_days += short * one.increment.difftar_bytes
    a_month = byte_days * Fraction(MONTH_DAYS, load.cycle_days) / tariff.book.month_days
    return _decimal(a_month) / tariff.book.gb_bytes * prices.storage.tiers[0].price


def restore_cost(
    found: Restore, tariff: Tariff, *, internet: bool = True, thaw: Thaw = "standard"
) -> Decimal:
    """Return the price of one restore: requests, egress, retrieval; thaw where it is needed."""
    prices, gb_bytes = tariff.of(tariff.tag.storage_class), tariff.book.gb_bytes
    gb = _decimal(found.read_bytes) / gb_bytes
    total = Decimal(0)
    for kind, counts in (("volume", found.operations), ("metadata", found.metadata_operations)):
        for operation, number in counts.items():
            of_bucket = operation in {"HeadBucket", "ListObjects"}
            cls = _class("" if of_bucket else kind, tariff)
            total += number * tariff.request_price(operation, cls)
    of_metadata = tariff.of(_class("metadata", tariff)).retrieval
    if of_metadata is not None:
        total += Decimal(found.metadata_bytes) / gb_bytes * of_metadata.price
    if internet:
        sent = gb + Decimal(found.metadata_bytes) / gb_bytes
        total += tiered(sent, tariff.region.egress.tiers)
    if prices.retrieval is not None:
        total += gb * prices.retrieval.price
    if prices.thaw is not None:
        option = thaw_option(tariff, tariff.tag.storage_class, thaw)
        total += found.operations.get("HeadObject", 0) * option.request + gb * option.gb
    return total


def _class(kind: str, tariff: Tariff) -> str:
    asked = tariff.tag.storage_class
    if kind == "" or (kind == "metadata" and asked in VOLUMES_ONLY):
        return tariff.book.bucket_class
    return asked


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
