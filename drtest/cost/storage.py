"""What lay in the bucket from when to when, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from drtest.cost.habits import class_of
from drtest.cost.tariff import Tariff
from drtest.cost.terms import Months, ratio, tiered
from drtest.model.bill import BillLine, StorageRate
from drtest.model.events import ChainRecorded, Event, ListingRecorded, StoredObject
from drtest.model.names import parse_name

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One object and the time that it lay in the bucket; an overwritten one is two."""

    key: str
    kind: str  # volume, manifest, signatures, jsonstat, other
    size_bytes: int
    storage_class: str
    since: datetime
    until: datetime | None  # None: it is still there


def stays(events: Iterable[Event], *, storage_class: str) -> tuple[Stay, ...]:
    """Return the stays that the listings of *events* show.

    Their class is that of ``priced_class``.
    """
    here: dict[str, Stay] = {}
    gone: list[Stay] = []

    def end(key: str, at: datetime) -> None:
        before = here.pop(key, None)
        if before is not None:
            gone.append(
                Stay(
                    key=key,
                    kind=before.kind,
                    size_bytes=before.size_bytes,
                    storage_class=before.storage_class,
                    since=before.since,
                    until=at,
                )
            )

    for event in events:
        if not isinstance(event, ListingRecorded):
            continue
        for key in event.removed:
            end(key, event.at)
        for one in event.added:
            end(one.key, event.at)
            kind = parse_name(one.key).kind
            here[one.key] = Stay(
                key=one.key,
                kind=kind,
                size_bytes=one.size_bytes,
                storage_class=priced_class(one, storage_class),
                since=event.at,
                until=None,
            )
    return (*gone, *here.values())


def priced_class(stored: StoredObject, asked: str) -> str:
    """Return the class that *stored* is priced in: the one that the store gave it.

    Where that is STANDARD, which a test store says of everything, it is what duplicity would have
    stored it in if *asked* were asked for.
    """
    if stored.storage_class != "STANDARD":
        return stored.storage_class
    return class_of(parse_name(stored.key).kind, asked)


@dataclass(slots=True, kw_only=True)
class Storage:
    """GB-months by month and class, and what a provider's minimums add to them."""

    stored: dict[tuple[int, str], Decimal] = field(default_factory=dict)
    padding: dict[str, Decimal] = field(default_factory=dict)  # up to the minimum size
    overhead: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # of, billed as
    early: dict[str, Decimal] = field(default_factory=dict)
    monitored: dict[str, Decimal] = field(default_factory=dict)  # object-months
    unfinished: Decimal = Decimal(0)  # GB-months of parts whose upload was not ended

    def in_month(self, month: int) -> Decimal:
        """Return the GB-months of all classes in one month, as they lay there."""
        return sum((gb for (number, _), gb in self.stored.items() if number == month), Decimal(0))


def measure(found: Iterable[Stay], tariff: Tariff, months: Months) -> Storage:
    """Return what *found* adds up to; a class that the tariff lacks is a UsageError."""
    storage = Storage()
    gb_bytes, month = Decimal(tariff.book.gb_bytes), timedelta(days=months.days)
    for stay in found:
        cls = stay.storage_class
        prices, minimum = tariff.of(cls), tariff.of(cls).minimum
        until = stay.until or months.end_at
        parts = months.within(stay.since, until)
        total = sum((part for _, part in parts), Decimal(0))
        gb = Decimal(stay.size_bytes) / gb_bytes
        for number, part in parts:
            _bump(storage.stored, (number, cls), gb * part)
        if prices.monitoring is not None and stay.size_bytes > prices.monitoring.over_bytes:
            _bump(storage.monitored, cls, total)
        if minimum is None:
            continue
        padding = Decimal(max(0, minimum.object_bytes - stay.size_bytes)) / gb_bytes
        _bump(storage.padding, cls, padding * total)
        for billed_as, more_bytes in (
            (cls, minimum.overhead_bytes),
            (tariff.book.bucket_class, minimum.overhead_standard_bytes),
        ):
            _bump(storage.overhead, (cls, billed_as), more_bytes / gb_bytes * total)
        short = timedelta(days=minimum.days) - (until - stay.since)
        if stay.until is not None and short > timedelta(0):
            whole = gb + padding + minimum.overhead_bytes / gb_bytes
            _bump(storage.early, cls, whole * ratio(short, month))
    return storage


def unfinished(looks: Iterable[ChainRecorded], tariff: Tariff, months: Months) -> Decimal:
    """Return the GB-months of parts that lay there between the *looks*, and after the last."""
    seen = list(looks)
    total = Decimal(0)
    for number, one in enumerate(seen, start=1):
        end = seen[number].at if number < len(seen) else months.end_at
        size_bytes = sum(upload.size_bytes for upload in one.uploads)
        part = sum((part for _, part in months.within(one.at, end)), Decimal(0))
        total += Decimal(size_bytes) / tariff.book.gb_bytes * part
    return total


def rate(storage_class: str, tariff: Tariff) -> StorageRate:
    """Return what an object of a class costs a month, with its minimum and its overhead."""
    prices, gb_bytes = tariff.of(storage_class), tariff.book.gb_bytes
    price, least = _first_price(storage_class, tariff), prices.minimum
    overhead = Decimal(0)
    if least is not None:
        standard = _first_price(tariff.book.bucket_class, tariff)
        overhead = least.overhead_bytes * price + least.overhead_standard_bytes * standard
    return StorageRate(
        storage_class=storage_class,
        gb_bytes=gb_bytes,
        price=price,
        object_bytes=0 if least is None else least.object_bytes,
        overhead=overhead / gb_bytes,
    )


def staging(tariff: Tariff) -> StorageRate:
    """Return what parts cost until their upload is ended: the bucket class's rate (s3-cost 1.1)."""
    return StorageRate(
        storage_class=tariff.book.bucket_class,
        gb_bytes=tariff.book.gb_bytes,
        price=_first_price(tariff.book.bucket_class, tariff),
    )


def _first_price(storage_class: str, tariff: Tariff) -> Decimal:
    tiers = tariff.of(storage_class).storage.tiers
    return tiers[0].price if tiers else Decimal(0)


def lines(storage: Storage, tariff: Tariff) -> Iterator[BillLine]:
    """Yield what *storage* costs, a line for each class and each of the provider's rules."""
    classes = dict.fromkeys(cls for _, cls in storage.stored)
    for cls in classes:
        tiers = tariff.of(cls).storage.tiers
        by_month = [gb for (_, name), gb in storage.stored.items() if name == cls]
        amount = sum((tiered(gb, tiers) for gb in by_month), Decimal(0))
        yield _line("storage", "GB-month", cls, sum(by_month, Decimal(0)), amount)
    for what, quantities in (
        ("minimum size", storage.padding),
        ("early deletion", storage.early),
    ):
        for cls, gb in quantities.items():
            yield _line(what, "GB-month", cls, gb, gb * tariff.of(cls).storage.tiers[0].price)
    for (cls, billed_as), gb in storage.overhead.items():
        price = tariff.of(billed_as).storage.tiers[0].price
        yield _line("overhead", f"GB-month at {billed_as}", cls, gb, gb * price)
    for cls, objects in storage.monitored.items():
        monitoring = tariff.of(cls).monitoring
        if monitoring is not None:
            amount = objects * monitoring.price
            yield _line("monitoring", "object-month", cls, objects, amount)
    if storage.unfinished:
        cls, amount = tariff.book.bucket_class, storage.unfinished * staging(tariff).price
        yield _line("unfinished uploads", "GB-month", cls, storage.unfinished, amount)


def _line(what: str, item: str, cls: str, quantity: Decimal, amount: Decimal) -> BillLine:
    return BillLine(
        what=what,
        phase="",
        item=item,
        storage_class=cls,
        quantity=quantity,
        unit=item.partition(" ")[0],
        price=amount / quantity if quantity else Decimal(0),
        amount=amount,
    )


def _bump(counts: dict[K, Decimal], key: K, by: Decimal) -> None:
    if by:
        counts[key] = counts.get(key, Decimal(0)) + by
