"""Budgets of money against the bill, or against that of a stored run.

Judged is the bill of the first ``--prices``; further ones are there to be compared, and what
another provider would ask breaks no promise. What cannot be judged is UNVERIFIED, never green.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from drtest.checks.case import Case
from drtest.model.bill import Bill, PriceTag
from drtest.model.events import FaultSeen
from drtest.model.finding import Finding
from drtest.model.money import Budget, Money, OfBaseline, figure, money

What = Literal["cost-per-month", "restore-cost"]


class _Unjudged(Exception):
    """Why a budget cannot be held against a bill: a sentence without its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """A budget in money: what it allows, and the amount that it is a share of."""

    budget: Budget
    allowed: Decimal
    base: Decimal | None = None  # None: it is no share
    run: str = ""  # the baseline's


def check(case: Case) -> Iterator[Finding]:
    """Yield which budgets were exceeded, and which could not be judged.

    A broken-off calendar has the bill of a part, and a bill that lacks a price is no bill: both
    are UNVERIFIED already.
    """
    objectives = case.scenario.objectives
    stated: tuple[tuple[What, Budget | None], ...] = (
        ("cost-per-month", objectives.cost_per_month),
        ("restore-cost", objectives.restore_cost),
    )
    if not case.history.is_complete:
        return
    if any(event.code == "price-missing" for event in case.history.of(FaultSeen)):
        return
    for what, budget in stated:
        if budget is None:
            continue
        try:
            yield from _judge(case, what, budget)
        except _Unjudged as why:
            yield Finding(
                code="cost-not-judged",
                subject=what,
                message=f"The budget {what}: {budget} was not judged: {why}.",
                line=objectives.line,
                evidence={"budget": str(budget), "why": str(why)},
            )


def _judge(case: Case, what: What, budget: Budget) -> Iterator[Finding]:
    if not case.history.bills:
        raise _Unjudged("no prices were given, as --prices aws/us-east-1/STANDARD gives them")
    bill = case.history.bills[0]
    limit = _limit(case, what, budget, bill.prices)
    cost = _cost(what, bill)
    if cost <= limit.allowed:
        return
    tell = _month if what == "cost-per-month" else _restore
    yield tell(case, bill, cost, limit)


def _cost(what: What, bill: Bill) -> Decimal:
    match what:
        case "cost-per-month":
            if bill.per_month is None:
                raise _Unjudged("the calendar is shorter than a day, which says nothing of a month")
            return bill.per_month
        case "restore-cost":
            if bill.restore_everything is None:
                raise _Unjudged("the bucket holds no chain that could be restored")
            return bill.restore_everything


def _limit(case: Case, what: What, budget: Budget, prices: PriceTag) -> _Limit:
    match budget:
        case Money(amount=amount, currency=currency):
            if currency != prices.currency:
                raise _Unjudged(
                    f"{prices.place} is priced in {prices.currency}, and nothing is converted"
                )
            return _Limit(budget=budget, allowed=amount)
        case OfBaseline(percent=percent):
            base, run = _base(case, what, prices)
            return _Limit(budget=budget, allowed=base * percent / 100, base=base, run=run)


def _base(case: Case, what: What, prices: PriceTag) -> tuple[Decimal, str]:
    """Return what the same came to in the baseline, and that run's name."""
    baseline, started = case.history.baseline, case.history.started
    if baseline is None:
        raise _Unjudged("no run was named by --baseline FOLDER")
    store = "" if started is None else started.store.partition(" ")[0]
    past = baseline.find(case.scenario.name, store)
    if isinstance(past, str):
        raise _Unjudged(past)
    if not past.bills:
        raise _Unjudged(f"{baseline.run} was run without prices")
    found = next((one for one in past.bills if one.prices.place == prices.place), None)
    if found is None:
        places = ", ".join(one.prices.place for one in past.bills)
        raise _Unjudged(f"{baseline.run} was priced with {places}, this run with {prices.place}")
    if found.prices != prices:
        raise _Unjudged(
            f"{baseline.run} was priced with other figures of {prices.place}: "
            "drtest report --prices prices it again"
        )
    base = found.per_month if what == "cost-per-month" else found.restore_everything
    if base is None:
        raise _Unjudged(f"{baseline.run} could not say what that came to")
    return base, baseline.run


def _month(case: Case, bill: Bill, cost: Decimal, limit: _Limit) -> Finding:
    line, amount = max(bill.monthly_lines or (), key=lambda pair: pair[1])
    where = f" in {line.phase}" if line.phase else f" of {line.storage_class}"
    name = line.item if line.what == "requests" else line.what
    return _exceeded(
        case,
        "cost-exceeded",
        f"A month costs {_against(bill.prices, cost, limit)}; "
        f"the most is {name}{where}, {amount / cost:.0%} of it",
        evidence={
            **_figures(bill.prices, cost, limit),
            "biggest": {
                "what": line.what,
                **({"phase": line.phase} if line.phase else {}),
                "item": line.item,
                "storage_class": line.storage_class,
                "cost": figure(amount),
            },
        },
    )


def _restore(case: Case, bill: Bill, cost: Decimal, limit: _Limit) -> Finding:
    size_bytes = bill.restore_everything_bytes
    return _exceeded(
        case,
        "restore-cost-exceeded",
        f"A full restore of the newest chain costs {_against(bill.prices, cost, limit)}"
        f"; it reads {size_bytes:,} bytes",
        evidence={**_figures(bill.prices, cost, limit), "bytes": size_bytes},
    )


def _against(prices: PriceTag, cost: Decimal, limit: _Limit) -> str:
    told = f"{money(cost, prices.currency)} at {prices}"
    if limit.base is not None:
        share = f", {cost / limit.base:.0%} of" if limit.base else ", against"
        told += f"{share} the {money(limit.base, prices.currency)} of {limit.run}"
    return f"{told}, the budget is {limit.budget}"


def _figures(prices: PriceTag, cost: Decimal, limit: _Limit) -> dict[str, object]:
    found: dict[str, object] = {
        "cost": figure(cost),
        "budget": figure(limit.allowed),
        "currency": prices.currency,
        "prices": prices.place,
        "prices_as_of": None if prices.as_of is None else prices.as_of.isoformat(),
    }
    if limit.base is not None:
        found |= {"baseline": limit.run, "baseline_cost": figure(limit.base)}
    return found


def _exceeded(case: Case, code: str, message: str, *, evidence: dict[str, object]) -> Finding:
    return Finding(
        code=code,
        subject="cost-per-month" if code == "cost-exceeded" else "restore-cost",
        message=f"{message}.",
        line=case.scenario.objectives.line,
        evidence=evidence,
    )
