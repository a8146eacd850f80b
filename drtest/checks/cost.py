"""The bill against its budgets, and the age of the prices that it was computed with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from drtest.checks.case import Case
from drtest.model.bill import Bill
from drtest.model.finding import Finding

OLD_DAYS = 365


def check(case: Case) -> Iterator[Finding]:
    """Yield what the bills say; a scenario without prices has none, and no price grows old."""
    started = case.history.started
    if started is None:
        return
    for bill in case.history.bills:
        yield from _age(case, bill, started.real_at.date())


def _age(case: Case, bill: Bill, today: date) -> Iterator[Finding]:
    tag, limit = bill.prices, case.history.max_price_age_days
    age_days = tag.age_days(today)
    is_late = limit is not None and age_days > limit
    if not is_late and age_days <= OLD_DAYS:
        return
    told = f"The prices of {tag} were last confirmed {age_days:,} days before the run"
    yield Finding(
        code="prices-too-old" if is_late else "prices-old",
        subject=tag.place,
        message=f"{told}; --max-price-age is {limit:,} days." if is_late else f"{told}.",
        evidence={
            "provider": tag.provider,
            "as_of": None if tag.as_of is None else tag.as_of.isoformat(),
            "age_days": age_days,
            "limit_days": limit,
        },
    )
