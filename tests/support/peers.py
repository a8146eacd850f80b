"""Raw TCP peers for the gateway: they know nothing of HTTP and nothing of the gateway's parser."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

LIMIT_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One request as the client sends it and one answer as the server gives it."""

    request: bytes
    answer: bytes
    answer_after: int | None = None  # answered after so many bytes of the request; None: after all


@dataclass(kw_only=True)
class Seen:
    """What each side received."""

    by_server: bytes = b""
    by_client: bytes = b""
    troubles: list[BaseException] = field(default_factory=list)


def slices(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    """Cut *data* into pieces of the given sizes, over and over."""
    at, turn = 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)] if cuts else len(data)
        yield data[at : at + size]
        at, turn = at + size, turn + 1


@contextlib.contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[BaseException]]]:
    """A server with a thread a connection; yields its port and what *handle* raised."""
    troubles: list[BaseException] = []
    threads: list[threading.Thread] = []
    door = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def guarded(sock: socket.socket) -> None:
        with sock:
            sock.settimeout(LIMIT_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                handle(sock)
            except BaseException as error:
                troubles.append(error)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = door.accept()
                thread = threading.Thread(target=guarded, args=(sock,))
                thread.start()
                threads.append(thread)

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield door.getsockname()[1], troubles
    finally:
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        acceptor.join()
        for thread in threads:
            thread.join(LIMIT_S)


def receive_exactly(sock: socket.socket, size_bytes: int) -> bytes:
    """Receive *size_bytes*, fewer where the peer ends before."""
    data = bytearray()
    while len(data) < size_bytes:
        piece = sock.recv(min(65_536, size_bytes - len(data)))
        if not piece:
            break
        data += piece
    return bytes(data)


def receive_all(sock: socket.socket) -> bytes:
    """Receive until the peer ends; a reset is an end too."""
    data = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65_536):
            data += piece
    return bytes(data)


def play(
    turns: Sequence[Turn],
    *,
    through: Callable[[int], int],
    cuts: Sequence[int] = (),
    pipelined: bool = False,
    closes: bool = False,
    tls: ssl.SSLContext | None = None,
) -> Seen:
    """Play *turns* over one connection and return what each side saw.

    *through* gives the port to connect to for the server's port. *cuts*: sizes of the pieces that
    both sides send. *pipelined*: the client sends all requests before it reads. The client closes
    its half after the last request; with *closes* the server ends the connection after the last
    answer, otherwise when the client has. With *tls* the client speaks TLS to 127.0.0.1 and closes
    no half (Python's sockets cannot).
    """
    seen = Seen()

    def serve(sock: socket.socket) -> None:
        for turn in turns:
            first = len(turn.request) if turn.answer_after is None else turn.answer_after
            got = receive_exactly(sock, first)
            seen.by_server += got
            if len(got) < first:
                return
            for piece in slices(turn.answer, cuts):
                sock.sendall(piece)
            seen.by_server += receive_exactly(sock, len(turn.request) - first)
        if not closes:
            seen.by_server += receive_all(sock)

    with serving(serve) as (port, troubles):
        seen.troubles = troubles
        with connecting(through(port), tls) as client:
            if pipelined:
                for piece in slices(b"".join(turn.request for turn in turns), cuts):
                    client.sendall(piece)
            else:
                for turn in turns:
                    for piece in slices(turn.request, cuts):
                        client.sendall(piece)
                    seen.by_client += receive_exactly(client, len(turn.answer))
            if tls is not None:
                answers = sum(len(turn.answer) for turn in turns)
                seen.by_client += receive_exactly(client, answers - len(seen.by_client))
                return seen
            client.shutdown(socket.SHUT_WR)
            seen.by_client += receive_all(client)
    return seen


def connecting(port: int, tls: ssl.SSLContext | None = None) -> socket.socket:
    """Connect to a port of this machine."""
    sock = socket.create_connection(("127.0.0.1", port), LIMIT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock if tls is None else tls.wrap_socket(sock, server_hostname="127.0.0.1")
