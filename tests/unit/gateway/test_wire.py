"""How the gateway gets to a store: by an address at once, by a name through the resolver."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from drtest.gateway.wire import connect


def served(host: str, family: int = socket.AF_INET) -> socket.socket:
    return socket.create_server((host, 0), family=family)


async def reached(host: str, port: int) -> None:
    wire = await connect(host, port)
    await wire.send(b"here")
    wire.close()


def test_an_address_is_asked_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: Any, **__: Any) -> list[Any]:
        raise AssertionError("asked for an address")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", refused)
    with served("127.0.0.1") as listening:
        asyncio.run(reached("127.0.0.1", listening.getsockname()[1]))
        taken, _ = listening.accept()
        with taken:
            assert taken.recv(100) == b"here"


def test_a_name_is_resolved() -> None:
    with served("127.0.0.1") as listening:
        asyncio.run(reached("localhost", listening.getsockname()[1]))
        taken, _ = listening.accept()
        with taken:
            assert taken.recv(100) == b"here"


def test_a_port_where_nobody_listens_is_refused() -> None:
    with served("127.0.0.1") as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(connect("127.0.0.1", port))
