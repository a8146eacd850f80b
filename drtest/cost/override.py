"""The user's own figures: ``--price KEY=VALUE``, or ``PROVIDER:KEY=VALUE`` beside others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from drtest.cost.pricebook import (
    Minimum,
    PriceBook,
    Region,
    RequestPrices,
    Retrieval,
    Source,
    StorageClass,
    Tier,
    Tiered,
)
from drtest.errors import UsageError

GIVEN = "given"  # the source of what the user gave with --price
KEYS = ("storage", "egress", "retrieval", "gb", "min-days", "min-bytes", "currency")
_CURRENCY = re.compile("[A-Z]{3}", re.ASCII)


def of_provider(overrides: Iterable[str], provider: str) -> tuple[str, ...]:
    """Return those *overrides* that are for *provider*, without its name."""
    found = []
    for one in overrides:
        owner, has_owner, rest = one.partition(":")
        if not has_owner:
            found.append(one)
        elif owner == provider:
            found.append(rest)
    return tuple(found)


def check_owners(overrides: Iterable[str], providers: Sequence[str]) -> None:
    """Refuse what would correct two providers at once, or none that is asked for."""
    for one in overrides:
        owner, has_owner, _ = one.partition(":")
        if has_owner and owner not in providers:
            raise UsageError(
                f"--price {one}: no --prices is of {owner}, but of {', '.join(providers)}"
            )
        if not has_owner and len(providers) > 1:
            choices = " or ".join(f"{provider}:{one}" for provider in providers)
            raise UsageError(f"--price {one}: say whose figure it is: {choices}")


def overridden(
    book: PriceBook, region: Region, storage_class: str, override: str
) -> tuple[PriceBook, Region]:
    """Return *book* and *region* with one figure of the user's in the place of theirs.

    Keys are ``KEYS`` and the book's request groups. UsageError for anything else, and for a
    currency where the book has figures of its own: they would be relabelled, not converted.
    """
    key, has_value, value = override.partition("=")
    if not has_value:
        raise UsageError(f"--price {override}: write KEY=VALUE, as storage=0.006")
    book = book.model_copy(
        update={"sources": {**book.sources, GIVEN: Source(what="--price", url="", as_of=None)}}
    )
    if key == "currency":
        return _in_currency(book, override, value), region
    number = _number(override, value)
    chosen, given = region.classes[storage_class], (GIVEN,)
    tiers = (Tier(up_to_gb=None, price=number),)
    more: dict[str, object] = {}
    match key:
        case "egress":
            egress = Tiered(tiers=tiers, sources=given)
            return book, region.model_copy(update={"egress": egress})
        case "gb":
            if number not in (10**9, 2**30):
                raise UsageError(f"--price {override}: a GB has 1000000000 or 1073741824 bytes")
            return book.model_copy(update={"gb_bytes": int(number)}), region
        case "storage":
            more["storage"] = Tiered(tiers=tiers, sources=given)
        case "retrieval":
            more["retrieval"] = Retrieval(price=number, sources=given)
        case "min-days" | "min-bytes":
            if number != int(number):
                raise UsageError(f"--price {override}: {key} is a whole number")
            old = chosen.minimum or Minimum(object_bytes=0, days=0, sources=given)
            field = "days" if key == "min-days" else "object_bytes"
            more["minimum"] = old.model_copy(update={field: int(number)})
        case _ if key in chosen.requests.prices:
            prices = {**chosen.requests.prices, key: number}
            sources = (*chosen.requests.sources, GIVEN)
            more["requests"] = RequestPrices(prices=prices, sources=sources)
        case _:
            known = ", ".join((*KEYS, *chosen.requests.prices))
            raise UsageError(f"--price {override}: {key!r} is none of {known}")
    classes = {**region.classes, storage_class: chosen.model_copy(update=more)}
    return book, region.model_copy(update={"classes": classes})


def missing(chosen: StorageClass, region: Region) -> tuple[str, ...]:
    """Return the keys that the user must still give: the book has no figure for them."""
    figures = {"storage": chosen.storage, "egress": region.egress}
    return tuple(key for key, tiered in figures.items() if not tiered.tiers)


def _number(override: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except ArithmeticError:
        near = re.fullmatch(r"\D*([0-9]+)[.,]?([0-9]*)\D*", value, re.ASCII)
        hint = f"; write {near[1]}{'.' if near[2] else ''}{near[2]}" if near else ""
        raise UsageError(f"--price {override}: {value!r} is not a number{hint}") from None
    if not number.is_finite() or number < 0:
        raise UsageError(f"--price {override}: a price is not negative")
    return number


def _in_currency(book: PriceBook, override: str, value: str) -> PriceBook:
    if not _CURRENCY.fullmatch(value):
        raise UsageError(f"--price {override}: a currency is three capital letters, as EUR")
    own = any(source.as_of is not None for source in book.sources.values())
    if own and value != book.currency:
        raise UsageError(
            f"--price {override}: the figures of {book.provider} are in {book.currency}, and "
            "nothing is converted; write a price book of your own"
        )
    return book.model_copy(update={"currency": value})
