"""A stored run as a baseline: read from its run.json, kept beside the run that it is held to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from support.bills import bill
from support.results import run, scenario

from drtest.api.baseline import read
from drtest.errors import DrtestError, UsageError
from drtest.model.baseline import Baseline
from drtest.model.finding import Finding
from drtest.report.archive import Archive
from drtest.report.baseline import baseline
from drtest.report.document import document

CUT = Finding(code="interrupted", subject="b", message="It was broken off.")
TOLD = run(
    scenario("a", bills=(bill(), bill(days=Decimal(0)))),
    scenario("b", findings=[CUT], store="minio RELEASE.2026"),
)


def stored() -> Baseline:
    return baseline(json.loads(json.dumps(document(TOLD))), run="last")


def test_it_has_the_figures_of_each_bill_to_the_last_digit() -> None:
    found = stored().find("a", "moto")
    assert not isinstance(found, str)
    first, second = found.bills
    assert first.prices == bill().prices
    assert (first.per_month, first.restore_everything) == (Decimal(27), Decimal("10.305"))
    assert second.per_month is None


@pytest.mark.parametrize(
    ("name", "store", "why"),
    [
        ("c", "moto", "last has no scenario of that name"),
        ("a", "minio", "last ran it on moto, not on minio"),
        ("b", "minio", "in last it was broken off"),
    ],
)
def test_what_cannot_be_compared_with_is_said(name: str, store: str, why: str) -> None:
    assert stored().find(name, store) == why


def test_it_is_kept_as_it_was(tmp_path: Path) -> None:
    archive = Archive.create(tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    assert archive.read_baseline() is None
    archive.write_baseline(stored())
    assert archive.read_baseline() == stored()


def test_of_a_run_its_document_is_enough(tmp_path: Path) -> None:
    archive = Archive.create(tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    archive.write_run(TOLD)
    assert [one.name for one in read(archive.folder).scenarios] == ["a", "b"]
    assert read(archive.folder).run == "2026-01-01T000000Z"


@pytest.mark.parametrize(
    "text", ['{"scenarios": [{"name": "a"}]}', '{"scenarios": 3}', "{}", "[]", "not JSON"]
)
def test_what_is_no_run_is_unusable(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match=f"--baseline {tmp_path}: "):
        read(tmp_path)


def test_a_figure_that_is_no_number_is_refused() -> None:
    told = json.loads(json.dumps(document(TOLD)))
    told["scenarios"][0]["cost"][0]["per_month"] = "much"
    with pytest.raises(DrtestError, match="not one that drtest wrote"):
        baseline(told, run="last")
