"""What lies there and is of no use, with what that costs a month."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from support.bills import bill
from support.buckets import later, recorded, three_sets
from support.results import run, scenario

from drtest.checks import judge
from drtest.model.bill import Bill, StorageRate
from drtest.model.events import OpenUpload
from drtest.model.finding import Finding
from drtest.report.console import Console
from drtest.report.markdown import markdown
from drtest.report.page import render

GB = 10**9
RATES = (
    StorageRate(storage_class="STANDARD", gb_bytes=GB, price=Decimal("0.02")),
    StorageRate(
        storage_class="GLACIER_IR", gb_bytes=GB, price=Decimal("0.004"), object_bytes=131_072
    ),
)
VOLUME = "duplicity-full.20260101T030000Z.vol2.difftar.gpg"
UPLOAD = OpenUpload(key="duplicity-full.vol1", upload_id="u", size_bytes=3 * GB)


def wasted(*bills: Bill) -> dict[str, Finding]:
    """A volume of 1,000 bytes that no manifest names, and 3 GB of an upload without an end."""
    story, _ = three_sets()
    record = recorded(VOLUME, index=4, number=4, uploads=(UPLOAD,))
    later(story, came=(VOLUME,), record=record)
    story.bills = bills
    return {one.code: one for one in judge(story.history()).findings}


def test_without_prices_there_are_bytes_and_no_money() -> None:
    found = wasted()
    assert found["orphaned-object"].message.endswith("belongs to no backup set: 1,000 bytes.")
    assert found["upload-left-open"].evidence["size_bytes"] == 3 * GB
    assert not any("cost_per_month" in one.evidence for one in found.values())


@pytest.mark.parametrize(
    ("storage_class", "orphan", "told"),
    [
        ("STANDARD", "0.00000002", "0.000000020"),  # 1,000 bytes at 0.02 a GB
        ("GLACIER_IR", "0.000000524288", "0.00000052"),  # billed as 128 KiB at 0.004
    ],
)
def test_what_they_cost_is_that_of_their_class_and_of_staging(
    storage_class: str, orphan: str, told: str
) -> None:
    tag = replace(bill().prices, storage_class=storage_class)
    found = wasted(bill(prices=tag, rates=RATES, staging=RATES[0]))
    where = f"aws/us-east-1/{storage_class}"
    assert found["orphaned-object"].evidence["cost_per_month"] == orphan
    assert f"1,000 bytes, {told} USD a month at {where}." in found["orphaned-object"].message
    # Parts are staged at the STANDARD rate, whatever class the object will have: 3 GB at 0.02.
    upload = found["upload-left-open"]
    assert (upload.evidence["cost_per_month"], upload.evidence["currency"]) == ("0.06", "USD")
    assert f"in no listing, 0.06 USD a month at {where}." in upload.message


def test_page_markdown_and_terminal_tell_the_price() -> None:
    found = wasted(bill(rates=RATES, staging=RATES[0]))
    told = run(scenario("a", findings=list(found.values())))
    out = io.StringIO()
    Console(out=out, err=io.StringIO(), live=False).finish(told, None)
    assert "upload-left-open 1 (0.06 USD a month)" in " ".join(out.getvalue().split())
    for text in (render(told), markdown(told)):
        assert "0.06 USD a month" in text
        assert "upload-left-open" in text
