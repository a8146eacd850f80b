"""Calendars, listings and requests in a few words, and their bill: for bills made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from drtest.cost.bill import bill
from drtest.cost.tariff import Tariff
from drtest.cost.terms import Terms
from drtest.model.bill import Bill
from drtest.model.events import ListingRecorded, StoredObject
from drtest.model.scenario import (
    DEFAULT_START,
    Backup,
    DatedStep,
    LiteralFile,
    Scenario,
    Wait,
)
from drtest.model.traffic import Alike, is_read
from support.prices import tariff

GIB = 2**30
DAY = timedelta(days=1)
T = DEFAULT_START
VOLUME = "duplicity-full.20260101T030000Z.vol1.difftar.gz"
MANIFEST = "duplicity-full.20260101T030000Z.manifest"
SIGNATURES = "duplicity-full-signatures.20260101T030000Z.sigtar.gz"


def days(number: float) -> Scenario:
    return Scenario(
        name="x",
        why="y",
        source=(LiteralFile(path="/a", content="a"),),
        steps=(
            DatedStep(index=1, at=T, step=Backup()),
            DatedStep(index=2, at=T, step=Wait(by=number * DAY)),
        ),
    )


def nights(number: int) -> Scenario:
    """So many backups, a day between each two."""
    steps = tuple(
        DatedStep(index=index + 1, at=T + index * DAY, step=Backup()) for index in range(number)
    )
    return Scenario(name="x", why="y", source=(LiteralFile(path="/a", content="a"),), steps=steps)


def listing(
    at: datetime, added: dict[str, int] | None = None, removed: Iterable[str] = ()
) -> ListingRecorded:
    objects = [StoredObject(key=key, size_bytes=size) for key, size in (added or {}).items()]
    return ListingRecorded(index=1, at=at, added=tuple(objects), removed=tuple(removed))


def request(
    operation: str,
    *,
    kind: str = "volume",
    status: int | None = 200,
    error: str = "",
    out: int = 0,
    step: str = "1",
    phase: str = "full",
    at: datetime = T,
    answered_by: Literal["store", "gateway"] = "store",
    key: str = "k",
) -> Alike:
    read = {key} if is_read(operation, status) else set()
    return Alike(
        step=step,
        phase=phase,
        simulated_at=at.isoformat(),
        operation=operation,
        kind=kind,
        status=status,
        error_code=error,
        outcome="ok",
        meant_for=answered_by,
        count=1,
        body_in_bytes=0,
        body_out_bytes=out,
        read_keys=frozenset(read),
    )


def price(
    where: str,
    *,
    length_days: float = 30,
    listings: Iterable[ListingRecorded] = (),
    requests: Iterable[Alike] = (),
    terms: Terms | None = None,
    using: Tariff | None = None,
) -> Bill:
    return bill(
        days(length_days), listings, requests, using or tariff(where), terms=terms or Terms()
    )


AWS = "aws/us-east-1/"
