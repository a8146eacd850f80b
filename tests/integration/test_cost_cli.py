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
    assert "0.023 a GB, up to 51,200 GB" in shown
    (book,) = place.glob("reports/*/prices/aws.json")
    assert ": sound; Amazon S3" in drtest("prices", "check", str(book), cwd=place).out
    broken = place / "broken.json"
    broken.write_text("{}")
    said = drtest("prices", "check", str(broken), cwd=place)
    assert said.status == 2
    assert "broken.json: provider: Field required" in said.err
    assert drtest("prices", "show", cwd=place).status == 2
