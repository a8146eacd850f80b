"""Advice in sentences: whether it matters, the range, the reason in the reader's unit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from support.tunings import ADVICE, tuning

from drtest.model.tune import Advice
from drtest.report.advice import amount, asides, places, sentences, span, verdict

MANY = tuning()


def test_the_whole_advice() -> None:
    assert sentences(MANY, ADVICE) == (
        "It hardly matters for money: from 5 to 250 MiB the bill moves by 0.31 USD a month, and "
        "requests are at most 3 % of it.",
        "Choose 10 to 19 MiB, because one lost file then comes back in 11s instead of 2m03s.",
        "Mind the step: above the chunk size a volume becomes several paid requests; 25 asks for "
        "2.6 times as many as 19.",
        "What would move the bill: one chain kept less saves 3.04 USD a month.",
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"spread": Decimal(0)}, ["makes no difference", "from 5 to 250 MiB the bill is the same"]),
        ({"spread": Decimal(3), "matters": True}, ["It matters", "3.00 USD a month, 53 % of the"]),
        ({"requests_share": 0.0}, ["requests cost nothing there"]),
        ({"compared": (19, 20)}, ["as you do"]),
        ({"range_mib": (19, 19), "compared": (10, 20)}, ["Choose 19 MiB, because one"]),
        ({"compared_restore_s": 4.0}, ["19 costs 0.31 USD a month less than 250, which is yours"]),
        ({"compared_restore_s": 4.0, "saves": Decimal(0)}, ["yours costs the same within 1 %"]),
        ({"is_cold": True}, ["because once thawed, one lost file then comes back in 11s"]),
        (
            {"best": (250, 256), "range_mib": (200, 250)},
            ["Choose 200 to 250 MiB with --s3-multipart-chunk-size 256"],
        ),
    ],
)
def test_each_case_says_what_it_is(changes: dict[str, object], says: list[str]) -> None:
    changed: Advice = replace(ADVICE, **changes)  # type: ignore[arg-type]
    told = " ".join(verdict(MANY, changed))
    for text in says:
        assert text in told


def test_when_it_matters_the_money_is_the_reason() -> None:
    told = " ".join(verdict(MANY, replace(ADVICE, matters=True, spread=Decimal(3))))
    assert "because 19 costs 0.31 USD a month less than 250, which is yours" in told
    assert "in 11s instead of 2m03s" in told


def test_one_point_is_no_comparison() -> None:
    (only,) = verdict(tuning((5, 20)), ADVICE)
    assert "nothing to compare" in only


def test_nothing_is_said_where_there_is_nothing() -> None:
    assert asides(replace(ADVICE, step=None, levers=())) == ()


@pytest.mark.parametrize(
    ("seconds", "want"),
    [
        (0.2, "0s"),
        (11.2, "11s"),
        (59.6, "1m00s"),
        (123.1, "2m03s"),
        (3666, "1h01m"),
        (200_000, "2d08h"),
    ],
)
def test_spans(seconds: float, want: str) -> None:
    assert span(seconds) == want


def test_amounts_are_never_a_rounded_nothing() -> None:
    assert amount(Decimal("0.0043"), 2) == "<0.01"
    assert amount(Decimal(0), 2) == "0.00"
    assert amount(Decimal("1234.5"), 2) == "1,234.50"
    assert places(Decimal("0.00031")) == 5
    assert places(Decimal("12")) == places(Decimal(0)) == 2
