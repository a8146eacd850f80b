"""Budgets of money: what they are held against, and why they could not be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from support.bills import bill, paid
from support.histories import Story

from drtest.checks import judge
from drtest.model.baseline import Baseline
from drtest.model.bill import Bill
from drtest.model.events import FaultSeen
from drtest.model.finding import Finding
from drtest.model.money import Money, OfBaseline
from drtest.model.scenario import Objectives
from drtest.model.verdict import Verdict

MONTH = Objectives(cost_per_month=Money(amount=Decimal(20), currency="USD"), line=7)
SHARE = Objectives(cost_per_month=OfBaseline(percent=Decimal(110)))


def findings(
    objectives: Objectives, *bills: Bill, baseline: Baseline | None = None
) -> list[Finding]:
    """What is said of money in three nights that went well."""
    story = Story(objectives=objectives)
    for number in (1, 2, 3):
        story.backup(number)
    story.drill(3)
    story.bills, story.baseline = bills, baseline
    return [one for one in judge(story.history()).findings if one.code != "no-objective"]


def test_the_finding_names_cost_budget_biggest_part_and_date() -> None:
    (found,) = findings(MONTH, bill())
    assert (found.code, found.subject, found.line) == ("cost-exceeded", "cost-per-month", 7)
    assert found.message == (
        "A month costs 27.00 USD at aws/us-east-1/STANDARD of 2026-03-20, the budget is 20 USD; "
        "the most is storage of STANDARD, 67% of it."
    )
    assert found.evidence == {
        "cost": "27",
        "budget": "20",
        "currency": "USD",
        "prices": "aws/us-east-1/STANDARD",
        "prices_as_of": "2026-03-20",
        "biggest": {
            "what": "storage",
            "item": "GB-month",
            "storage_class": "STANDARD",
            "cost": "18",
        },
    }


def test_requests_are_named_by_operation_and_phase() -> None:
    big = bill(lines=(replace(bill().lines[0], amount=Decimal(9)), *bill().lines[1:]))
    (found,) = findings(MONTH, big)
    assert "the most is PutObject in full, 60% of it" in found.message
    assert found.evidence["biggest"] == {
        "what": "requests",
        "phase": "full",
        "item": "PutObject",
        "storage_class": "STANDARD",
        "cost": "27",
    }


def test_a_restore_names_its_bytes() -> None:
    objectives = Objectives(restore_cost=Money(amount=Decimal(10), currency="USD"))
    (found,) = findings(objectives, bill())
    assert (found.code, found.subject) == ("restore-cost-exceeded", "restore-cost")
    assert found.evidence["bytes"] == 122_943_744_000
    assert found.message.endswith("the budget is 10 USD; it reads 122,943,744,000 bytes.")


def test_a_share_is_one_of_the_stored_run() -> None:
    month = bill()  # 27 USD
    before = bill(days=Decimal(12))  # 22.50 USD, of which 110% are 24.75
    (found,) = findings(SHARE, month, baseline=paid(before))
    assert found.code == "cost-exceeded"
    assert "120% of the 22.50 USD of last, the budget is 110% of baseline" in found.message
    assert (found.evidence["baseline"], found.evidence["baseline_cost"]) == ("last", "22.5")
    assert found.evidence["budget"] == "24.75"
    near = bill(days=Decimal("10.8"))  # 25 USD, and 110% of it are 27.50
    assert findings(SHARE, month, baseline=paid(near)) == []


def test_a_baseline_that_cost_nothing_allows_nothing() -> None:
    (found,) = findings(SHARE, bill(), baseline=paid(bill(lines=())))
    assert "against the 0 USD of last" in found.message


def test_the_first_prices_are_judged_and_others_compared() -> None:
    dear = bill(lines=(replace(bill().lines[1], amount=Decimal(90)),))
    cheap = bill(lines=())
    assert findings(MONTH, cheap, dear) == []
    assert [one.code for one in findings(MONTH, dear, cheap)] == ["cost-exceeded"]


OTHER = replace(bill().prices, region="eu-west-1")
NEWER = replace(bill().prices, digest="f" * 32)


@pytest.mark.parametrize(
    ("objectives", "bills", "baseline", "why"),
    [
        (MONTH, (), None, "no prices were given"),
        (SHARE, (), None, "no prices were given"),
        (
            Objectives(cost_per_month=Money(amount=Decimal(20), currency="EUR")),
            (bill(),),
            None,
            "aws/us-east-1/STANDARD is priced in USD, and nothing is converted",
        ),
        (MONTH, (bill(days=Decimal("0.9")),), None, "shorter than a day"),
        (
            Objectives(restore_cost=OfBaseline(percent=Decimal(1))),
            (bill(restore_everything=None),),
            paid(bill()),
            "holds no chain",
        ),
        (SHARE, (bill(),), None, "no run was named by --baseline FOLDER"),
        (SHARE, (bill(),), paid(bill(), name="b"), "last has no scenario of that name"),
        (SHARE, (bill(),), paid(bill(), store="minio"), "last ran it on minio, not on memory"),
        (SHARE, (bill(),), paid(bill(), is_whole=False), "in last it was broken off"),
        (SHARE, (bill(),), paid(), "last was run without prices"),
        (
            SHARE,
            (bill(),),
            paid(bill(prices=OTHER)),
            "last was priced with aws/eu-west-1/STANDARD, this run with aws/us-east-1/STANDARD",
        ),
        (SHARE, (bill(),), paid(bill(prices=NEWER)), "priced with other figures of aws/us-east-1"),
        (SHARE, (bill(),), paid(bill(days=Decimal(0))), "last could not say"),
    ],
)
def test_what_cannot_be_judged_is_said_and_unverified(
    objectives: Objectives, bills: tuple[Bill, ...], baseline: Baseline | None, why: str
) -> None:
    (found,) = findings(objectives, *bills, baseline=baseline)
    assert found.code == "cost-not-judged"
    assert found.severity.verdict is Verdict.UNVERIFIED
    assert why in found.message


def test_a_bill_that_lacks_a_price_and_one_of_a_part_are_no_second_doubt() -> None:
    story = Story(objectives=MONTH)
    story.backup(1)
    story.drill(1)
    story.events.append(FaultSeen(code="price-missing", subject="aws", message="No bill."))
    assert "cost-not-judged" not in {one.code for one in judge(story.history()).findings}
    story.events.pop()
    story.is_complete = False
    assert "cost-not-judged" not in {one.code for one in judge(story.history()).findings}
