"""Bills made by hand, for checks and reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from drtest.model.baseline import Baseline, PastBill, PastScenario
from drtest.model.bill import Bill, BillLine, PriceTag


def bill(*, as_of: date | None = date(2026, 3, 20), **changes: object) -> Bill:
    """Ten days: 3 USD of requests, 6 of storage, and a drill for 1; *changes* replace fields."""
    tag = PriceTag(
        provider="aws",
        region="us-east-1",
        storage_class="STANDARD",
        currency="USD",
        as_of=as_of,
        retrieved=date(2026, 3, 20),
        digest="0123456789abcdef" * 2,
    )
    made = Bill(
        prices=tag,
        lines=(
            _line("requests", "full", "PutObject", "3"),
            _line("storage", "", "GB-month", "6"),
            _line("egress", "drill", "GB", "1"),
        ),
        days=Decimal(10),
        free_tiers=False,
        unbilled=0,
        restores={"drill 1.1": Decimal(1)},
        restore_one_file=Decimal("0.00031"),
        restore_everything=Decimal("10.305"),
        restore_everything_bytes=122_943_744_000,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def paid(*bills: Bill, **changes: object) -> Baseline:
    """A stored run of ``Story``'s scenario that was billed so; *changes* are the scenario's."""
    past = PastScenario(
        name="a story",
        store="memory",
        is_whole=True,
        bills=tuple(
            PastBill(
                prices=one.prices,
                per_month=one.per_month,
                restore_everything=one.restore_everything,
            )
            for one in bills
        ),
    )
    return Baseline(run="last", scenarios=(replace(past, **changes),))  # type: ignore[arg-type]


def _line(what: str, phase: str, item: str, amount: str) -> BillLine:
    return BillLine(
        what=what,
        phase=phase,
        item=item,
        storage_class="STANDARD",
        quantity=Decimal(1),
        unit="request",
        price=Decimal(amount),
        amount=Decimal(amount),
    )
