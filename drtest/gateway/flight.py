"""The exchanges of one client connection that are not over yet."""

from __future__ import annotations

import asyncio
from collections import deque

from drtest.clock import monotonic_s
from drtest.gateway.exchange import Exchange
from drtest.gateway.framing import RequestHead
from drtest.gateway.route import Route


class Flight:
    """Begins exchanges, keeps the order of those that were forwarded, finishes each once.

    A request may still be coming in when its answer is whole, and the other way round: an exchange
    is finished when both are.
    """

    def __init__(self, route: Route) -> None:
        self.pending: deque[Exchange] = deque()  # forwarded, answer not whole, in order
        self.current: Exchange | None = None  # whose request is coming in
        self.is_drained = asyncio.Event()  # no answer of the store's is wanting
        self.is_drained.set()
        self._route = route
        self._open: dict[int, Exchange] = {}  # begun and not finished
        self._count = 0

    def begin(self, head: RequestHead) -> Exchange:
        """Return the exchange of a request that has arrived."""
        exchange = self._route.begin(head, is_reused=self._count > 0)
        self._count += 1
        self._open[exchange.number] = exchange
        return exchange

    def forward(self, exchange: Exchange) -> None:
        """From now on an answer of the store's belongs to *exchange*, after those before it."""
        exchange.is_forwarded = True
        self.pending.append(exchange)
        self.is_drained.clear()

    def end_request(self, exchange: Exchange) -> None:
        """All of the request is here."""
        exchange.is_request_whole = True
        self.current = None
        self._settle_if_whole(exchange)

    def end_answer(self, exchange: Exchange) -> None:
        """All of the store's answer to the first of ``pending`` has gone back."""
        exchange.is_answer_whole = True
        exchange.last_byte_s = monotonic_s() - exchange.began_s
        self.pending.popleft()
        if not self.pending:
            self.is_drained.set()
        self._settle_if_whole(exchange)

    def settle_all(self) -> None:
        """Finish what is left as it stands: the connection is over."""
        for exchange in list(self._open.values()):
            self._settle(exchange)

    def _settle_if_whole(self, exchange: Exchange) -> None:
        if exchange.is_request_whole and exchange.is_answer_whole:
            self._settle(exchange)

    def _settle(self, exchange: Exchange) -> None:
        if self._open.pop(exchange.number, None) is not None:
            self._route.finish(exchange)
