"""A change to the source happens once, while a request is held, and never holds it for ever."""

from __future__ import annotations

import threading

import pytest

from drtest.gateway import Trip
from drtest.runner.meddle import meddling

TRIP = Trip(number=1, rule=0, operation="PutObject", key="k", attempt=1)


def test_the_change_is_made_before_the_request_goes_on_and_once() -> None:
    told: list[str] = []
    released = threading.Semaphore(0)

    def change() -> dict[str, int]:
        told.append("changed")
        return {"edit": 1}

    def release(trip: Trip) -> None:
        told.append(f"released {trip.number}")
        released.release()

    with meddling(change, release=release) as meddler:
        for number in (1, 2):
            meddler.on_hold(Trip(number=number, rule=0, operation="", key="", attempt=number))
            assert released.acquire(timeout=10)
    meddler.settle()
    assert told == ["changed", "released 1", "released 2"]
    assert meddler.changed == {"edit": 1}


def test_nothing_held_is_nothing_changed() -> None:
    with meddling(lambda: {"edit": 1}, release=lambda _trip: None) as meddler:
        pass
    meddler.settle()
    assert meddler.changed is None


def test_a_change_that_fails_lets_go_and_is_told_afterwards() -> None:
    released = threading.Event()

    def change() -> dict[str, int]:
        raise ValueError("/srv/ww is not there")

    with meddling(change, release=lambda _trip: released.set()) as meddler:
        meddler.on_hold(TRIP)
        assert released.wait(10)
    with pytest.raises(ValueError, match="/srv/ww"):
        meddler.settle()
    assert meddler.changed is None
