"""From the store to the client: what one connection to the store answers goes back as received."""

from __future__ import annotations

from collections.abc import Callable

from drtest.clock import monotonic_s
from drtest.gateway.ends import Ends
from drtest.gateway.exchange import Exchange
from drtest.gateway.flight import Flight
from drtest.gateway.framing import Data, End, Framer, Malformed, ResponseHead
from drtest.gateway.route import Route
from drtest.gateway.rules import Cut
from drtest.gateway.wire import Wire


class Answers:
    """Gives back what *store* answers and sees what it says; *requests* learns of a tunnel."""

    def __init__(
        self, store: Wire, *, ends: Ends, flight: Flight, route: Route, requests: Framer
    ) -> None:
        self._store = store
        self._ends = ends
        self._flight = flight
        self._route = route
        self._requests = requests
        self._framer = Framer("response")

    async def run(self) -> None:
        """Go on until the store is at its end, or nobody is left to answer to."""
        pending = self._flight.pending
        try:
            while True:
                try:
                    data = await self._store.receive()
                except OSError:
                    break
                if not data:
                    if self._framer.is_until_close and pending:
                        self._flight.end_answer(pending[0])
                    break
                await self._return(data)
                if self._ends.is_client_gone and all(one.status is not None for one in pending):
                    break
        except Cut:
            self._ends.cut()
        finally:
            if self._ends.store is self._store:  # and the relay has not gone on to another
                self._ends.end()

    async def _return(self, data: bytes) -> None:
        """Give back what one receive gave; what it completes is settled after it is sent."""
        ended: list[Exchange] = []
        ruled: list[bytes] = []
        sees = self._watch(ended)
        try:
            for piece in self._framer.feed(data):
                exchange = sees(piece)
                if self._route.rules and not isinstance(piece, End):
                    ruled.append(await self._ruled(exchange, piece.raw))
        except Malformed:
            ruled.append(self._framer.unread)
            self._framer = Framer("response")
            self._framer.open_tunnel()
        await self._ends.to_client(b"".join(ruled) if self._route.rules else data)
        for exchange in ended:
            self._flight.end_answer(exchange)

    def _watch(self, ended: list[Exchange]) -> Callable[[object], Exchange | None]:
        """Return what looks at each piece of one receive; *ended* gets what the pieces complete."""
        pending = self._flight.pending

        def see(piece: object) -> Exchange | None:
            exchange = pending[len(ended)] if len(pending) > len(ended) else None
            match piece:
                case ResponseHead():
                    if exchange is not None:
                        self._see_head(exchange, piece)
                case Data() if exchange is not None:
                    exchange.wire_out_bytes += len(piece.raw)
                    exchange.body_out_bytes += len(piece.body)
                    if exchange.is_peeked_at:
                        exchange.peek(piece.body)
                case End() if exchange is not None:
                    ended.append(exchange)
                case _:
                    pass
            return exchange

        return see

    def _see_head(self, exchange: Exchange, head: ResponseHead) -> None:
        self._framer.answers = exchange.head.method
        exchange.wire_out_bytes += len(head.raw)
        if not head.is_interim:
            exchange.status = head.status
            exchange.first_byte_s = monotonic_s() - exchange.began_s
        if head.status == 101:
            self._requests.open_tunnel()
            self._flight.current = exchange

    async def _ruled(self, exchange: Exchange | None, data: bytes) -> bytes:
        if exchange is not None:
            for rule in self._route.rules:
                data = await rule.at_answer(exchange, data)
        return data
