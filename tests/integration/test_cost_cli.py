"""A run that is priced, and priced again; what drtest prices says."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from support.documents import problems
from support.shell import SMALL, drtest

HERE = "aws/us-east-1/STANDARD"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("priced")
    (folder / "small.yaml").write_text(SMALL)
    said = drtest("run", "small.yaml", "--prices", HERE, cwd=folder)
    assert said.status == 0, said.err
    assert "full restore" in said.out
    assert f"prices  {HERE}, list prices of " in said.out
    return folder


def cost(folder: Path) -> list[dict[str, object]]:
    (path,) = folder.glob("reports/*/run.json")
    document = json.loads(path.read_text())
    assert problems(document) == []
    found: list[dict[str, object]] = document["scenarios"][0]["cost"]
    return found


def test_the_bill_is_the_sum_of_its_lines_and_told_again(place: Path) -> None:
    (before,) = cost(place)
    lines = before["lines"]
    assert isinstance(lines, list)
    assert sum(Decimal(line["amount"]) for line in lines) == Decimal(str(before["total"])) > 0
    assert {line["what"] for line in lines} >= {"requests", "storage", "egress"}
    # Listings of a drill are the gateway's own, and are paid for all the same.
    listed = {line["phase"] for line in lines if line["item"] == "ListObjects"}
    assert listed == {"full", "backup", "drill"}
    assert drtest("report", cwd=place).status == 0
    assert cost(place) == [before]
    (book,) = place.glob("reports/*/prices/aws.json")
    assert book.is_file()


def test_a_stored_run_is_priced_otherwise_without_running_anything(place: Path) -> None:
    (before,) = cost(place)
    said = drtest("report", "--prices", HERE, "--price", "storage=2.3", cwd=place)
    assert said.status == 0
    (dear,) = cost(place)
    assert Decimal(str(dear["total"])) > Decimal(str(before["total"]))
    assert dear["prices"]["overrides"] == ["storage=2.3"]  # type: ignore[index]
    assert drtest("report", "--max-price-age", "1", cwd=place).status == 1


def test_an_unknown_place_runs_nothing(place: Path) -> None:
    said = drtest("run", "small.yaml", "--prices", "aws/moon/STANDARD", cwd=place)
    assert said.status == 2
    assert "no prices for moon" in said.err
    assert len(list(place.glob("reports/*"))) == 1


def test_prices_are_listed_shown_and_checked(place: Path) -> None:
    assert f"  {HERE}\n" in drtest("prices", cwd=place).out
    shown = drtest("prices", "show", HERE, cwd=place).out
    assert shown.startswith(f"{HERE} of ")
    assert "0.023 a GB-month, up to 51,200 GB" in shown
    assert "a GB         1,073,741,824 bytes; a month 30 days" in shown
    (book,) = place.glob("reports/*/prices/aws.json")
    assert ": sound; Amazon S3" in drtest("prices", "check", str(book), cwd=place).out
    broken = place / "broken.json"
    broken.write_text("{}")
    said = drtest("prices", "check", str(broken), cwd=place)
    assert said.status == 2
    assert "broken.json: provider: Field required" in said.err
    assert drtest("prices", "show", cwd=place).status == 2


BUDGETS = f"""\
{SMALL}objectives: {{cost-per-month: 0.000001 USD, restore-cost: 0.000001 USD}}
---
{SMALL.replace("scenario: small", "scenario: in bounds")}\
objectives: {{cost-per-month: 100 USD, restore-cost: 100 USD}}
---
{SMALL.replace("scenario: small", "scenario: as before")}\
objectives: {{cost-per-month: 100% of baseline, restore-cost: 100% of baseline}}
"""


@pytest.fixture(scope="module")
def budgets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("budgets")
    (folder / "budgets.yaml").write_text(BUDGETS)
    said = drtest("run", "budgets.yaml", "--prices", HERE, cwd=folder)
    assert said.status == 1, said.err
    return folder


def codes(folder: Path) -> dict[str, set[str]]:
    """What is found in each scenario that is not a note."""
    (path,) = folder.glob("reports/*/run.json")
    document = json.loads(path.read_text())
    assert problems(document) == []
    return {
        one["name"]: {f["code"] for f in one["findings"] if f["severity"] != "note"}
        for one in document["scenarios"]
    }


def test_a_budget_that_is_too_small_is_a_failure_and_a_generous_one_is_not(budgets: Path) -> None:
    said = drtest("report", cwd=budgets)
    assert said.status == 1
    assert "cost-exceeded" in said.out
    assert codes(budgets) == {
        "small": {"cost-exceeded", "restore-cost-exceeded"},
        "in bounds": set(),
        "as before": {"cost-not-judged"},
    }


def test_what_a_run_is_held_against_is_read_in_that_runs_report(budgets: Path) -> None:
    (run,) = budgets.glob("reports/*Z")
    assert drtest("report", "--baseline", str(run), cwd=budgets).status == 1
    assert codes(budgets)["as before"] == set()  # 100% of itself
    assert drtest("report", "--price", "storage=9", "--baseline", str(run), cwd=budgets).status == 1
    assert codes(budgets)["as before"] == {"cost-not-judged"}  # other figures
    said = drtest("report", "--baseline", "nowhere", cwd=budgets)
    assert said.status == 2
    assert "--baseline nowhere: nowhere is not the folder of a run" in said.err


def test_a_run_keeps_what_it_was_held_against(budgets: Path, tmp_path: Path) -> None:
    drtest("report", cwd=budgets)
    (before,) = budgets.glob("reports/*Z")
    text = (budgets / "budgets.yaml").read_text().split("---\n")[2]
    # A manifest holds times, and its compressed size may differ by a few bytes.
    (tmp_path / "again.yaml").write_text(text.replace("100%", "105%"))
    said = drtest("run", "--prices", HERE, "--baseline", str(before), "again.yaml", cwd=tmp_path)
    assert said.status == 0, said.out
    (kept,) = tmp_path.glob("reports/*/baseline.json")
    assert json.loads(kept.read_text())["run"] == before.name
    assert drtest("report", cwd=tmp_path).status == 0


def test_without_prices_nothing_is_green(budgets: Path, tmp_path: Path) -> None:
    text = (budgets / "budgets.yaml").read_text().split("---\n")[1]
    (tmp_path / "bounds.yaml").write_text(text)
    assert drtest("run", "bounds.yaml", cwd=tmp_path).status == 3
    assert codes(tmp_path) == {"in bounds": {"cost-not-judged"}}
    assert drtest("report", "--prices", HERE, cwd=tmp_path).status == 0
    assert codes(tmp_path) == {"in bounds": set()}
