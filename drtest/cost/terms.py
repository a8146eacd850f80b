"""What a bill supposes beside its prices, and the calendar cut into the provider's months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from drtest.cost.pricebook import Thaw, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the account is used. Reports print what differs from the default."""

    free_tiers: bool = False  # and what the provider rounds an account's usage up to
    internet: bool = True  # False: restored within the region, so that egress costs nothing
    thaw: Thaw = "standard"
    thaw_days: int = 1  # how long thawed copies are kept, at the bucket class's rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """The calendar from its first instant to its last, in months as the provider bills them."""

    start_at: datetime
    end_at: datetime
    days: int  # of one month

    def __post_init__(self) -> None:
        if self.end_at < self.start_at:
            raise ValueError("a calendar does not end before it starts")

    @property
    def count(self) -> int:
        """How many months were begun, at least one."""
        return max(1, -(-(self.end_at - self.start_at) // timedelta(days=self.days)))

    def number(self, instant: datetime) -> int:
        """Return which month *instant* is in; what is outside the calendar counts at its ends."""
        month = (instant - self.start_at) // timedelta(days=self.days)
        return min(max(month, 0), self.count - 1)

    def within(self, since: datetime, until: datetime) -> list[tuple[int, Decimal]]:
        """Return (month, part of it) for the time from *since* to *until*."""
        parts: list[tuple[int, Decimal]] = []
        length = timedelta(days=self.days)
        since, until = max(since, self.start_at), min(until, self.end_at)
        while since < until:
            month = (since - self.start_at) // length
            end = min(until, self.start_at + (month + 1) * length)
            parts.append((month, ratio(end - since, length)))
            since = end
        return parts


def ratio(part: timedelta, whole: timedelta) -> Decimal:
    """Return *part* over *whole*, exactly to the microsecond."""
    micro = timedelta(microseconds=1)
    return Decimal(part // micro) / Decimal(whole // micro)


def tiered(quantity: Decimal, tiers: tuple[Tier, ...]) -> Decimal:
    """Return the price of a month's *quantity*: each tier's price for the part that is in it."""
    amount, below = Decimal(0), Decimal(0)
    for tier in tiers:
        end = quantity if tier.up_to_gb is None else min(quantity, Decimal(tier.up_to_gb))
        if end > below:
            amount += (end - below) * tier.price
            below = end
    return amount
