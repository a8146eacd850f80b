"""Reads the bills of a stored run out of its run.json, as a baseline for another run."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from drtest.errors import DrtestError
from drtest.model.baseline import Baseline, PastBill, PastScenario
from drtest.model.bill import PriceTag
from drtest.report import codec

# What a scenario says that did not come to its end.
_BROKEN_OFF = frozenset(
    {
        "interrupted",
        "drtest-broke",
        "tool-missing",
        "store-failed",
        "gateway-failed",
        "capability-missing",
        "environment-unfit",
        "out-of-space",
        "time-limit-reached",
    }
)


def baseline(document: Mapping[str, Any], *, run: str) -> Baseline:
    """Return what the run.json in *document* says of money; DrtestError where it is none.

    *run* is what messages call that run.
    """
    try:
        scenarios = tuple(_scenario(one) for one in document["scenarios"])
    except (KeyError, TypeError, InvalidOperation) as problem:
        raise DrtestError(f"its run.json is not one that drtest wrote: {problem!r}") from problem
    return Baseline(run=run, scenarios=scenarios)


def _scenario(found: Mapping[str, Any]) -> PastScenario:
    codes = {one["code"] for one in found["findings"]}
    return PastScenario(
        name=found["name"],
        store=found["store"].partition(" ")[0],
        is_whole=not codes & _BROKEN_OFF,
        bills=tuple(
            PastBill(
                prices=codec.build(PriceTag, one["prices"]),
                per_month=_money(one["per_month"]),
                restore_everything=_money(one["restore_everything"]),
            )
            for one in found["cost"]
        ),
    )


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
