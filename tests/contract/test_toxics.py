"""What every toxic promises: it hits what its trigger says, once it is due, and nothing else."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.gateways import passage
from support.peers import LIMIT_S, receive_all, receive_exactly, serving

from drtest.gateway import Gateway, Listener, Trip
from drtest.gateway.toxics import TOXICS, written
from drtest.model.toxic import Deed, Hold, Kill, Toxic, When

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BODY = bytes(range(256)) * 2048  # half a MiB: more than one receive
VOLUME = "/b/host/duplicity-full.20260101T030000Z.vol{}.difftar.gpg"
MANIFEST = "/b/host/duplicity-full.20260101T030000Z.manifest.gpg"


def request(path: str, *, body: bytes = BODY, call: str = "") -> bytes:
    """One PUT; *call* is botocore's id of the API call that this is an attempt of."""
    more = f"amz-sdk-invocation-id: {call}\r\n" if call else ""
    head = f"PUT {path} HTTP/1.1\r\nHost: store\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass(kw_only=True)
class Store:
    """Answers every PUT, and keeps what it got whole."""

    bodies: list[int] = field(default_factory=list)

    def __call__(self, sock: socket.socket) -> None:
        with contextlib.suppress(ConnectionResetError):  # what some toxics are about
            self._serve(sock)

    def _serve(self, sock: socket.socket) -> None:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                byte = receive_exactly(sock, 1)
                if not byte:
                    return
                head += byte
            size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            got = receive_exactly(sock, size)
            if len(got) < size:
                return
            self.bodies.append(len(got))
            sock.sendall(OK)


def ask(listener: Listener, data: bytes) -> bytes:
    """What a client gets that sends *data*; "" where it was cut off."""
    with socket.create_connection(("127.0.0.1", listener.port), LIMIT_S) as client:
        try:
            client.sendall(data)
            return receive_exactly(client, len(OK))
        except (ConnectionResetError, BrokenPipeError):
            return b""


class ToxicContract(ABC):
    """Subclass, supply ``make``, inherit the tests."""

    word = ""  # in the registry
    lets_through = True  # whether the exchange goes on once it is released

    @abstractmethod
    def make(self, **attributes: Any) -> Deed: ...

    def armed(self, *, at: str = "head", **when: Any) -> Toxic:
        return Toxic(does=self.make(at=at), when=When(**when))

    def test_its_word_is_in_the_registry(self) -> None:
        assert written(self.armed())["toxic"] == self.word
        assert self.word in TOXICS

    def test_what_does_not_fit_passes(self, gateway: Gateway) -> None:
        store, toxic = Store(), self.armed(operations=("PutObject",), of="volume", volume=2)
        with serving(store) as (port, troubles), passage(gateway, port, toxics=[toxic]) as one:
            for path in (VOLUME.format(1), MANIFEST, VOLUME.format(3), "/b/other"):
                assert ask(one.listener, request(path)) == OK
            (counted,) = gateway.count(one.listener)
        assert troubles == []
        assert (counted.seen, counted.fired) == (0, 0)
        assert store.bodies == [len(BODY)] * 4
        assert {row.touched_by for row in one.rows} == {()}

    @pytest.mark.parametrize("at", ["head", "body", "answered"])
    def test_the_nth_is_held_until_it_is_released(self, gateway: Gateway, at: str) -> None:
        store, trips = Store(), queue.SimpleQueue[Trip]()
        toxic = self.armed(at=at, operations=("PutObject",), of="volume", nth=2)
        got: list[bytes] = []
        with (
            serving(store) as (port, troubles),
            passage(gateway, port, toxics=[toxic], on_trip=trips.put) as one,
        ):
            assert ask(one.listener, request(VOLUME.format(1))) == OK
            asking = threading.Thread(
                target=lambda: got.append(ask(one.listener, request(VOLUME.format(2))))
            )
            asking.start()
            trip = trips.get(timeout=LIMIT_S)
            # what the store has now is what it has for good, if the client dies here
            assert len(store.bodies) == (2 if at == "answered" else 1)
            assert got == []
            gateway.release(trip)
            asking.join(LIMIT_S)
            assert ask(one.listener, request(VOLUME.format(3))) == OK
            (counted,) = gateway.count(one.listener)
        assert troubles == []
        assert got == [OK if self.lets_through else b""]
        assert (trip.rule, trip.operation, trip.attempt) == (0, "PutObject", 1)
        assert trip.key == VOLUME.format(2).removeprefix("/b/")
        assert (counted.seen, counted.fired) == (3, 1)
        assert [row.touched_by for row in one.rows] == [(), (self.word,), ()]
        stored = 3 if self.lets_through or at == "answered" else 2
        assert store.bodies == [len(BODY)] * stored

    def test_bytes_are_counted_over_different_requests(self, gateway: Gateway) -> None:
        store, trips = Store(), queue.SimpleQueue[Trip]()
        toxic = self.armed(operations=("PutObject",), of="volume", sent_bytes=2 * len(BODY) + 1)
        with (
            serving(store) as (port, troubles),
            passage(gateway, port, wait_s=0.2, toxics=[toxic], on_trip=trips.put) as one,
        ):
            for path in (VOLUME.format(1), MANIFEST, VOLUME.format(2)):
                assert ask(one.listener, request(path)) == OK
            asking = threading.Thread(target=ask, args=(one.listener, request(VOLUME.format(3))))
            asking.start()
            trip = trips.get(timeout=LIMIT_S)
            gateway.release(trip)
            asking.join(LIMIT_S)
            assert ask(one.listener, request(VOLUME.format(4))) == OK
            (counted,) = gateway.count(one.listener)
        assert troubles == []
        assert trip.key == VOLUME.format(3).removeprefix("/b/")
        assert (counted.seen, counted.sent_bytes, counted.fired) == (4, 4 * len(BODY), 1)

    def test_a_retry_is_the_same_request(self, gateway: Gateway) -> None:
        store, trips = Store(), queue.SimpleQueue[Trip]()
        toxic = self.armed(operations=("PutObject",), nth=1, times=2)

        with (
            serving(store) as (port, troubles),
            passage(gateway, port, toxics=[toxic], on_trip=trips.put) as one,
        ):
            for attempt in (1, 2, 3):
                asking = threading.Thread(
                    target=lambda: ask(one.listener, request(VOLUME.format(1), call="a"))
                )
                asking.start()
                if attempt < 3:
                    trip = trips.get(timeout=LIMIT_S)
                    assert trip.attempt == attempt
                    gateway.release(trip)
                asking.join(LIMIT_S)
            assert ask(one.listener, request(VOLUME.format(2), call="b")) == OK
            (counted,) = gateway.count(one.listener)
        assert troubles == []
        assert (counted.seen, counted.fired) == (2, 2)

    def test_a_port_may_be_closed_while_it_holds(self, gateway: Gateway) -> None:
        trips = queue.SimpleQueue[Trip]()
        with (
            serving(lambda sock: (receive_all(sock), None)[1]) as (port, _),
            passage(gateway, port, wait_s=0.2, toxics=[self.armed()], on_trip=trips.put) as one,
        ):
            asking = threading.Thread(target=lambda: ask(one.listener, request(VOLUME.format(1))))
            asking.start()
            trip = trips.get(timeout=LIMIT_S)
        asking.join(LIMIT_S)
        assert one.was_quiet is False
        gateway.release(trip)  # it is gone, and that is fine


class TestKill(ToxicContract):
    word = "kill"
    lets_through = False

    def make(self, **attributes: Any) -> Deed:
        return Kill(**attributes)


class TestHold(ToxicContract):
    word = "hold"

    def make(self, **attributes: Any) -> Deed:
        return Hold(**attributes)


def test_every_toxic_has_a_contract_class() -> None:
    assert {one.word for one in ToxicContract.__subclasses__()} == set(TOXICS)
