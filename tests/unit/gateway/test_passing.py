"""What goes through the gateway arrives as it was sent, and is counted as it was."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.gateways import passage
from support.messages import Message, requests, responses
from support.peers import (
    LIMIT_S,
    Seen,
    Turn,
    play,
    receive_all,
    receive_exactly,
    serving,
)

from drtest.gateway import Gateway, Listener
from drtest.model.traffic import Request

METHODS = st.lists(
    st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"]), min_size=1, max_size=3
)
EXCHANGES = METHODS.flatmap(
    lambda methods: st.tuples(
        st.tuples(*(requests(method) for method in methods)),
        st.tuples(*(responses(method) for method in methods)),
    )
)
CUTS = st.lists(st.integers(1, 300), max_size=4)


def through(
    gateway: Gateway, turns: list[Turn], **settings: bool | list[int]
) -> tuple[Seen, list[Request]]:
    """Play *turns* through a listener of their own."""
    with contextlib.ExitStack() as stack:
        opened = []

        def port_of(port: int) -> int:
            opened.append(stack.enter_context(passage(gateway, port)))
            return opened[0].listener.port

        seen = play(turns, through=port_of, **settings)  # type: ignore[arg-type]
    assert seen.troubles == []
    return seen, opened[0].rows


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(exchanges=EXCHANGES, cuts=CUTS, pipelined=st.booleans(), closes=st.booleans())
def test_any_valid_exchange_passes_byte_for_byte(
    gateway: Gateway,
    exchanges: tuple[tuple[Message, ...], tuple[Message, ...]],
    cuts: list[int],
    pipelined: bool,
    closes: bool,
) -> None:
    asked, answered = exchanges
    turns = [
        Turn(request=request.raw, answer=answer.raw)
        for request, answer in zip(asked, answered, strict=True)
    ]
    direct = play(turns, through=lambda port: port, cuts=cuts, pipelined=pipelined, closes=closes)
    seen, rows = through(gateway, turns, cuts=cuts, pipelined=pipelined, closes=closes)
    assert (seen.by_server, seen.by_client) == (direct.by_server, direct.by_client)
    assert [row.status for row in rows] == [answer.status for answer in answered]
    assert [row.body_in_bytes for row in rows] == [len(request.body) for request in asked]
    assert [row.body_out_bytes for row in rows] == [len(answer.body) for answer in answered]
    assert sum(row.wire_in_bytes for row in rows) == len(seen.by_server)
    assert sum(row.wire_out_bytes for row in rows) == len(seen.by_client)
    assert [row.is_reused for row in rows] == [number > 0 for number in range(len(rows))]
    assert {row.answered_by for row in rows} == {"store"}


PUT = b"PUT /b/k HTTP/1.1\r\nHost: store\r\nContent-Length: 300000\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_an_answer_that_comes_before_the_body_is_whole(gateway: Gateway) -> None:
    error = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    denied = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(error), error)
    turn = Turn(request=PUT + bytes(300_000), answer=denied, answer_after=len(PUT))
    seen, rows = through(gateway, [turn])
    assert seen.by_client == denied
    assert seen.by_server == turn.request
    (row,) = rows
    assert (row.status, row.error_code, row.outcome) == (403, "AccessDenied", "failed")
    assert row.body_in_bytes == 300_000


def test_an_early_answer_survives_a_server_that_leaves_at_once(gateway: Gateway) -> None:
    slow_down = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    big = 64 * 1024 * 1024  # more than all socket buffers on the way: writing to the store fails

    def serve(sock: socket.socket) -> None:
        receive_exactly(sock, len(PUT))
        sock.sendall(slow_down)

    with (
        serving(serve) as (port, troubles),
        passage(gateway, port) as passed,
        socket.create_connection(("127.0.0.1", passed.listener.port), LIMIT_S) as client,
    ):
        client.sendall(PUT.replace(b"300000", str(big).encode()))
        with contextlib.suppress(ConnectionError):
            for _ in range(big // 65_536):
                client.sendall(bytes(65_536))
        assert receive_all(client) == slow_down
    assert troubles == []
    (row,) = passed.rows
    assert (row.status, row.outcome, row.answered_by) == (503, "failed", "store")


def test_expect_continue_is_the_servers_to_answer(gateway: Gateway) -> None:
    head = PUT.replace(b"300000", b"5").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"

    def serve(sock: socket.socket) -> None:
        receive_exactly(sock, len(head))
        sock.sendall(go_on)
        assert receive_exactly(sock, 5) == b"hello"
        sock.sendall(OK)

    with (
        serving(serve) as (port, troubles),
        passage(gateway, port) as passed,
        socket.create_connection(("127.0.0.1", passed.listener.port), LIMIT_S) as client,
    ):
        client.sendall(head)
        assert receive_exactly(client, len(go_on)) == go_on
        client.sendall(b"hello")
        assert receive_exactly(client, len(OK)) == OK
    assert troubles == []
    (row,) = passed.rows
    assert (row.status, row.body_in_bytes, row.outcome) == (200, 5, "ok")


def test_a_half_closed_client_still_gets_its_answer(gateway: Gateway) -> None:
    def serve(sock: socket.socket) -> None:
        assert receive_all(sock).startswith(b"GET /b")
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")

    with (
        serving(serve) as (port, troubles),
        passage(gateway, port) as passed,
        socket.create_connection(("127.0.0.1", passed.listener.port), LIMIT_S) as client,
    ):
        client.sendall(b"GET /b?location HTTP/1.1\r\nHost: store\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client).endswith(b"until the end")
    assert troubles == []
    (row,) = passed.rows
    assert (row.status, row.outcome, row.body_out_bytes) == (200, "ok", 13)
    assert row.operation == "GetBucketLocation"


def connected(listener: Listener) -> socket.socket:
    return socket.create_connection(("127.0.0.1", listener.port), LIMIT_S)


def test_a_client_that_dies_in_its_body_leaves_a_row(gateway: Gateway) -> None:
    got: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        got.append(receive_all(sock))

    with (
        serving(serve) as (port, _),
        passage(gateway, port) as passed,
        connected(passed.listener) as client,
    ):
        client.sendall(PUT + bytes(1000))
    assert passed.was_quiet
    assert got == [PUT + bytes(1000)]
    (row,) = passed.rows
    assert (row.status, row.outcome, row.body_in_bytes) == (None, "failed", 1000)


def test_a_client_that_dies_waiting_leaves_what_the_store_said(gateway: Gateway) -> None:
    is_dead = threading.Event()

    def serve(sock: socket.socket) -> None:
        receive_exactly(sock, len(PUT) + 300_000)
        is_dead.wait(LIMIT_S)
        sock.sendall(OK)

    with serving(serve) as (port, troubles), passage(gateway, port) as passed:
        with connected(passed.listener) as client:
            client.sendall(PUT + bytes(300_000))
        is_dead.set()
    assert troubles == []
    (row,) = passed.rows
    assert (row.status, row.outcome) == (200, "ok")


def test_a_store_that_leaves_without_an_answer(gateway: Gateway) -> None:
    def serve(sock: socket.socket) -> None:
        receive_exactly(sock, len(PUT) + 300_000)

    with (
        serving(serve) as (port, _),
        passage(gateway, port) as passed,
        connected(passed.listener) as client,
    ):
        client.sendall(PUT + bytes(300_000))
        assert receive_all(client) == b""
    (row,) = passed.rows
    assert (row.status, row.outcome, row.answered_by) == (None, "unknown", "store")


def test_a_store_that_is_not_there(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with passage(gateway, port) as passed, connected(passed.listener) as client:
        client.sendall(PUT + bytes(100))
        assert receive_all(client) == b""
    (row,) = passed.rows
    assert (row.status, row.outcome, row.answered_by) == (None, "failed", "gateway")
    assert row.touched_by == ("store-unreachable",)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, b"431"),
    ],
)
def test_what_is_no_http_is_answered_and_goes_nowhere(
    gateway: Gateway, sent: bytes, status: bytes
) -> None:
    def serve(sock: socket.socket) -> None:
        raise AssertionError("nothing may come through")

    with (
        serving(serve) as (port, troubles),
        passage(gateway, port) as passed,
        connected(passed.listener) as client,
    ):
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client).split(b" ")[1] == status
    assert troubles == []
    (row,) = passed.rows
    assert (row.answered_by, row.touched_by, row.operation) == (
        "gateway",
        ("malformed",),
        "Unknown",
    )


def test_a_read_only_listener_refuses_writes_and_forwards_none(gateway: Gateway) -> None:
    get = b"GET /b/k HTTP/1.1\r\nHost: store\r\n\r\n"
    came: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        came.append(receive_exactly(sock, len(get)))
        sock.sendall(OK)
        came.append(receive_all(sock))

    with (
        serving(serve) as (port, troubles),
        passage(gateway, port, read_only=True) as passed,
        connected(passed.listener) as client,
    ):
        client.sendall(get + PUT + bytes(300_000))
        client.shutdown(socket.SHUT_WR)
        answer = receive_all(client)
    assert troubles == []
    assert came == [get, b""]
    assert answer.startswith(OK + b"HTTP/1.1 403 ")
    assert b"<Code>AccessDenied</Code>" in answer
    read, write = passed.rows
    assert (read.status, read.answered_by, read.touched_by) == (200, "store", ())
    assert (write.status, write.error_code, write.answered_by) == (403, "AccessDenied", "gateway")
    assert (write.touched_by, write.outcome) == (("read-only",), "failed")


def test_closing_cuts_what_does_not_end_and_writes_it(gateway: Gateway) -> None:
    def serve(sock: socket.socket) -> None:
        receive_all(sock)

    with serving(serve) as (port, _):
        with passage(gateway, port, wait_s=0.2) as passed:
            client = connected(passed.listener)
            client.sendall(PUT + bytes(300_000))
            # it has passed when the log has its arrival
            while not any(b'"/b/k"' in line for line in gateway.log.read_bytes().splitlines()[-1:]):
                pass
        with client:
            assert receive_all(client) == b""
    assert passed.was_quiet is False
    assert [row.status for row in passed.rows] == [None]
    with pytest.raises(ConnectionRefusedError):
        connected(passed.listener)
