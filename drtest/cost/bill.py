"""The bill of a scenario: every request and every stored byte, priced. Pure; computed once.

A provider bills an account by the month, so tiers, allowances and rounding are applied to each
month of the calendar (counted from its start). The lines show list prices; what an account gets
for nothing, and what it is rounded up to, stands in lines of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from drtest.cost import storage as stored
from drtest.cost import usage as metered
from drtest.cost.allowance import allowances
from drtest.cost.forecast import restore_cost
from drtest.cost.projection import restore_seen
from drtest.cost.seen import bucket
from drtest.cost.tariff import Tariff, thaw_option
from drtest.cost.terms import Months, Terms, ratio, tiered
from drtest.cost.usage import ReadKind, Usage
from drtest.model.bill import Bill, BillLine
from drtest.model.events import ChainRecorded, Event, ListingRecorded
from drtest.model.scenario import Scenario
from drtest.model.traffic import Alike

DEFAULT_TERMS = Terms()
Stepped = tuple[str, BillLine]  # the restore that a line belongs to, "" for none


def bill(
    scenario: Scenario,
    events: Iterable[Event],
    requests: Iterable[Alike],
    tariff: Tariff,
    *,
    terms: Terms = DEFAULT_TERMS,
) -> Bill:
    """Return what *scenario* costs with *tariff*, from its listings and the sums of its requests.

    An operation or class without a price is a UsageError.
    """
    months = Months(
        start_at=scenario.steps[0].at, end_at=scenario.end_at, days=tariff.book.month_days
    )
    seen = [event for event in events if isinstance(event, ListingRecorded | ChainRecorded)]
    history = [event for event in seen if isinstance(event, ListingRecorded)]
    found = stored.stays(history, storage_class=tariff.tag.storage_class)
    storage = stored.measure(found, tariff, months)
    uploads = [event for event in seen if isinstance(event, ChainRecorded)]
    storage.unfinished = stored.unfinished(uploads, tariff, months)
    usage = metered.measure(
        requests, tariff, months, classes={one.kind: one.storage_class for one in found}
    )
    stepped = [*_requests(usage, tariff), *_reads(usage, tariff, terms)]
    restores: dict[str, Decimal] = {}
    for step, line in stepped:
        if step:
            restores[step] = restores.get(step, Decimal(0)) + line.amount
    lines = [*_merged(line for _, line in stepped), *stored.lines(storage, tariff)]
    if terms.free_tiers:
        lines += allowances(usage, storage, tariff, months, internet=terms.internet)
    one_file, everything, size_bytes = _restores(history, tariff, terms)
    backups = scenario.backups_stand_for
    return Bill(
        prices=tariff.tag,
        lines=tuple(lines),
        days=ratio(scenario.end_at - scenario.steps[0].at, timedelta(days=1)),
        backup_days=None if backups is None else ratio(backups, timedelta(days=1)),
        free_tiers=terms.free_tiers,
        unbilled=usage.unbilled,
        restores=restores,
        restore_one_file=one_file,
        restore_everything=everything,
        restore_everything_bytes=size_bytes,
        rates=tuple(stored.rate(name, tariff) for name in tariff.region.classes),
        staging=stored.staging(tariff),
    )


def _restores(
    history: Iterable[Event], tariff: Tariff, terms: Terms
) -> tuple[Decimal | None, Decimal | None, int | None]:
    """What the newest chain costs to restore: one file that is in every set's range, and all.

    Then the bytes that all of it is, signatures and manifests included.
    """
    left = bucket(history)
    sets = left.newest_chain
    if not sets:
        return None, None, None
    one_volume: list[int | None] = [1] * len(sets)
    all_volumes: list[int | None] = [None] * len(sets)
    asked = [
        restore_seen(sets, keys=left.keys, volumes=volumes) for volumes in (one_volume, all_volumes)
    ]
    one_file, everything = (
        restore_cost(one, tariff, internet=terms.internet, thaw=terms.thaw) for one in asked
    )
    return one_file, everything, int(asked[1].read_bytes + asked[1].metadata_bytes)


def _requests(usage: Usage, tariff: Tariff) -> Iterator[Stepped]:
    for kind, number in usage.requests.items():
        price = tariff.request_price(kind.operation, kind.storage_class)
        failed = "" if kind.status is None else f" ({kind.status})"
        item, where = kind.operation + failed, (kind.phase, kind.storage_class)
        yield (
            kind.step,
            _line("requests", where, item, quantity=Decimal(number), amount=price * number),
        )


def _reads(usage: Usage, tariff: Tariff, terms: Terms) -> Iterator[Stepped]:
    """Egress, retrieval and thaw, by what was read."""
    gb_bytes = Decimal(tariff.book.gb_bytes)
    means = _egress_means(usage, tariff)
    for read, size_bytes in usage.sent_bytes.items():
        if terms.internet and size_bytes:
            gb, where = size_bytes / gb_bytes, (read.phase, read.storage_class)
            amount = gb * means[read.month]
            yield read.step, _line("egress", where, "GB", quantity=gb, amount=amount)
    for read, size_bytes in usage.read_bytes.items():
        prices, gb = tariff.of(read.storage_class), size_bytes / gb_bytes
        where = (read.phase, read.storage_class)
        if prices.retrieval is not None:
            amount = gb * prices.retrieval.price
            yield read.step, _line("retrieval", where, "GB", quantity=gb, amount=amount)
        if prices.thaw is not None:
            for line in _thaw(read, len(usage.thawed[read]), gb, tariff, terms):
                yield read.step, line


def _thaw(
    read: ReadKind, objects: int, gb: Decimal, tariff: Tariff, terms: Terms
) -> Iterator[BillLine]:
    """RestoreObject for each object, which duplicity never asks for; then copies that are kept."""
    option = thaw_option(tariff, read.storage_class, terms.thaw)
    where = (read.phase, read.storage_class)
    kept = gb * terms.thaw_days / tariff.book.month_days
    rate = tariff.of(tariff.book.bucket_class).storage.tiers[0].price
    for item, quantity, price in (
        (f"RestoreObject, {terms.thaw}", Decimal(objects), option.request),
        ("GB", gb, option.gb),
        ("GB-month of copies", kept, rate),
    ):
        yield _line("thaw", where, item, quantity=quantity, amount=quantity * price)


def _egress_means(usage: Usage, tariff: Tariff) -> dict[int, Decimal]:
    """The mean price of one GB sent out, by month: tiers are of the whole month."""
    sent: dict[int, int] = {}
    for read, size_bytes in usage.sent_bytes.items():
        sent[read.month] = sent.get(read.month, 0) + size_bytes
    return {
        month: tiered(gb, tariff.region.egress.tiers) / gb
        for month, gb in ((month, Decimal(n) / tariff.book.gb_bytes) for month, n in sent.items())
        if gb
    }


def _line(
    what: str, where: tuple[str, str], item: str, *, quantity: Decimal, amount: Decimal
) -> BillLine:
    """*where* is phase and storage class."""
    phase, storage_class = where
    return BillLine(
        what=what,
        phase=phase,
        item=item,
        storage_class=storage_class,
        quantity=quantity,
        unit=item.partition(" ")[0] if item.startswith("GB") else "request",
        price=amount / quantity if quantity else Decimal(0),
        amount=amount,
    )


def _merged(lines: Iterable[BillLine]) -> Iterator[BillLine]:
    """Lines of the same thing added up: over months and restores."""
    whole: dict[tuple[str, str, str, str], BillLine] = {}
    for line in lines:
        key = (line.what, line.phase, line.item, line.storage_class)
        before = whole.get(key)
        if before is None:
            whole[key] = line
            continue
        quantity, amount = before.quantity + line.quantity, before.amount + line.amount
        price = amount / quantity if quantity else Decimal(0)
        whole[key] = replace(before, quantity=quantity, amount=amount, price=price)
    yield from whole.values()
