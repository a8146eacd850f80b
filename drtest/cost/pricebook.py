"""A price book: one provider's prices by region and storage class, each with its source and date.

Prices are decimal strings for ONE unit (one request, one GB, one GB-month), so that no reader has
to divide by a thousand; ``gb_bytes`` says what the provider calls a GB. What the book does not name
is an error: never zero, never another region's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from drtest.errors import UsageError

FREE = "free"  # the request group that costs nothing
Thaw = Literal["standard", "bulk", "expedited"]


def _only_text(value: object) -> object:
    if not isinstance(value, str | Decimal):
        raise ValueError('write prices as text, "0.023": a JSON number is rounded to binary')
    return value


Price = Annotated[Decimal, BeforeValidator(_only_text), Field(ge=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    # Built when a book is read: most runs read none, and all start with this module.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Source(_Frozen):
    """Where figures were read, and when that source last confirmed them."""

    what: str = Field(min_length=1)
    url: str
    as_of: date | None  # None: given by the user


class Tier(_Frozen):
    """One price up to a quantity in a month, in GB; None: without end."""

    up_to_gb: int | None = Field(gt=0)
    price: Price


class Figures(_Frozen):
    """Prices that share their sources."""

    sources: tuple[str, ...] = Field(min_length=1)


class Tiered(Figures):
    """A price that may fall with the quantity of a month; no tiers: the user must give it."""

    tiers: tuple[Tier, ...]

    @model_validator(mode="after")
    def _ordered(self) -> Tiered:
        ends = [tier.up_to_gb for tier in self.tiers]
        bounded = [end for end in ends if end is not None]
        if ends and (ends[-1] is not None or None in ends[:-1] or bounded != sorted(set(bounded))):
            raise ValueError("tiers rise, and the last has up_to_gb null")
        return self


class RequestPrices(Figures):
    """Prices of one request, by request group."""

    prices: dict[str, Price]


class Retrieval(Figures):
    """Price of one GB that is read."""

    price: Price


class ThawOption(_Frozen):
    """What RestoreObject costs: by request and by GB."""

    request: Price
    gb: Price


class ThawPrices(Figures):
    """A class that must be thawed before it can be read."""

    options: dict[Thaw, ThawOption]


class Minimum(Figures):
    """What is billed at least."""

    object_bytes: int = Field(ge=0)
    days: int = Field(ge=0)
    overhead_bytes: int = Field(default=0, ge=0)  # more for each object, at the class's rate
    overhead_standard_bytes: int = Field(default=0, ge=0)  # more at the bucket class's rate


class Monitoring(Figures):
    """What each object above a size costs a month."""

    price: Price
    over_bytes: int = Field(ge=0)


class StorageClass(_Frozen):
    """All prices of one storage class in one region."""

    storage: Tiered
    requests: RequestPrices
    retrieval: Retrieval | None = None
    thaw: ThawPrices | None = None
    minimum: Minimum | None = None
    monitoring: Monitoring | None = None

    @property
    def figures(self) -> Iterator[tuple[str, Figures]]:
        """What this class has prices for, by name."""
        for name in ("storage", "requests", "retrieval", "thaw", "minimum", "monitoring"):
            found = getattr(self, name)
            if found is not None:
                yield name, found


class Region(_Frozen):
    """One region: egress, and its storage classes."""

    egress: Tiered
    classes: dict[str, StorageClass]


class FreeRequests(_Frozen):
    """Requests of some groups together that are free in each month."""

    groups: tuple[str, ...]
    count: int = Field(gt=0)


class FreeTier(Figures):
    """What an account gets for nothing each month. Off unless it is asked for."""

    storage_gb: Price = Decimal(0)
    egress_gb: Price = Decimal(0)
    egress_times_stored: Price = Decimal(0)
    requests: tuple[FreeRequests, ...] = ()


class Rounding(Figures):
    """What an account's usage of a month is rounded up to; applied with the free tier."""

    gb: Price
    requests: int = Field(gt=0)


class PriceBook(_Frozen):
    """One file of prices."""

    schema_version: Literal[1] = Field(alias="schema")
    provider: str = Field(min_length=1)
    title: str
    currency: str = Field(pattern="^[A-Z]{3}$")
    tax: Literal["excluded", "included"]
    gb_bytes: Literal[1_000_000_000, 1_073_741_824]
    month_days: int = Field(gt=0)
    retrieved: date
    operations: dict[str, str]  # S3 operation -> request group
    bucket_class: str  # whose rates requests to the bucket itself have
    unbilled: dict[str, tuple[str, ...]]  # HTTP status -> S3 error codes, "*" for each; 5xx always
    free_tier: FreeTier | None = None
    rounding: Rounding | None = None
    sources: dict[str, Source]
    regions: dict[str, Region]

    @model_validator(mode="after")
    def _whole(self) -> PriceBook:
        groups = set(self.operations.values()) - {FREE}
        for name, region in self.regions.items():
            if self.bucket_class not in region.classes:
                raise ValueError(f"{name} has no class {self.bucket_class}")
            for cls, one in region.classes.items():
                missing = groups - one.requests.prices.keys()
                surplus = one.requests.prices.keys() - groups
                if missing or surplus:
                    odd = ", ".join(sorted(missing | surplus))
                    raise ValueError(f"{name}/{cls}: request groups do not match: {odd}")
        for where, figures in self._all_figures():
            for source in figures.sources:
                if source not in self.sources:
                    raise ValueError(f"{where}: there is no source {source!r}")
        return self

    def _all_figures(self) -> Iterator[tuple[str, Figures]]:
        for name, region in self.regions.items():
            yield f"{name}/egress", region.egress
            for cls, one in region.classes.items():
                for what, figures in one.figures:
                    yield f"{name}/{cls}/{what}", figures
        for what, found in (("free_tier", self.free_tier), ("rounding", self.rounding)):
            if found is not None:
                yield what, found

    def as_of(self, figures: Figures) -> date | None:
        """Return the newest confirmation of *figures*, None where they are the user's own."""
        dates = [self.sources[name].as_of for name in figures.sources]
        return max((found for found in dates if found is not None), default=None)


def parse(text: str, *, name: str = "price book") -> PriceBook:
    """Return the price book that *text* (JSON) holds; UsageError names every mistake in it."""
    try:
        return PriceBook.model_validate_json(text)
    except ValidationError as problem:
        lines = (
            f"{name}: {'.'.join(map(str, error['loc'])) or 'whole file'}: {error['msg']}"
            for error in problem.errors(include_url=False)
        )
        raise UsageError("\n".join(lines)) from problem


def digest(text: str) -> str:
    """Return what names the text of a price book in a report: blake2b, 16 bytes, hex."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
