"""What a bill looks like: on the terminal, on the page, in Markdown and in run.json."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from support.bills import bill
from support.documents import problems
from support.results import run, scenario
from support.runs import account, with_account

from drtest.model.account import Goals
from drtest.model.finding import Finding
from drtest.model.run import RunResult
from drtest.report.blocks import again
from drtest.report.brief import brief
from drtest.report.console import Console
from drtest.report.document import document
from drtest.report.markdown import markdown
from drtest.report.money import money, source
from drtest.report.page import render

SOURCE = "aws/us-east-1/STANDARD, list prices of 2026-03-20, 12 days old, without tax and free tier"


def told(**changes: object) -> RunResult:
    made = scenario("a", bills=(bill(**changes),))
    return run(with_account(made, account([("verified", 3)])))


def test_a_month_is_without_drills_and_of_thirty_days() -> None:
    assert bill().total == 10
    assert bill().per_month == Decimal(27)
    assert bill().drills == 1
    assert bill(days=Decimal("0.5")).per_month is None


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("6.049", "6.05 USD"),
        ("1234.5", "1,234.50 USD"),
        ("0.01", "0.01 USD"),
        ("0.000312", "0.00031 USD"),
        ("0", "0 USD"),
        ("0E-9", "0 USD"),
    ],
)
def test_money_is_never_a_rounded_nothing(amount: str, shown: str) -> None:
    assert money(Decimal(amount), "USD") == shown


def test_what_is_not_known_is_said() -> None:
    assert money(None, "USD") == "unknown"


def test_every_report_names_provider_region_class_date_and_age() -> None:
    assert source(bill().prices, date(2026, 4, 1)) == SOURCE
    out = io.StringIO()
    console = Console(out=out, err=io.StringIO(), live=False)
    console.finish(told(), None)
    for text in (
        " ".join(out.getvalue().split()),
        render(told()),
        markdown(told()).replace("\\", ""),
    ):
        assert SOURCE in text


def test_the_users_own_figures_are_named() -> None:
    own = replace(bill().prices, as_of=None, overrides=("storage=0.006",))
    assert "prices as given, with storage=0.006" in source(own, date(2026, 4, 1))


def test_the_three_prices_stand_on_the_terminal() -> None:
    out = io.StringIO()
    Console(out=out, err=io.StringIO(), live=False).finish(told(), None)
    assert "cost    a month     one file  full restore  this drill\n" in out.getvalue()
    assert "a     27.00 USD  0.00031 USD     10.30 USD    1.00 USD\n" in out.getvalue()


def test_they_stand_on_the_page_and_answer_the_fourth_question() -> None:
    text = render(told())
    for amount in (
        "10.00 USD",
        "0.00031 USD",
        "10.30 USD",
        "27.00 USD a month at aws/us-east-1/STANDARD",
    ):
        assert amount in text
    assert "no prices were given" in render(run(scenario("a")))


def test_a_budget_stands_beside_what_a_month_costs() -> None:
    (one,) = told().scenarios
    goals = Goals(cost_per_month="8 USD")
    found = run(with_account(one, account([("verified", 1)], goals=goals)))
    question = brief(found).questions[-1]
    assert question.text.startswith(
        "27.00 USD a month at aws/us-east-1/STANDARD, the budget is 8 USD: "
    )
    assert question.mark == "pass"


def test_what_money_fails_by_is_shown_again_with_its_prices() -> None:
    priced = bill(prices=replace(bill().prices, overrides=("storage=0.006",)))
    finding = Finding(code="cost-exceeded", subject="cost-per-month", message="m")
    command = again(scenario("a", bills=(priced,), findings=[finding]))
    assert command.endswith(" --prices aws/us-east-1/STANDARD --price storage=0.006")
    assert "--prices" not in again(scenario("a", bills=(priced,)))


def test_run_json_keeps_every_figure() -> None:
    found = json.loads(json.dumps(document(told())))
    assert problems(found) == []
    (cost,) = found["scenarios"][0]["cost"]
    assert cost["prices"]["digest"] == bill().prices.digest
    assert (cost["total"], cost["per_month"]) == ("10", "27")
    assert cost["restore_one_file"] == "0.00031"
    empty = told(days=Decimal(0), restore_one_file=None, restore_everything=None, restores={})
    assert problems(json.loads(json.dumps(document(empty)))) == []
