"""One listening port: what it stands for, where it leads, and the connections on it."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from drtest.gateway.classify import classify, origin_form
from drtest.gateway.exchange import Attempts, Exchange, begun
from drtest.gateway.framing import RequestHead
from drtest.gateway.relay import Relay
from drtest.gateway.requestlog import Labels, RequestLog
from drtest.gateway.rules import Answer, Rule
from drtest.gateway.wire import TlsWire, Wire, connect

Mode = Literal["plain", "tls", "forward"]

HANDSHAKE_LIMIT_S = 30.0
_OUT_OF_DESCRIPTORS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# A proxy keeps what is meant for it alone (RFC 9110, 7.6.1); SigV4 signs none of these.
_PROXY_FIELD = re.compile(rb"^proxy-[^\r\n]*\r?\n", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where requests go: the store's URL, and how its name is verified where that is https."""

    url: SplitResult
    context: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str, *, authority: str = "") -> Upstream:
        """Read *url*; *authority* is a file of certificates to trust instead of the system's.

        Raises ValueError for what is no http or https URL of a host.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url} is no http or https URL of a store")
        context = None
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=authority or None)
            context.set_alpn_protocols(["http/1.1"])
        return cls(url=parts, context=context)

    @property
    def host(self) -> str:
        """The store's host, in lower case, without its port."""
        return (self.url.hostname or "").lower()

    @property
    def port(self) -> int:
        """The store's port."""
        return self.url.port or (443 if self.url.scheme == "https" else 80)


class Listener:
    """Accepts connections until it is closed. The route of its relays.

    ``close`` waits for the exchanges in flight, then ends what is left of its connections.
    """

    def __init__(
        self,
        *,
        labels: Labels,
        mode: Mode,
        upstream: Upstream,
        log: RequestLog,
        tls: ssl.SSLContext | None,
        rules: list[Rule],
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self.mode = mode
        self.rules = rules
        self._upstream = upstream
        self._log = log
        self._tls = tls
        self._on_crash = on_crash
        self._attempts = Attempts()
        self._flying = 0
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()
        self._relays: set[asyncio.Task[None]] = set()
        self._sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._listen()
        self.number = log.listener(labels, mode=mode, upstream=upstream.url.geturl())

    @property
    def port(self) -> int:
        """The port that it listens on, given by the system."""
        port: int = self._sock.getsockname()[1]
        return port

    async def close(self, *, wait_s: float) -> bool:
        """Stop; True where every exchange had ended by itself within *wait_s*."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()
        is_quiet = True
        try:
            async with asyncio.timeout(wait_s):
                await self._is_quiet.wait()
        except TimeoutError:
            is_quiet = False
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        return is_quiet

    # connections

    def _listen(self) -> None:
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        """Take the connections that wait. The loop calls it: a task would cost two turns more."""
        while True:
            try:
                sock, _ = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _OUT_OF_DESCRIPTORS:
                    # others will close theirs; to be told again at once would starve them
                    self._loop.remove_reader(self._sock)
                    self._pause = self._loop.call_later(0.05, self._listen)
                    return
                continue
            relay = asyncio.create_task(self._serve(sock))
            self._relays.add(relay)
            relay.add_done_callback(self._served)

    async def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls is None:
                client = Wire(sock)
            else:
                client = TlsWire(sock, self._tls)
                try:
                    async with asyncio.timeout(HANDSHAKE_LIMIT_S):
                        await client.handshake()
                except (OSError, TimeoutError):
                    return
            await Relay(client, self).run()
        finally:
            sock.close()

    def _served(self, relay: asyncio.Task[None]) -> None:
        self._relays.discard(relay)
        if not relay.cancelled() and (error := relay.exception()) is not None:
            self._on_crash(error)

    # what a relay asks

    def begin(self, head: RequestHead, *, is_reused: bool) -> Exchange:
        """Number, classify and log a request that has arrived."""
        exchange = begun(self._log.next_number(), head)
        if head.method:
            exchange.target = classify(
                head.method, head.target, head.fields, endpoint_host=self._upstream.host
            )
            exchange.attempt = self._attempts.count(head)
        exchange.is_reused = is_reused
        self._log.arrived(exchange, self.number)
        self._flying += 1
        self._is_quiet.clear()
        return exchange

    def finish(self, exchange: Exchange) -> None:
        """Log what became of it."""
        self._attempts.settle(exchange.head, exchange.outcome)
        self._flying -= 1
        if not self._flying:
            self._is_quiet.set()
        self._log.finished(exchange)

    def upstream_of(self, head: RequestHead) -> tuple[str, int] | Answer:
        """Return where the request goes: in forward mode its own host, if that is the store's."""
        if self.mode != "forward":
            return self._upstream.host, self._upstream.port
        if not head.target.lower().startswith("http://"):
            return _refusal("a proxy for http is given absolute http URLs, nothing else")
        try:
            host = (urlsplit(head.target).hostname or "").lower()
        except ValueError:
            host = ""
        if host != self._upstream.host and not host.endswith("." + self._upstream.host):
            return _refusal(f"{host or 'no host'} is not the store that this run is about")
        return host, self._upstream.port

    def forwarded(self, head: RequestHead) -> bytes:
        """Return the head as received; in forward mode in origin form, without proxy fields."""
        if self.mode != "forward":
            return head.raw
        target = head.target.encode("latin-1")
        line = b" " + origin_form(head.target).encode("latin-1") + b" "
        return _PROXY_FIELD.sub(b"", head.raw.replace(b" " + target + b" ", line, 1))

    async def connect(self, host: str, port: int) -> Wire:
        """Connect to the store, with verified TLS where its URL is https."""
        return await connect(host, port, context=self._upstream.context, server_name=host)


def _refusal(message: str) -> Answer:
    return Answer(status=403, reason="Forbidden", error_code="AccessDenied", message=message)
