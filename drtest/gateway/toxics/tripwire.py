"""Holds one exchange until drtest has done what it wanted to do meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from drtest.gateway.exchange import Exchange
from drtest.gateway.rules import Answer, Rule
from drtest.model.toxic import Point

Trip = Callable[[Exchange], Awaitable[None]]


class Tripwires:
    """The exchanges of one gateway that are held now. *tell* reports each one to drtest."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._numbers = itertools.count(1)
        self._held: dict[int, asyncio.Event] = {}

    async def trip(self, exchange: Exchange, *, channel: int, rule: int) -> None:
        """Report on *channel* that *rule* holds *exchange*; return once it is released."""
        number = next(self._numbers)
        released = self._held[number] = asyncio.Event()
        self._tell(
            {
                "trip": number,
                "channel": channel,
                "rule": rule,
                "operation": exchange.target.operation,
                "key": exchange.target.key,
                "attempt": exchange.attempt,
            }
        )
        try:
            await released.wait()
        finally:
            self._held.pop(number, None)

    def release(self, number: int) -> None:
        """Let a held exchange go on; one that is gone already is fine."""
        held = self._held.get(number)
        if held is not None:
            held.set()


class Tripwire(Rule):
    """Holds each exchange that it is given once, at one point."""

    name = "hold"

    def __init__(self, *, trip: Trip, at: Point = "head") -> None:
        self._trip = trip
        self._at = at
        self._tripped: set[int] = set()

    async def at_head(self, exchange: Exchange) -> Answer | None:
        """Hold before anything is forwarded."""
        if self._at == "head":
            await self._hold(exchange)
        return None

    async def at_body(self, exchange: Exchange, data: bytes) -> bytes:
        """Hold with the first piece that reaches the middle of the body, before it goes on."""
        if self._at == "body" and exchange.body_in_bytes * 2 >= _body_bytes(exchange):
            await self._hold(exchange)
        return data

    async def at_answer(self, exchange: Exchange, data: bytes) -> bytes:
        """Hold the store's answer; a 100 Continue is none."""
        if self._at == "answered" and exchange.status is not None:
            await self._hold(exchange)
        return data

    async def _hold(self, exchange: Exchange) -> None:
        if exchange.number in self._tripped:
            return
        self._tripped.add(exchange.number)
        await self._trip(exchange)
        self.released()

    def released(self) -> None:
        """What follows a release: nothing, the exchange goes on."""


def _body_bytes(exchange: Exchange) -> int:
    said = exchange.head.fields.get("content-length", "")
    return int(said) if said.isdecimal() else 0  # chunked: at its first piece
