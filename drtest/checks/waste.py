"""What is stored, paid for and of no use: objects of no set, uploads that were never ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from drtest.checks.case import Case
from drtest.checks.contents import Contents
from drtest.checks.words import EVIDENCE_PATHS, counted, shown
from drtest.cost.storage import priced_class
from drtest.model.events import OpenUpload, StoredObject
from drtest.model.finding import Finding
from drtest.model.money import figure, money


def check(case: Case, bucket: Contents) -> Iterator[Finding]:
    """Yield what could be deleted, with its price a month where prices are known."""
    yield from _orphans(case, bucket)
    yield from _open_uploads(case, bucket)


def _orphans(case: Case, bucket: Contents) -> Iterator[Finding]:
    keys = sorted(_useless(bucket))
    if not keys:
        return
    size_bytes = sum(bucket.objects[key].size_bytes for key in keys)
    price, priced = _kept(case, [bucket.objects[key] for key in keys])
    more = f", and {counted(len(keys) - 1, 'more object')} likewise" if len(keys) > 1 else ""
    yield Finding(
        code="orphaned-object",
        subject=shown(keys[0]),
        message=f"{shown(keys[0])} belongs to no backup set{more}: {size_bytes:,} bytes{price}.",
        evidence={
            "count": len(keys),
            "keys": [shown(key) for key in keys[:EVIDENCE_PATHS]],
            "size_bytes": size_bytes,
            **priced,
        },
    )


def _useless(bucket: Contents) -> Iterable[str]:
    for key, name in bucket.names.items():
        if name.set is None or name.is_partial:
            yield key
    for one, stored in bucket.sets.items():
        if not stored.volumes and not stored.manifest:
            yield from stored.keys
        read = bucket.read(one)
        if read is not None:
            named = {line.number for line in read.volumes}
            yield from (key for number, key in stored.volumes.items() if number not in named)


def _open_uploads(case: Case, bucket: Contents) -> Iterator[Finding]:
    for one in bucket.uploads:
        price, priced = _kept(case, [one])
        yield Finding(
            code="upload-left-open",
            subject=shown(one.key),
            message=(
                f"An upload of {shown(one.key)} was begun and never ended: "
                f"{one.size_bytes:,} bytes that are billed and in no listing{price}."
            ),
            evidence={
                "key": one.key,
                "upload_id": one.upload_id,
                "size_bytes": one.size_bytes,
                **priced,
            },
        )


def _kept(case: Case, things: Iterable[StoredObject | OpenUpload]) -> tuple[str, dict[str, object]]:
    """Return what keeping *things* costs a month, for a message and as evidence.

    Nothing without prices; with several those of the first ``--prices``, where the backup lies.
    """
    if not case.history.bills:
        return "", {}
    bill = case.history.bills[0]
    rates = {one.storage_class: one for one in bill.rates}
    amount = Decimal(0)
    for one in things:
        match one:
            case StoredObject():
                rate = rates.get(priced_class(one, bill.prices.storage_class))
            case OpenUpload():  # staged at the bucket's own rate, whatever its class will be
                rate = bill.staging
        if rate is None:
            return "", {}
        amount += rate.per_month(one.size_bytes)
    told = f", {money(amount, bill.prices.currency)} a month at {bill.prices.place}"
    return told, {
        "cost_per_month": figure(amount),
        "currency": bill.prices.currency,
        "prices": bill.prices.place,
    }
