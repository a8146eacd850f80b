"""The prices that one bill is computed with: a book, a region, a class, and what the user gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from drtest.cost.override import missing, of_provider, overridden
from drtest.cost.pricebook import FREE, PriceBook, Region, StorageClass, Thaw, ThawOption, digest
from drtest.errors import UsageError
from drtest.model.bill import PriceTag

_EXAMPLES = {"storage": "0.006", "egress": "0.01"}


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

    *text* is what the book was parsed from; *overrides* are the user's own figures, as
    ``drtest.cost.override`` reads them. A word that the book does not know is a UsageError that
    says what there is.
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
    mine = of_provider(overrides, provider)
    for one in mine:
        book, region = overridden(book, region, storage_class, one)
    chosen = region.classes[storage_class]
    if lacking := missing(chosen, region):
        asked = " ".join(f"--price {key}={_EXAMPLES[key]}" for key in lacking)
        raise UsageError(
            f"{where}: give your own figures, of one GB, in {book.currency} unless "
            f"--price currency=EUR says otherwise: {asked}"
        )
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
            overrides=mine,
        ),
    )


def _words(where: str) -> tuple[str, str, str]:
    words = where.split("/")
    match words:
        case [provider, region, storage_class] if all(words):
            return provider, region, storage_class
        case _:
            raise UsageError(f"{where!r}: write provider/region/CLASS, as aws/us-east-1/STANDARD")
