"""One client connection and the one connection to the store that goes with it.

Bytes are forwarded as received; two framers look on. The store may answer before the request is
whole, each side may close its half, the client may die: what the store said is read all the same,
since the request log must equal the store's own.
"""

from __future__ import annotations

import asyncio
import contextlib

from drtest.clock import monotonic_s
from drtest.gateway.answers import Answers
from drtest.gateway.ends import Ends
from drtest.gateway.exchange import Exchange
from drtest.gateway.flight import Flight
from drtest.gateway.framing import Data, End, Framer, Malformed, RequestHead
from drtest.gateway.route import Route
from drtest.gateway.rules import Answer, Cut
from drtest.gateway.wire import Wire

ANSWER_WAIT_S = 60.0  # for the store's answer once the client will send no more
LINGER_S = 2.0  # for the client to read an answer that came before it had sent everything

_REASONS = {400: "Bad Request", 431: "Request Header Fields Too Large"}
_NO_HEAD = RequestHead(raw=b"", method="", target="", fields={})


class Relay:
    """Serves one client until either side is done; the way back is ``Answers``."""

    def __init__(self, client: Wire, route: Route) -> None:
        self._ends = Ends(client)
        self._flight = Flight(route)
        self._route = route
        self._requests = Framer("request")
        self._place: tuple[str, int] | None = None  # where the connection to the store leads
        self._outbound: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Relay until the connection is over. Every exchange that began is finished then."""
        ends, flight = self._ends, self._flight
        inbound = asyncio.create_task(self._read_client())
        try:
            await asyncio.wait({inbound, ends.over}, return_when=asyncio.FIRST_COMPLETED)
            if ends.is_cut:
                pass
            elif ends.over.done() and not ends.is_client_gone:
                await ends.client.finish()
                await self._linger(inbound)
            elif inbound.done() and flight.pending and not ends.over.done():
                # half-closed or dead: the store's word on what it has is still wanted
                await self._wait_for_answers()
                await ends.client.finish()
        finally:
            tasks = [task for task in (inbound, self._outbound) if task is not None]
            for task in tasks:
                task.cancel()
            try:  # the listener may be closing and cancel this very wait
                results = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                ends.close()
                flight.settle_all()
        for result in results:
            if isinstance(result, Exception):  # not the peer's doing: those are caught at once
                raise result

    async def _wait_for_answers(self) -> None:
        drained = asyncio.create_task(self._flight.is_drained.wait())
        await asyncio.wait(
            {self._ends.over, drained}, timeout=ANSWER_WAIT_S, return_when=asyncio.FIRST_COMPLETED
        )
        drained.cancel()

    # from the client to the store

    async def _read_client(self) -> None:
        try:
            while True:
                try:
                    data = await self._ends.client.receive()
                except OSError:
                    self._ends.is_client_gone = True
                    data = b""
                if not data:
                    break
                if not await self._forward(data):
                    return
        except Malformed as problem:
            await self._refuse(problem)
            return
        except Cut:
            self._ends.cut()
            return
        if self._ends.store is not None and self._flight.pending:
            await self._ends.store.finish()

    async def _forward(self, data: bytes) -> bool:
        """Forward what one receive gave; False where the connection takes no more requests."""
        flight = self._flight
        ready: list[bytes] = []
        try:
            for piece in self._requests.feed(data):
                match piece:
                    case RequestHead():
                        if not await self._begin(piece, ready):
                            return False
                    case Data() if flight.current is not None:
                        flight.current.wire_in_bytes += len(piece.raw)
                        flight.current.body_in_bytes += len(piece.body)
                        if self._route.rules:
                            await self._send(ready)
                            ready.append(await self._ruled_body(flight.current, piece))
                        else:
                            ready.append(piece.raw)
                    case End() if flight.current is not None:
                        flight.end_request(flight.current)
                    case _:
                        pass
        finally:
            await self._send(ready)
        return True

    async def _begin(self, head: RequestHead, ready: list[bytes]) -> bool:
        exchange = self._flight.current = self._flight.begin(head)
        exchange.wire_in_bytes += len(head.raw)
        if self._route.rules:
            await self._send(ready)  # a rule may wait; what came before must not
        for rule in self._route.rules:
            answer = await rule.at_head(exchange)
            if answer is not None:
                await self._answer(exchange, answer)
                return False
        place = self._route.upstream_of(head)
        if isinstance(place, Answer):
            exchange.touched_by.append("gateway")
            await self._send(ready)
            await self._answer(exchange, place)
            return False
        if place != self._place:
            await self._send(ready)
            if not await self._connect(*place):
                return self._drop(exchange, "store-unreachable")
        elif self._ends.over.done() or self._ends.is_store_deaf:
            return self._drop(exchange, "store-closed")
        self._flight.forward(exchange)
        ready.append(self._route.forwarded(head))
        return True

    def _drop(self, exchange: Exchange, why: str) -> bool:
        """Close without an answer: a status that the store never gave would mislead."""
        exchange.touched_by.append(why)
        exchange.answered_by = "gateway"
        return False

    async def _ruled_body(self, exchange: Exchange, piece: Data) -> bytes:
        data = piece.raw
        if piece.body:
            for rule in self._route.rules:
                data = await rule.at_body(exchange, data)
        return data

    async def _send(self, ready: list[bytes]) -> None:
        data = ready[0] if len(ready) == 1 else b"".join(ready)
        ready.clear()
        await self._ends.to_store(data)

    async def _connect(self, host: str, port: int) -> bool:
        """Connect to where the next request goes; a client of a proxy may change hosts."""
        ends = self._ends
        if self._outbound is not None:
            await self._flight.is_drained.wait()
            former, ends.store, self._place = ends.store, None, None
            self._outbound.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._outbound
            if former is not None:
                former.close()
        try:
            ends.store = await self._route.connect(host, port)
        except OSError:
            return False
        self._place = (host, port)
        answers = Answers(
            ends.store,
            ends=ends,
            flight=self._flight,
            route=self._route,
            requests=self._requests,
        )
        self._outbound = asyncio.create_task(answers.run())
        return True

    # answers of the gateway's own

    async def _answer(self, exchange: Exchange, answer: Answer) -> None:
        await self._flight.is_drained.wait()  # answers keep the order of the requests
        exchange.answered_by = "gateway"
        exchange.status, exchange.error_code = answer.status, answer.error_code
        data = answer.render(exchange)
        exchange.first_byte_s = monotonic_s() - exchange.began_s
        exchange.wire_out_bytes = len(data)
        exchange.body_out_bytes = len(data.partition(b"\r\n\r\n")[2])
        if not await self._ends.to_client(data):
            return
        exchange.is_answer_whole = True
        exchange.last_byte_s = monotonic_s() - exchange.began_s
        await self._ends.client.finish()
        await self._discard()

    async def _refuse(self, problem: Malformed) -> None:
        """Answer what is no HTTP, as a server would; it was not forwarded."""
        current = self._flight.current
        if current is not None:  # in the middle of a body that the store has begun to get
            current.touched_by.append("malformed")
            if self._ends.store is not None:
                await self._ends.store.finish()
            return
        exchange = self._flight.begin(_NO_HEAD)
        exchange.wire_in_bytes = len(self._requests.unread)
        exchange.touched_by.append("malformed")
        await self._answer(
            exchange,
            Answer(
                status=problem.status,
                reason=_REASONS[problem.status],
                error_code="InvalidRequest",
                message=str(problem),
            ),
        )

    async def _discard(self) -> None:
        """Read on for a moment: closing with bytes unread would reset what was just answered."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(LINGER_S):
                while data := await self._ends.client.receive():
                    if self._flight.current is not None:
                        self._flight.current.wire_in_bytes += len(data)

    async def _linger(self, inbound: asyncio.Task[None]) -> None:
        """Let the client read the last answer while what it still sends is thrown away."""
        self._ends.is_store_deaf = True
        await asyncio.wait({inbound}, timeout=LINGER_S)
