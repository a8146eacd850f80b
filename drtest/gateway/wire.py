"""A connection as the relay needs it: receive, send, say that no more comes, close.

Raw sockets and not asyncio's transports, on purpose: a transport throws away what the peer had
already answered when a write fails, and an early answer would be lost. TLS therefore runs over two
memory buffers on the same raw socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import socket
import ssl
from typing import Any

RECEIVE_BYTES = 256 * 1024
_SMALL_RECEIVE_BYTES = 16 * 1024


class Wire:
    """A TCP connection without TLS; owns its socket. Errors are OSError."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._size_bytes = _SMALL_RECEIVE_BYTES

    async def receive(self) -> bytes:
        """Return what came, b"" where the peer will send no more."""
        data = await self._loop.sock_recv(self._sock, self._size_bytes)
        # small requests must not pay for a buffer that only volumes need
        self._size_bytes = RECEIVE_BYTES if len(data) == self._size_bytes else _SMALL_RECEIVE_BYTES
        return data

    async def send(self, data: bytes) -> None:
        """Send all of *data*; waits while the peer does not take it."""
        await self._loop.sock_sendall(self._sock, data)

    async def finish(self) -> None:
        """Say that no more will be sent; what the peer sends can still be received."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def reset_at_close(self) -> None:
        """Make ``close`` a reset for the peer. Not closed here: someone may be receiving still."""
        with contextlib.suppress(OSError):
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger: on, 0 seconds
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self._sock.close()


class TlsWire(Wire):
    """The same with TLS; ``handshake`` comes first."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, *, server_name: str | None = None
    ) -> None:
        super().__init__(sock)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_name is None,
            server_hostname=server_name,
        )
        self._flushing = asyncio.Lock()

    async def handshake(self) -> None:
        """Agree with the peer; ssl.SSLError (an OSError) where that fails."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    raise ConnectionResetError("the peer left during the TLS handshake") from None
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    await self._flush()  # the alert that says why
                raise
            else:
                await self._flush()
                return

    async def receive(self) -> bytes:
        """Return what came, decrypted."""
        while True:
            try:
                return self._tls.read(RECEIVE_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def send(self, data: bytes) -> None:
        """Encrypt and send all of *data*."""
        if data:
            self._tls.write(data)
            await self._flush()

    async def finish(self) -> None:
        """Say goodbye in TLS, then as ``Wire`` does."""
        with contextlib.suppress(OSError):
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            await self._flush()
        await super().finish()

    async def _fill(self) -> bool:
        data = await self._loop.sock_recv(self._sock, RECEIVE_BYTES)
        if data:
            self._incoming.write(data)
        return bool(data)

    async def _flush(self) -> None:
        async with self._flushing:  # two tasks may have something to send; records keep their order
            if self._outgoing.pending:
                await self._loop.sock_sendall(self._sock, self._outgoing.read())


async def connect(
    host: str, port: int, *, context: ssl.SSLContext | None = None, server_name: str = ""
) -> Wire:
    """Connect to *host*, every address of it in turn; with TLS where *context* is given.

    Raises OSError: the last address's, or ssl.SSLError where the peer is not who it must be.
    """
    loop = asyncio.get_running_loop()
    try:
        # Most stores are an address on this machine, and asking a thread for it costs more than
        # all else that a request does here.
        addresses = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except socket.gaierror:
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    problem: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            if not _connects_at_once(sock, address):
                await loop.sock_connect(sock, address)
            if context is None:
                return Wire(sock)
            wire = TlsWire(sock, context, server_name=server_name or host)
            await wire.handshake()
        except OSError as error:
            sock.close()
            problem = error
        except BaseException:
            sock.close()
            raise
        else:
            return wire
    raise problem


def _connects_at_once(sock: socket.socket, address: Any) -> bool:
    """Begin to connect; True where that is done already, as it is on this machine's loopback.

    It spares the loop two turns. OSError where it is refused already.
    """
    problem = sock.connect_ex(address)
    if problem == errno.EINPROGRESS:
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        if not poll.poll(0):
            return False
        problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if problem:
        raise OSError(problem, os.strerror(problem))
    return True
