"""The shipped price books, read as the api reads them."""

from __future__ import annotations

from importlib.resources import files

from drtest.cost.pricebook import PriceBook, parse
from drtest.cost.tariff import Tariff, select


def text(provider: str) -> str:
    return files("drtest.cost").joinpath("prices", f"{provider}.json").read_text("utf-8")


def book(provider: str) -> PriceBook:
    return parse(text(provider), name=provider)


def tariff(where: str, *overrides: str) -> Tariff:
    provider = where.partition("/")[0]
    return select(book(provider), where, text=text(provider), overrides=overrides)
