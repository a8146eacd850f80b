"""Money: amounts, the budgets of a promise, and how both are spelt.

Amounts are ``Decimal`` and are not rounded before they are shown; a currency is never converted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_LEAST = Decimal("0.01")
_FIGURES = Context(prec=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in the currency of a price book: ``8 USD``."""

    amount: Decimal
    currency: str  # ISO 4217

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount < 0:
            raise ValueError("an amount is not negative")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError("a currency is three capital letters, such as USD")

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfBaseline:
    """A share of what a stored run came to: ``110% of baseline``."""

    percent: Decimal

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or self.percent <= 0:
            raise ValueError("a share of the baseline is more than nothing")

    def __str__(self) -> str:
        return f"{self.percent:f}% of baseline"


Budget = Money | OfBaseline


def money(amount: Decimal | None, currency: str) -> str:
    """Return ``6.05 USD``; below a cent two figures (``0.00031 USD``): it is not nothing."""
    if amount is None:
        return "unknown"
    if amount == 0:
        return f"0 {currency}"
    if abs(amount) >= _LEAST:
        return f"{amount:,.2f} {currency}"
    places = 1 - amount.adjusted()
    return f"{amount:.{places}f} {currency}"


def figure(amount: Decimal) -> str:
    """Return *amount* as plain decimal text of six figures: for evidence, beside its currency."""
    return format(_FIGURES.plus(amount).normalize(), "f")
