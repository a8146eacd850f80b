"""One client connection and the one connection to the store that goes with it.

Bytes are forwarded as received; two framers look on. The store may answer before the request is
whole, each side may close its half, the client may die: what the store said is read all the same,
since the request log must equal the store's own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from drtest.clock import monotonic_s, real_now
from drtest.gateway.classify import UNKNOWN, Target
from drtest.gateway.exchange import Exchange
from drtest.gateway.framing import Data, End, Framer, Malformed, RequestHead, ResponseHead
from drtest.gateway.route import Route
from drtest.gateway.rules import Answer, Cut
from drtest.gateway.wire import Wire

ANSWER_WAIT_S = 60.0  # for the store's answer once the client will send no more
LINGER_S = 2.0  # for the client to read an answer that came before it had sent everything

_REASONS = {400: "Bad Request", 431: "Request Header Fields Too Large"}
_NO_HEAD = RequestHead(raw=b"", method="", target="", fields={})


class Relay:
    """Serves one client until either side is done."""

    def __init__(self, client: Wire, route: Route) -> None:
        self._client = client
        self._route = route
        self._requests = Framer("request")
        self._answers = Framer("response")
        self._pending: deque[Exchange] = deque()  # forwarded, answer not whole, in order
        self._open: dict[int, Exchange] = {}  # begun and not finished
        self._current: Exchange | None = None  # whose request is coming in
        self._store: Wire | None = None
        self._place: tuple[str, int] | None = None
        self._outbound: asyncio.Task[None] | None = None
        self._over = asyncio.get_running_loop().create_future()  # the store's side is at its end
        self._is_drained = asyncio.Event()
        self._is_drained.set()
        self._is_client_gone = False
        self._is_cut = False
        self._is_store_deaf = False  # it takes no more, but may still be answering
        self._count = 0

    async def run(self) -> None:
        """Relay until the connection is over. Every exchange that began is finished then."""
        inbound = asyncio.create_task(self._read_client())
        try:
            await asyncio.wait({inbound, self._over}, return_when=asyncio.FIRST_COMPLETED)
            if self._is_cut:
                pass
            elif self._over.done() and not self._is_client_gone:
                await self._client.finish()
                await self._linger(inbound)
            elif inbound.done() and self._pending and not self._over.done():
                # half-closed or dead: the store's word on what it has is still wanted
                await self._wait_for_answers()
                await self._client.finish()
        finally:
            tasks = [task for task in (inbound, self._outbound) if task is not None]
            for task in tasks:
                task.cancel()
            try:  # the listener may be closing and cancel this very wait
                ends = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                self._client.close()
                if self._store is not None:
                    self._store.close()
                for exchange in list(self._open.values()):
                    self._settle(exchange)
        for end in ends:
            if isinstance(end, Exception):  # not the peer's doing: those are caught where they rise
                raise end

    async def _wait_for_answers(self) -> None:
        drained = asyncio.create_task(self._is_drained.wait())
        await asyncio.wait(
            {self._over, drained}, timeout=ANSWER_WAIT_S, return_when=asyncio.FIRST_COMPLETED
        )
        drained.cancel()

    # from the client to the store

    async def _read_client(self) -> None:
        try:
            while True:
                try:
                    data = await self._client.receive()
                except OSError:
                    self._is_client_gone = True
                    data = b""
                if not data:
                    break
                if not await self._forward(data):
                    return
        except Malformed as problem:
            await self._refuse(problem)
            return
        except Cut:
            self._cut()
            return
        if self._store is not None and self._pending:
            await self._store.finish()

    async def _forward(self, data: bytes) -> bool:
        """Forward what one receive gave; False where the connection takes no more requests."""
        ready: list[bytes] = []
        try:
            for piece in self._requests.feed(data):
                match piece:
                    case RequestHead():
                        if not await self._begin(piece, ready):
                            return False
                    case Data() if self._current is not None:
                        self._current.wire_in_bytes += len(piece.raw)
                        self._current.body_in_bytes += len(piece.body)
                        if self._route.rules:
                            await self._send(ready)
                            ready.append(await self._ruled_body(self._current, piece))
                        else:
                            ready.append(piece.raw)
                    case End() if self._current is not None:
                        self._current.is_request_whole = True
                        self._settle_if_whole(self._current)
                        self._current = None
                    case _:
                        pass
        finally:
            await self._send(ready)
        return True

    async def _begin(self, head: RequestHead, ready: list[bytes]) -> bool:
        exchange = self._route.begin(head, is_reused=self._count > 0)
        self._count += 1
        self._open[exchange.number] = exchange
        self._current = exchange
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
        elif self._over.done() or self._is_store_deaf:
            return self._drop(exchange, "store-closed")
        exchange.is_forwarded = True
        self._pending.append(exchange)
        self._is_drained.clear()
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
        if self._store is None or not data or self._is_store_deaf:
            return
        try:
            await self._store.send(data)
        except OSError:
            # An early answer may be on its way. The client's body is read on and thrown away, so
            # that the client comes to read it.
            self._is_store_deaf = True

    async def _connect(self, host: str, port: int) -> bool:
        """Connect to where the next request goes; a client of a proxy may change hosts."""
        if self._outbound is not None:
            await self._is_drained.wait()
            former, self._store, self._place = self._store, None, None
            self._outbound.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._outbound
            if former is not None:
                former.close()
        try:
            self._store = await self._route.connect(host, port)
        except OSError:
            return False
        self._place = (host, port)
        self._answers = Framer("response")
        self._outbound = asyncio.create_task(self._read_store(self._store))
        return True

    # answers of the gateway's own

    async def _answer(self, exchange: Exchange, answer: Answer) -> None:
        await self._is_drained.wait()  # answers keep the order of the requests
        exchange.answered_by = "gateway"
        exchange.status, exchange.error_code = answer.status, answer.error_code
        data = answer.render(exchange)
        exchange.first_byte_s = monotonic_s() - exchange.began_s
        exchange.wire_out_bytes = len(data)
        exchange.body_out_bytes = len(data.partition(b"\r\n\r\n")[2])
        try:
            await self._client.send(data)
        except OSError:
            self._is_client_gone = True
            return
        exchange.is_answer_whole = True
        exchange.last_byte_s = monotonic_s() - exchange.began_s
        await self._client.finish()
        await self._discard()

    async def _refuse(self, problem: Malformed) -> None:
        """Answer what is no HTTP, as a server would; it was not forwarded."""
        if self._current is not None:  # in the middle of a body that the store has begun to get
            self._current.touched_by.append("malformed")
            if self._store is not None:
                await self._store.finish()
            return
        exchange = self._route.begin(_NO_HEAD, is_reused=self._count > 0)
        self._open[exchange.number] = exchange
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
                while data := await self._client.receive():
                    if self._current is not None:
                        self._current.wire_in_bytes += len(data)

    async def _linger(self, inbound: asyncio.Task[None]) -> None:
        """Let the client read the last answer while what it still sends is thrown away."""
        self._is_store_deaf = True
        await asyncio.wait({inbound}, timeout=LINGER_S)

    def _cut(self) -> None:
        self._is_client_gone = True
        self._client.reset_at_close()
        if self._store is not None:
            self._store.reset_at_close()
        self._is_cut = True
        if not self._over.done():
            self._over.set_result(None)

    # from the store to the client

    async def _read_store(self, store: Wire) -> None:
        try:
            while True:
                try:
                    data = await store.receive()
                except OSError:
                    break
                if not data:
                    if self._answers.is_until_close and self._pending:
                        self._end_of_answer(self._pending[0])
                    break
                await self._return(data)
                if self._is_client_gone and all(
                    exchange.status is not None for exchange in self._pending
                ):
                    break
        except Cut:
            self._cut()
        finally:
            if not self._over.done() and self._store is store:
                self._over.set_result(None)

    async def _return(self, data: bytes) -> None:
        """Give back what one receive gave; what it completes is settled after it is sent."""
        ended: list[Exchange] = []
        ruled: list[bytes] = []
        sees = self._watch(ended)
        try:
            for piece in self._answers.feed(data):
                exchange = sees(piece)
                if self._route.rules and not isinstance(piece, End):
                    ruled.append(await self._ruled_answer(exchange, piece.raw))
        except Malformed:
            ruled.append(self._answers.unread)
            self._answers = Framer("response")
            self._answers.open_tunnel()
        if not self._is_client_gone:
            try:
                await self._client.send(b"".join(ruled) if self._route.rules else data)
            except OSError:
                self._is_client_gone = True
        for exchange in ended:
            self._end_of_answer(exchange)

    def _watch(self, ended: list[Exchange]) -> Callable[[object], Exchange | None]:
        """Return what looks at each piece of one receive; *ended* gets what the pieces complete."""

        def see(piece: object) -> Exchange | None:
            exchange = self._pending[len(ended)] if len(self._pending) > len(ended) else None
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
        self._answers.answers = exchange.head.method
        exchange.wire_out_bytes += len(head.raw)
        if not head.is_interim:
            exchange.status = head.status
            exchange.first_byte_s = monotonic_s() - exchange.began_s
        if head.status == 101:
            self._requests.open_tunnel()
            self._current = exchange

    async def _ruled_answer(self, exchange: Exchange | None, data: bytes) -> bytes:
        if exchange is not None:
            for rule in self._route.rules:
                data = await rule.at_answer(exchange, data)
        return data

    def _end_of_answer(self, exchange: Exchange) -> None:
        exchange.is_answer_whole = True
        exchange.last_byte_s = monotonic_s() - exchange.began_s
        self._pending.popleft()
        if not self._pending:
            self._is_drained.set()
        self._settle_if_whole(exchange)

    # the end of an exchange

    def _settle_if_whole(self, exchange: Exchange) -> None:
        if exchange.is_request_whole and exchange.is_answer_whole:
            self._settle(exchange)

    def _settle(self, exchange: Exchange) -> None:
        if self._open.pop(exchange.number, None) is not None:
            self._route.finish(exchange)


def begun(number: int, head: RequestHead, target: Target | None = None) -> Exchange:
    """Return a new exchange that arrives now."""
    return Exchange(
        number=number,
        head=head,
        target=target or Target(operation=UNKNOWN, bucket="", key=""),
        arrived_at=real_now().timestamp(),
        began_s=monotonic_s(),
    )
