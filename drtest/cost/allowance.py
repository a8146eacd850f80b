"""What an account gets for nothing each month, and what its usage is rounded up to.

Both are rules of an account, not of one backup, and would be shared with everything else in it:
they are applied only where they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from drtest.cost.pricebook import FREE
from drtest.cost.storage import Storage
from drtest.cost.tariff import Tariff
from drtest.cost.terms import Months, tiered
from drtest.cost.usage import Usage
from drtest.model.bill import BillLine


def allowances(
    usage: Usage, storage: Storage, tariff: Tariff, months: Months, *, internet: bool
) -> list[BillLine]:
    """Return a line for each allowance that was used (negative) and each rounding (positive)."""
    amounts: dict[tuple[str, str], Decimal] = {}
    for month in range(months.count):
        for what, item, amount in (
            *_storage(storage, tariff, month),
            *(_egress(usage, storage, tariff, month) if internet else ()),
            *_requests(usage, tariff, month),
        ):
            if amount:
                amounts[what, item] = amounts.get((what, item), Decimal(0)) + amount
    return [
        BillLine(
            what=what,
            phase="",
            item=item,
            storage_class="",
            quantity=Decimal(1),
            unit="",
            price=amount,
            amount=amount,
        )
        for (what, item), amount in amounts.items()
    ]


Allowed = Iterator[tuple[str, str, Decimal]]


def _storage(storage: Storage, tariff: Tariff, month: int) -> Allowed:
    free, rounding = tariff.book.free_tier, tariff.book.rounding
    for (number, cls), gb in storage.stored.items():
        if number != month:
            continue
        tiers, given = tariff.of(cls).storage.tiers, Decimal(0)
        if free is not None and cls == tariff.book.bucket_class:
            given = min(gb, free.storage_gb)
            yield "free tier", "storage", -tiered(given, tiers)
        if rounding is not None:
            left = gb - given
            up = (left / rounding.gb).to_integral_value("ROUND_CEILING") * rounding.gb
            yield "rounding", "storage", tiered(up, tiers) - tiered(left, tiers)


def _egress(usage: Usage, storage: Storage, tariff: Tariff, month: int) -> Allowed:
    free = tariff.book.free_tier
    if free is None:
        return
    sent = sum(n for read, n in usage.sent_bytes.items() if read.month == month)
    gb = Decimal(sent) / tariff.book.gb_bytes
    given = free.egress_gb + free.egress_times_stored * storage.in_month(month)
    yield "free tier", "egress", -tiered(min(gb, given), tariff.region.egress.tiers)


def _requests(usage: Usage, tariff: Tariff, month: int) -> Allowed:
    """Groups that share an allowance share the rounding; the allowance is the bucket class's."""
    free, rounding = tariff.book.free_tier, tariff.book.rounding
    counts: dict[tuple[str, str], int] = {}
    for kind, number in usage.requests.items():
        group = tariff.book.operations[kind.operation]
        if kind.month == month and group != FREE:
            key = (kind.storage_class, group)
            counts[key] = counts.get(key, 0) + number
    for allowed in free.requests if free is not None else ():
        for cls in dict.fromkeys(name for name, _ in counts):
            prices = tariff.of(cls).requests.prices
            mine = {group: counts.get((cls, group), 0) for group in allowed.groups}
            number = sum(mine.values())
            if not number:
                continue
            mean = sum((prices[group] * n for group, n in mine.items()), Decimal(0)) / number
            given = min(number, allowed.count) if cls == tariff.book.bucket_class else 0
            yield "free tier", "requests", -given * mean
            if rounding is not None:
                left = number - given
                up = math.ceil(left / rounding.requests) * rounding.requests
                yield "rounding", "requests", (up - left) * mean
