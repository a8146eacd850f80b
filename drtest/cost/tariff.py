"""The prices that one bill is computed with: a book, a region, a class, and what the user gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from drtest.cost.pricebook import (
    FREE,
    Minimum,
    PriceBook,
    Region,
    RequestPrices,
    Retrieval,
    Source,
    StorageClass,
    Thaw,
    ThawOption,
    Tier,
    Tiered,
    digest,
)
from drtest.errors import UsageError
from drtest.model.bill import PriceTag

GIVEN = "given"  # the source of what the user gave with --price


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The prices of one provider, region and storage class, with what the user overrode."""

    book: PriceBook
    region: Region
    tag: PriceTag

    def of(self, storage_class: str) -> StorageClass:
        """Return the prices of a class in this region; UsageError where the book has none."""
        try:
            return self.region.classes[storage_class]
        except KeyError:
            raise UsageError(
                f"{self.tag.provider}/{self.tag.region} has no prices for class {storage_class}; "
                f"it has {', '.join(self.region.classes)}"
            ) from None

    def request_price(self, operation: str, storage_class: str) -> Decimal:
        """Return the price of one request; UsageError for an operation that the book lacks."""
        group = self.book.operations.get(operation)
        if group is None:
            raise UsageError(f"{self.tag.provider} has no request class for {operation}")
        return Decimal(0) if group == FREE else self.of(storage_class).requests.prices[group]


def thaw_option(tariff: Tariff, storage_class: str, thaw: Thaw) -> ThawOption:
    """Return what *thaw* costs in a class; UsageError where the class does not offer it."""
    prices = tariff.of(storage_class).thaw
    option = prices.options.get(thaw) if prices is not None else None
    if option is None:
        raise UsageError(f"{storage_class} has no {thaw} thaw at {tariff.tag.provider}")
    return option


def select(book: PriceBook, where: str, *, text: str, overrides: Sequence[str] = ()) -> Tariff:
    """Return the tariff that *where*, ``provider/region/CLASS``, names in *book*.

    *text* is what the book was parsed from; *overrides* are the user's ``KEY=VALUE``: storage,
    egress, retrieval, a request group (put, part, complete, list, get), min-days, min-bytes, gb.
    A word that the book does not know is a UsageError that says what there is.
    """
    provider, region_name, storage_class = _words(where)
    if provider != book.provider:
        raise UsageError(f"{where}: this is the price book of {book.provider}")
    region = book.regions.get(region_name)
    if region is None:
        raise UsageError(
            f"{where}: {provider} has no prices for {region_name}; it has {', '.join(book.regions)}"
        )
    if storage_class not in region.classes:
        raise UsageError(
            f"{where}: {provider}/{region_name} has no class {storage_class}; "
            f"it has {', '.join(region.classes)}"
        )
    for one in overrides:
        book, region = _overridden(book, region, storage_class, one)
    chosen = region.classes[storage_class]
    for what, tiered in (("storage", chosen.storage), ("egress", region.egress)):
        if not tiered.tiers:
            raise UsageError(f"{where}: give your own figure: --price {what}=0.005 (of one GB)")
    return Tariff(
        book=book,
        region=region,
        tag=PriceTag(
            provider=provider,
            region=region_name,
            storage_class=storage_class,
            currency=book.currency,
            as_of=max(
                filter(None, (book.as_of(chosen.storage), book.as_of(chosen.requests))),
                default=None,
            ),
            retrieved=book.retrieved,
            digest=digest(text),
            overrides=tuple(overrides),
        ),
    )


def _words(where: str) -> tuple[str, str, str]:
    words = where.split("/")
    match words:
        case [provider, region, storage_class] if all(words):
            return provider, region, storage_class
        case _:
            raise UsageError(f"{where!r}: write provider/region/CLASS, as aws/us-east-1/STANDARD")


def _overridden(
    book: PriceBook, region: Region, storage_class: str, override: str
) -> tuple[PriceBook, Region]:
    key, has_value, value = override.partition("=")
    if not has_value:
        raise UsageError(f"--price {override}: write KEY=VALUE, as storage=0.006")
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise UsageError(f"--price {override}: {value!r} is not a number") from None
    if not number.is_finite() or number < 0:
        raise UsageError(f"--price {override}: a price is not negative")
    chosen, given = region.classes[storage_class], (GIVEN,)
    book = book.model_copy(
        update={"sources": {**book.sources, GIVEN: Source(what="--price", url="", as_of=None)}}
    )
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
            old = chosen.minimum or Minimum(object_bytes=0, days=0, sources=given)
            field = "days" if key == "min-days" else "object_bytes"
            more["minimum"] = old.model_copy(update={field: int(number)})
        case _ if key in chosen.requests.prices:
            prices = {**chosen.requests.prices, key: number}
            sources = (*chosen.requests.sources, GIVEN)
            more["requests"] = RequestPrices(prices=prices, sources=sources)
        case _:
            known = ["storage", "egress", "retrieval", "gb", "min-days", "min-bytes"]
            known += chosen.requests.prices
            raise UsageError(f"--price {override}: {key!r} is none of {', '.join(known)}")
    classes = {**region.classes, storage_class: chosen.model_copy(update=more)}
    return book, region.model_copy(update={"classes": classes})
