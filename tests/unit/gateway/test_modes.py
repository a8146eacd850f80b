"""TLS in front, TLS behind, and both: one gateway's tls port stands for the store of another."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.gateways import Passage, passage
from support.messages import Message, requests, responses
from support.peers import (
    Turn,
    connecting,
    play,
    receive_all,
    receive_exactly,
    serving,
)

from drtest.gateway import Gateway

METHODS = st.lists(st.sampled_from(["GET", "HEAD", "PUT"]), min_size=1, max_size=2)
EXCHANGES = METHODS.flatmap(
    lambda methods: st.tuples(
        st.tuples(*(requests(method) for method in methods)),
        st.tuples(*(responses(method) for method in methods)),
    )
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(exchanges=EXCHANGES, cuts=st.lists(st.integers(1, 300), max_size=4), closes=st.booleans())
def test_any_valid_exchange_passes_through_tls(
    gateway: Gateway,
    exchanges: tuple[tuple[Message, ...], tuple[Message, ...]],
    cuts: list[int],
    closes: bool,
) -> None:
    turns = [
        Turn(request=request.raw, answer=answer.raw)
        for request, answer in zip(*exchanges, strict=True)
    ]
    with contextlib.ExitStack() as stack:
        # a first listener makes the authority, so that the client can know it beforehand
        first = stack.enter_context(passage(gateway, 9, mode="tls"))
        bundle = first.listener.environment["AWS_CA_BUNDLE"]
        opened: list[Passage] = []

        def port_of(port: int) -> int:
            opened.append(stack.enter_context(passage(gateway, port, mode="tls")))
            return opened[0].listener.port

        tls = ssl.create_default_context(cafile=bundle)
        seen = play(turns, through=port_of, cuts=cuts, closes=closes, tls=tls)
    assert seen.troubles == []
    assert seen.by_server == b"".join(turn.request for turn in turns)
    assert seen.by_client == b"".join(turn.answer for turn in turns)
    assert [row.status for row in opened[0].rows] == [answer.status for answer in exchanges[1]]


def test_the_authoritys_key_is_nowhere(gateway: Gateway) -> None:
    with passage(gateway, 9, mode="tls"):
        bundle = (gateway.folder / "gateway-ca.pem").read_text()
    assert "PRIVATE" not in bundle
    assert not [f for f in gateway.folder.iterdir() if "PRIVATE KEY" in f.read_text("latin-1")]


def test_a_client_that_does_not_know_the_authority_is_kept_out(gateway: Gateway) -> None:
    with (
        passage(gateway, 9, mode="tls") as passed,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        connecting(passed.listener.port, ssl.create_default_context())
    assert passed.rows == []
    assert gateway.is_alive


@dataclass(kw_only=True)
class Aws:
    """Something that stands for AWS: verified TLS and its own host name."""

    url: str
    authority: Path
    got: list[bytes]


@contextlib.contextmanager
def aws(gateway: Gateway, answers: int = 1) -> Iterator[Aws]:
    got: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        for _ in range(answers):
            data = b""
            while not data.endswith(b"\r\n\r\n"):
                piece = receive_exactly(sock, 1)
                if not piece:
                    return
                data += piece
            got.append(data)
            sock.sendall(OK)
        receive_all(sock)

    with serving(serve) as (port, troubles), passage(gateway, port, mode="tls") as store:
        yield Aws(
            url=f"https://localhost:{store.listener.port}",
            authority=Path(store.listener.environment["AWS_CA_BUNDLE"]),
            got=got,
        )
    assert troubles == []


def test_forward_speaks_http_here_and_verified_tls_there(gateway: Gateway) -> None:
    with (
        aws(gateway) as store,
        passage(gateway, store.url, mode="forward", authority=store.authority) as passed,
    ):
        listener = passed.listener
        assert listener.endpoint_url == store.url.replace("https", "http")
        assert listener.environment["http_proxy"] == f"http://127.0.0.1:{listener.port}"
        client = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=20)
        client.request(
            "GET",
            f"{listener.endpoint_url}/bucket/a%20key?x=http://y/",
            headers={"Proxy-Connection": "Keep-Alive", "Authorization": "AWS4"},
        )
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok")
        client.close()
    (head,) = store.got
    assert head.startswith(b"GET /bucket/a%20key?x=http://y/ HTTP/1.1\r\n")
    assert b"\r\nHost: localhost:" in head
    assert b"\r\nAuthorization: AWS4\r\n" in head
    assert b"proxy" not in head.lower()
    (row,) = passed.rows
    assert (row.operation, row.bucket, row.key) == ("GetObject", "bucket", "a key")
    assert row.path.startswith("http://localhost:")
    assert (row.status, row.answered_by) == (200, "store")


def test_forward_trusts_no_one_it_was_not_told_to(gateway: Gateway) -> None:
    with (
        aws(gateway) as store,
        passage(gateway, store.url, mode="forward") as passed,
        connecting(passed.listener.port) as client,
    ):
        client.sendall(f"GET {store.url.replace('https', 'http')}/b HTTP/1.1\r\n\r\n".encode())
        assert receive_all(client) == b""
    assert store.got == []
    assert [row.touched_by for row in passed.rows] == [("store-unreachable",)]


@pytest.mark.parametrize(
    "first",
    [
        "GET http://s3.example.org/b HTTP/1.1",
        "GET http://evillocalhost/b HTTP/1.1",
        "GET http://[/b HTTP/1.1",
        "GET /b HTTP/1.1",
        "CONNECT localhost:443 HTTP/1.1",
    ],
)
def test_forward_goes_to_the_store_alone(gateway: Gateway, first: str) -> None:
    with (
        aws(gateway) as store,
        passage(gateway, store.url, mode="forward", authority=store.authority) as passed,
        connecting(passed.listener.port) as client,
    ):
        client.sendall(f"{first}\r\nHost: x\r\n\r\n".encode())
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client).startswith(b"HTTP/1.1 403 ")
    assert store.got == []
    (row,) = passed.rows
    assert (row.answered_by, row.touched_by) == ("gateway", ("gateway",))
