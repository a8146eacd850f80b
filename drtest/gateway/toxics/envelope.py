"""The envelope of every toxic: which request it waits for, how often it hits, what it has seen."""

from __future__ import annotations

from collections import OrderedDict

from drtest.gateway.exchange import Exchange, identity
from drtest.gateway.rules import Answer, Rule
from drtest.model.toxic import When

_REMEMBERED = 4096  # a retry follows its forerunner within seconds


class Armed(Rule):
    """A toxic that waits for the nth request that fits, or for bytes sent. Counted, never random.

    ``seen`` is the number of different requests that fitted, ``sent_bytes`` what their heads
    declare, ``fired`` the number of attempts that were hit. What is no hit passes as if there were
    no toxic.
    """

    def __init__(self, *, toxic: Rule, when: When) -> None:
        self.toxic = toxic
        self.when = when
        self.name = toxic.name
        self.seen = 0
        self.sent_bytes = 0
        self.fired = 0
        self._numbers: OrderedDict[tuple[str, ...], int] = OrderedDict()
        self._due = when.nth if when.sent_bytes is None else None  # None: not reached yet
        self._hit: set[int] = set()  # exchanges in flight that are hit

    async def at_head(self, exchange: Exchange) -> Answer | None:
        """Count the request; hand it to the toxic where it is the one that is waited for."""
        if not self._is_due(exchange):
            return None
        self.fired += 1
        self._hit.add(exchange.number)
        exchange.touched_by.append(self.name)
        return await self.toxic.at_head(exchange)

    async def at_body(self, exchange: Exchange, data: bytes) -> bytes:
        """Hand a piece of a hit request's body to the toxic."""
        if exchange.number not in self._hit:
            return data
        return await self.toxic.at_body(exchange, data)

    async def at_answer(self, exchange: Exchange, data: bytes) -> bytes:
        """Hand a piece of the answer to a hit request to the toxic."""
        if exchange.number not in self._hit:
            return data
        return await self.toxic.at_answer(exchange, data)

    def _is_due(self, exchange: Exchange) -> bool:
        named = exchange.named
        if not self.when.fits(
            operation=exchange.target.operation, kind=named.kind, volume=named.volume
        ):
            return False
        known = identity(exchange.head)
        if exchange.attempt == 1 or known not in self._numbers:
            self.seen += 1
            self._numbers[known] = self.seen
            self.sent_bytes += exchange.declared_bytes
            wanted = self.when.sent_bytes
            if self._due is None and wanted is not None and self.sent_bytes >= wanted:
                self._due = self.seen
            if len(self._numbers) > _REMEMBERED:
                self._numbers.popitem(last=False)
        return self._numbers[known] == self._due and self.fired < self.when.times
