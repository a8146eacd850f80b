"""Budgets of money as a scenario file writes them. Pure; ValueError is for the user."""

from __future__ import annotations

import re
from decimal import Decimal

from drtest.model.money import Budget, Money, OfBaseline

_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,6})?"
_MONEY = re.compile(rf"({_NUMBER}) ?([A-Z]{{3}})", re.ASCII)
_SHARE = re.compile(rf"({_NUMBER}) ?% of baseline", re.ASCII)
SCHEMA = f"^{_NUMBER} ?([A-Z]{{3}}|% of baseline)$"
BUDGETS = "allowed: 8 USD, 0.50 EUR, or 110% of baseline (the run that --baseline names)"
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}


def parse_budget(text: str) -> Budget:
    """Return what ``8 USD`` or ``110% of baseline`` means."""
    if found := _MONEY.fullmatch(text):
        return Money(amount=Decimal(found[1]), currency=found[2])
    if found := _SHARE.fullmatch(text):
        percent = Decimal(found[1])
        if percent <= 0:
            raise ValueError(f"a share of nothing; {BUDGETS}")
        return OfBaseline(percent=percent)
    near = _nearest(text.strip())
    raise ValueError(f"write {near}; {BUDGETS}" if near else BUDGETS)


def _nearest(text: str) -> str:
    """Return what was probably meant by a common spelling: ``$8``, ``8 usd``, ``+10%``, ``8``."""
    bare = re.sub(r"(?<=[0-9]),(?=[0-9]{1,2}\b)", ".", text)
    if found := re.fullmatch(rf"([+-]?)({_NUMBER}) ?%.*", bare, re.ASCII):
        percent = Decimal(found[2])
        if found[1]:
            percent = 100 + percent if found[1] == "+" else 100 - percent
        return f"{percent:f}% of baseline" if percent > 0 else ""
    for sign, currency in _SIGNS.items():
        if sign in bare:
            bare = f"{bare.replace(sign, '').strip()} {currency}"
    if found := re.fullmatch(rf"({_NUMBER}) ?([A-Za-z]{{3}})", bare, re.ASCII):
        return f"{found[1]} {found[2].upper()}"
    if found := re.fullmatch(rf"([A-Za-z]{{3}}) ?({_NUMBER})", bare, re.ASCII):
        return f"{found[2]} {found[1].upper()}"
    if found := re.fullmatch(_NUMBER, bare, re.ASCII):
        return f"{found[0]} USD, or whatever its currency is"
    return ""
