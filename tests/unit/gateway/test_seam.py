"""The seam for toxics: rules are asked at the head, at the body and at the answer, in order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from support.gateways import AT
from support.peers import LIMIT_S, receive_all, receive_exactly, serving

from drtest.gateway.exchange import Exchange
from drtest.gateway.framing import RequestHead
from drtest.gateway.listener import Listener, Upstream
from drtest.gateway.requestlog import Labels, RequestLog, requests
from drtest.gateway.rules import Answer, Cut, Rule
from drtest.model.traffic import Request

PUT = b"PUT /b/k HTTP/1.1\r\nHost: store\r\nContent-Length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Ear(Rule):
    """Writes down what it is asked."""

    name: str = "ear"
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    async def at_head(self, exchange: Exchange) -> Answer | None:
        self.heard.append(("head", exchange.target.operation.encode()))
        return None

    async def at_body(self, exchange: Exchange, data: bytes) -> bytes:
        self.heard.append(("body", data))
        return data

    async def at_answer(self, exchange: Exchange, data: bytes) -> bytes:
        self.heard.append(("answer", data))
        return data


class Upper(Rule):
    """Changes bytes both ways, for the next rule to see."""

    name = "upper"

    async def at_body(self, exchange: Exchange, data: bytes) -> bytes:
        exchange.touched_by.append(self.name)
        return data.upper()

    async def at_answer(self, exchange: Exchange, data: bytes) -> bytes:
        return data if data.startswith(b"HTTP") else data.upper()


def raising(error: BaseException) -> None:
    raise error


def listening(
    kind: type[Listener],
    log: RequestLog,
    rules: list[Rule],
    *,
    port: int = 9,
    on_crash: Callable[[BaseException], None] = raising,
) -> Listener:
    return kind(
        labels=Labels(scenario="s", step="1", phase="full", simulated_at=AT),
        mode="plain",
        upstream=Upstream.of(f"http://127.0.0.1:{port}"),
        log=log,
        tls=None,
        rules=rules,
        on_crash=on_crash,
    )


def passing(
    tmp_path: Path,
    rules: list[Rule],
    client: Callable[[int], bytes],
    *,
    store: Callable[[socket.socket], None] | None = None,
    beside: Callable[[], Awaitable[None]] | None = None,
) -> tuple[bytes, list[bytes], list[Request]]:
    """(what the client got, what the store got, rows) of one run in this process."""
    got: list[bytes] = []
    crashes: list[BaseException] = []

    def serve(sock: socket.socket) -> None:
        got.append(receive_exactly(sock, len(PUT)))
        if len(got[-1]) == len(PUT):
            sock.sendall(OK)
        receive_all(sock)

    async def main(port: int) -> bytes:
        log = RequestLog(tmp_path / "log")
        listener = listening(Listener, log, rules, port=port, on_crash=crashes.append)
        asking = asyncio.to_thread(client, listener.port)
        if beside is None:
            answer = await asking
        else:
            answer, _ = await asyncio.gather(asking, beside())
        await listener.close(wait_s=5.0)
        log.close()
        return answer

    with serving(store or serve) as (port, troubles):
        answer = asyncio.run(main(port))
    assert troubles == []
    assert crashes == []
    return answer, got, list(requests(tmp_path / "log"))


def put(port: int) -> bytes:
    return ask(port, PUT, len(OK))


def ask(port: int, data: bytes, size_bytes: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), LIMIT_S) as client:
        client.sendall(data)
        try:
            return receive_exactly(client, size_bytes)
        except ConnectionResetError:
            return b"reset"


def test_rules_see_head_body_and_answer_in_order(tmp_path: Path) -> None:
    ear = Ear()
    answer, got, rows = passing(tmp_path, [Upper(), ear], put)
    assert got == [PUT.replace(b"hello", b"HELLO")]
    assert answer == OK[:-2] + b"OK"
    assert ear.heard == [
        ("head", b"PutObject"),
        ("body", b"HELLO"),
        ("answer", OK[:-2]),
        ("answer", b"OK"),
    ]
    assert [row.touched_by for row in rows] == [("upper",)]


def test_a_rule_can_hold_an_exchange_until_it_is_released(tmp_path: Path) -> None:
    class Hold(Rule):
        name = "hold"

        def __init__(self) -> None:
            self.is_reached = asyncio.Event()
            self.is_released = asyncio.Event()

        async def at_head(self, exchange: Exchange) -> Answer | None:
            exchange.touched_by.append(self.name)
            self.is_reached.set()
            await self.is_released.wait()
            return None

    hold = Hold()
    had: list[int] = []

    def serve(sock: socket.socket) -> None:
        had.append(len(receive_exactly(sock, len(PUT))))
        sock.sendall(OK)
        receive_all(sock)

    async def release() -> None:
        await asyncio.wait_for(hold.is_reached.wait(), LIMIT_S)
        assert had == []  # nothing of it may have gone on
        hold.is_released.set()

    answer, _, rows = passing(tmp_path, [hold], put, store=serve, beside=release)
    assert answer == OK
    assert had == [len(PUT)]
    assert [(row.status, row.touched_by) for row in rows] == [(200, ("hold",))]


def test_a_rule_can_answer_in_the_stores_place(tmp_path: Path) -> None:
    class Busy(Rule):
        name = "busy"

        async def at_head(self, exchange: Exchange) -> Answer | None:
            return Answer(status=503, reason="Slow Down", error_code="SlowDown", message="<wait>")

    answer, got, rows = passing(tmp_path, [Busy()], lambda port: ask(port, PUT, 10_000))
    assert answer.startswith(b"HTTP/1.1 503 Slow Down\r\n")
    assert b"&lt;wait&gt;" in answer
    assert got in ([], [b""])
    assert [(row.status, row.error_code, row.answered_by) for row in rows] == [
        (503, "SlowDown", "gateway")
    ]


def test_a_rule_can_cut_both_connections(tmp_path: Path) -> None:
    class Cutter(Rule):
        name = "cutter"

        async def at_body(self, exchange: Exchange, data: bytes) -> bytes:
            raise Cut

    def serve(sock: socket.socket) -> None:
        receive_all(sock)

    answer, _, rows = passing(tmp_path, [Cutter()], put, store=serve)
    assert answer == b"reset"
    assert [(row.status, row.outcome) for row in rows] == [(None, "failed")]


def test_a_client_of_a_proxy_may_change_hosts_on_one_connection(tmp_path: Path) -> None:
    class Switch(Listener):
        """Sends each request to the port that its path names, as forward mode does by host."""

        def upstream_of(self, head: RequestHead) -> tuple[str, int] | Answer:
            return "127.0.0.1", int(head.target.split("/")[2])

    def get(port: int) -> bytes:
        return b"GET /b/%d HTTP/1.1\r\nHost: store\r\n\r\n" % port

    got: list[tuple[str, bytes]] = []

    def store(name: str) -> Callable[[socket.socket], None]:
        def serve(sock: socket.socket) -> None:
            while data := receive_exactly(sock, len(get(10_000))):
                got.append((name, data))
                sock.sendall(OK)

        return serve

    async def main(ports: list[int]) -> bytes:
        log = RequestLog(tmp_path / "log")
        listener = listening(Switch, log, [])
        asked = b"".join(get(port) for port in ports)
        answer = await asyncio.to_thread(ask, listener.port, asked, len(ports) * len(OK))
        assert await listener.close(wait_s=5.0)
        log.close()
        return answer

    with serving(store("one")) as (one, first), serving(store("two")) as (two, second):
        ports = [one, one, two, one]
        answer = asyncio.run(main(ports))
    assert first == second == []
    assert answer == 4 * OK
    assert [name for name, _ in got] == ["one", "one", "two", "one"]
    assert [row.status for row in requests(tmp_path / "log")] == [200] * 4
