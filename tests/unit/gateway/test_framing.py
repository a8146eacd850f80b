from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import Message, requests, responses
from support.peers import slices

from drtest.gateway.framing import (
    HEAD_LIMIT_BYTES,
    Data,
    End,
    Framer,
    Malformed,
    Piece,
    RequestHead,
    ResponseHead,
)


@dataclass
class Cut:
    raw: bytes = b""
    bodies: tuple[bytes, ...] = ()
    heads: int = 0


def cut(framer: Framer, data: bytes, cuts: list[int], answers: list[str]) -> Cut:
    found = Cut()
    body = b""
    waiting = list(answers)
    for piece in slices(data, cuts):
        for part in framer.feed(piece):
            match part:
                case RequestHead():
                    found.raw += part.raw
                    found.heads += 1
                case ResponseHead():
                    found.raw += part.raw
                    found.heads += not part.is_interim
                    framer.answers = waiting[0] if waiting else ""
                case Data():
                    found.raw += part.raw
                    body += part.body
                case End():
                    found.bodies += (body,)
                    body = b""
                    if waiting:
                        waiting.pop(0)
    return found


@given(st.lists(requests(), min_size=1, max_size=4), st.lists(st.integers(1, 200), max_size=5))
def test_requests_are_cut_where_they_end(messages: list[Message], cuts: list[int]) -> None:
    framer = Framer("request")
    data = b"".join(message.raw for message in messages)
    found = cut(framer, data, cuts, [])
    assert found.raw == data
    assert found.bodies == tuple(message.body for message in messages)
    assert found.heads == len(messages)
    assert framer.is_between


@given(
    st.lists(st.sampled_from(["GET", "HEAD", "PUT"]), min_size=1, max_size=4).flatmap(
        lambda methods: st.tuples(
            st.just(methods), st.tuples(*(responses(method) for method in methods))
        )
    ),
    st.lists(st.integers(1, 200), max_size=5),
)
def test_answers_are_cut_where_they_end(
    case: tuple[list[str], tuple[Message, ...]], cuts: list[int]
) -> None:
    methods, messages = case
    framer = Framer("response")
    data = b"".join(message.raw for message in messages)
    found = cut(framer, data, cuts, methods)
    assert found.raw == data
    assert found.bodies == tuple(message.body for message in messages)
    assert framer.is_between


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=4))
def test_noise_loses_no_byte(data: bytes, cuts: list[int]) -> None:
    framer = Framer("request")
    raw = b""
    fed = 0
    try:
        for piece in slices(data, cuts):
            fed += len(piece)
            for part in framer.feed(piece):
                raw += part.raw if not isinstance(part, End) else b""
    except Malformed as problem:
        assert problem.status in {400, 431}
    assert raw + framer.unread == data[:fed]


def feed_request(data: bytes) -> list[Piece]:
    return list(Framer("request").feed(data))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", 400),  # TLS on a plain port
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nspace : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nContent-Length: 1000000000000000000000\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, 400),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * HEAD_LIMIT_BYTES, 431),
    ],
)
def test_what_is_no_http(data: bytes, status: int) -> None:
    with pytest.raises(Malformed) as caught:
        feed_request(data)
    assert caught.value.status == status


def test_repeated_equal_lengths_are_one() -> None:
    pieces = feed_request(b"PUT / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab")
    assert [type(piece) for piece in pieces] == [RequestHead, Data, End]


def test_empty_lines_before_a_request_go_with_its_head() -> None:
    (head, end) = feed_request(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert isinstance(head, RequestHead)
    assert head.raw == b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    assert isinstance(end, End)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    framer = Framer("response")
    pieces = list(framer.feed(b"HTTP/1.1 200 OK\r\n\r\nabc"))
    assert isinstance(pieces[-1], Data)
    assert framer.is_until_close


def test_a_volume_is_not_copied() -> None:
    framer = Framer("request")
    list(framer.feed(b"PUT /b/k HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"))
    data = bytes(100_000)
    (piece,) = framer.feed(data)
    assert isinstance(piece, Data)
    assert piece.raw is data
    assert piece.body is data
