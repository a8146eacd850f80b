from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.gateway.classify import classify
from drtest.gateway.exchange import PEEK_LIMIT_BYTES, Attempts, Exchange
from drtest.gateway.framing import RequestHead


def head(method: str = "PUT", target: str = "/b/k", **fields: str) -> RequestHead:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return RequestHead(raw=b"", method=method, target=target, fields=named)


def exchange(request: RequestHead | None = None, **known: Any) -> Exchange:
    asked = request or head()
    return Exchange(
        number=1,
        head=asked,
        target=classify(asked.method, asked.target, asked.fields),
        arrived_at=0.0,
        began_s=0.0,
        **known,
    )


@pytest.mark.parametrize(
    ("method", "known", "outcome"),
    [
        ("PUT", {"status": 200, "is_answer_whole": True}, "ok"),
        ("GET", {"status": 206, "is_answer_whole": True}, "ok"),
        ("GET", {"status": 304, "is_answer_whole": True}, "ok"),
        ("HEAD", {"status": 404, "is_answer_whole": True}, "failed"),
        ("PUT", {"status": 503}, "failed"),
        ("PUT", {"status": 200, "is_answer_whole": True, "error_code": "InternalError"}, "failed"),
        ("GET", {"status": 200, "is_request_whole": True}, "failed"),
        ("PUT", {"status": 200, "is_request_whole": True}, "unknown"),
        ("PUT", {"is_request_whole": True}, "unknown"),
        ("DELETE", {"is_request_whole": True}, "unknown"),
        ("PUT", {"is_request_whole": False}, "failed"),
        ("GET", {"is_request_whole": True}, "failed"),
        ("PUT", {"is_request_whole": True, "is_forwarded": False}, "failed"),
    ],
)
def test_outcomes(method: str, known: dict[str, Any], outcome: str) -> None:
    assert exchange(head(method), **{"is_forwarded": True, **known}).outcome == outcome


def test_tries_of_one_call_are_counted() -> None:
    attempts = Attempts()
    first, second = head(amz_sdk_invocation_id="a"), head(amz_sdk_invocation_id="b")
    assert [attempts.count(h) for h in (first, second, first, first, second)] == [1, 1, 2, 3, 2]
    attempts.settle(first, "ok")
    assert attempts.count(first) == 4  # S3 said ok, and the client did not get to hear of it


def test_a_try_that_never_got_here_counts_as_well() -> None:
    attempts = Attempts()
    third = head(amz_sdk_invocation_id="a", amz_sdk_request="ttl=x; attempt=3; max=5")
    assert [attempts.count(third), attempts.count(third)] == [3, 4]


def test_parts_of_one_object_are_different_requests() -> None:
    attempts = Attempts()
    same = {"amz_sdk_invocation_id": "a"}
    parts = [head(target=f"/b/k?uploadId=u&partNumber={n}", **same) for n in (1, 2)]
    assert [attempts.count(part) for part in parts] == [1, 1]


def test_without_an_id_only_a_failed_request_can_be_tried_again() -> None:
    attempts = Attempts()
    listing = head("GET", "/b?prefix=")
    assert attempts.count(listing) == 1
    attempts.settle(listing, "ok")
    assert attempts.count(listing) == 1
    attempts.settle(listing, "failed")
    assert attempts.count(listing) == 2


@pytest.mark.parametrize(
    "field", [{"content_length": "1"}, {"content_md5": "x"}, {"range": "bytes=0-1"}]
)
def test_what_makes_a_request_another_one(field: dict[str, str]) -> None:
    attempts = Attempts()
    assert [attempts.count(head()), attempts.count(head(**field))] == [1, 1]


def test_attempts_do_not_grow_without_end() -> None:
    attempts = Attempts()
    for number in range(20_000):
        attempts.count(head(amz_sdk_invocation_id=str(number)))
    assert len(attempts._seen) <= 4096


ERROR = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>m</Message></Error>'


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_the_error_code_is_seen_however_it_arrives(cuts: list[int]) -> None:
    seen = exchange(status=404)
    at = turn = 0
    while at < len(ERROR):
        size = cuts[turn % len(cuts)]
        seen.peek(ERROR[at : at + size])
        at, turn = at + size, turn + 1
    assert seen.error_code == "NoSuchKey"


def test_no_more_than_the_beginning_is_looked_at() -> None:
    seen = exchange(status=404)
    seen.peek(b" " * PEEK_LIMIT_BYTES)
    seen.peek(ERROR)
    assert seen.error_code == ""
    assert len(seen.peeked) == PEEK_LIMIT_BYTES


def test_a_completion_may_fail_inside_a_200() -> None:
    completion = exchange(head("POST", "/b/k?uploadId=1"), status=200)
    assert completion.is_peeked_at
    assert not exchange(head("GET"), status=200).is_peeked_at


def test_what_an_object_name_says() -> None:
    key = "/b/p/duplicity-inc.20260101T030000Z.to.20260102T030000Z.vol12.difftar.gpg"
    named = exchange(head(target=key)).named
    assert (named.kind, named.set_at, named.volume) == ("volume", "20260102T030000Z", 12)
    other = exchange(head(target="/b/readme")).named
    assert (other.kind, other.set_at, other.volume) == ("other", "", None)
    bucket = exchange(head("HEAD", "/b")).named
    assert (bucket.kind, bucket.set_at, bucket.volume) == ("", "", None)
