"""Harm is sure: what is stored afterwards differs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.model.chain import Harm
from drtest.store import stores
from drtest.store.damage import flip_byte, harm, truncate
from drtest.store.interface import Place, Store

NAMES = [f"host/duplicity-full.20260101T030000Z.vol{number}.difftar.gz" for number in (1, 2, 3)]


@given(st.binary(min_size=1, max_size=64))
def test_harmed_bytes_always_differ(data: bytes) -> None:
    hurt = flip_byte(data)
    assert sum(a != b for a, b in zip(data, hurt, strict=True)) == 1
    assert len(truncate(data)) < len(data)


@pytest.mark.parametrize("change", [flip_byte, truncate])
def test_nothing_cannot_be_harmed(change: object) -> None:
    with pytest.raises(ValueError, match="empty"):
        change(b"")  # type: ignore[operator]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    server = stores()["moto"]()
    folder: Path = tmp_path_factory.mktemp("moto")
    server.start(folder)
    yield server
    server.stop()


@pytest.fixture
def place(store: Store) -> Iterator[Place]:
    made = store.make_bucket("harm")
    for number, key in enumerate(NAMES):
        store.client().put_object(Bucket="harm", Key=key, Body=bytes([number]) * (10 + number))
    yield made
    store.delete_bucket("harm")


def held(store: Store) -> dict[str, bytes]:
    return {
        one.key: store.client().get_object(Bucket="harm", Key=one.key)["Body"].read()
        for one in store.list_objects("harm")
    }


@pytest.mark.parametrize("how", ["delete", "flip-byte", "truncate", "empty", "swap", "duplicate"])
def test_each_harm_changes_what_it_names_and_nothing_else(
    store: Store, place: Place, how: Harm
) -> None:
    before = held(store)
    changed = harm(store, place, NAMES[:2], how)
    after = held(store)
    assert len(changed) == 2
    assert {key for key in {*before, *after} if before.get(key) != after.get(key)} == set(changed)


def test_what_is_empty_already_is_not_harmed(store: Store, place: Place) -> None:
    store.client().put_object(Bucket="harm", Key=NAMES[0], Body=b"")
    for how in ("flip-byte", "truncate", "empty"):
        assert harm(store, place, NAMES[:1], how) == ()


def test_equal_objects_cannot_be_swapped(store: Store, place: Place) -> None:
    for key in NAMES[:2]:
        store.client().put_object(Bucket="harm", Key=key, Body=b"same")
    assert harm(store, place, NAMES[:2], "swap") == ()


def test_a_duplicate_takes_the_first_free_number(store: Store, place: Place) -> None:
    assert harm(store, place, NAMES[:1], "duplicate") == (NAMES[0].replace("vol1", "vol4"),)
