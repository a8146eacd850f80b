"""Harms stored objects. Each harm is sure: what is stored afterwards differs from before.

Source of the verbs: design.md. Nothing here knows duplicity but for a volume's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from drtest.model.chain import Harm
from drtest.model.names import format_name, parse_name
from drtest.store.interface import Place, Store
from drtest.store.versions import purge


def flip_byte(data: bytes) -> bytes:
    """Return *data* with one bit of its middle byte inverted; ValueError where there is none."""
    if not data:
        raise ValueError("an empty object has no byte to flip")
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x01]) + data[middle + 1 :]


def truncate(data: bytes) -> bytes:
    """Return the first half of *data*; ValueError where it is empty already."""
    if not data:
        raise ValueError("an empty object cannot be cut short")
    return data[: len(data) // 2]


def harm(store: Store, place: Place, keys: Sequence[str], how: Harm) -> tuple[str, ...]:
    """Do *how* to the objects *keys*, whole keys in *place*; return those that differ now.

    What cannot be harmed so (an empty object, two equal ones to swap) is left as it is and is not
    among them.
    """
    with store.watched():
        match how:
            case "delete":
                for key in keys:
                    store.client().delete_object(Bucket=place.bucket, Key=key)
                return tuple(keys)
            case "purge":
                return tuple(key for key in keys if purge(store, place, key))
            case "flip-byte" | "truncate" | "empty":
                return _rewrite(store, place, keys, how)
            case "swap":
                return _swap(store, place, keys)
            case "duplicate":
                return _duplicate(store, place, keys)
            case _ as never:
                assert_never(never)


def _get(store: Store, place: Place, key: str) -> bytes:
    return store.client().get_object(Bucket=place.bucket, Key=key)["Body"].read()


def _put(store: Store, place: Place, contents: Mapping[str, bytes]) -> None:
    for key, data in contents.items():
        store.client().put_object(Bucket=place.bucket, Key=key, Body=data)


def _rewrite(store: Store, place: Place, keys: Sequence[str], how: Harm) -> tuple[str, ...]:
    harmed: list[str] = []
    for key in keys:
        data = _get(store, place, key)
        if data:
            hurt = {"flip-byte": flip_byte, "truncate": truncate}.get(how, lambda _: b"")(data)
            _put(store, place, {key: hurt})
            harmed.append(key)
    return tuple(harmed)


def _swap(store: Store, place: Place, keys: Sequence[str]) -> tuple[str, ...]:
    """Give each object the content of the next one, and the last that of the first."""
    contents = {key: _get(store, place, key) for key in keys}
    turned = dict(zip(keys, [*list(contents.values())[1:], contents[keys[0]]], strict=True))
    changed = {key: data for key, data in turned.items() if data != contents[key]}
    _put(store, place, changed)
    return tuple(changed)


def _duplicate(store: Store, place: Place, keys: Sequence[str]) -> tuple[str, ...]:
    """Store each volume once more, under the first number behind all volumes of its set."""
    made: list[str] = []
    taken = {one.key for one in store.list_objects(place.bucket, place.prefix)}
    for key in keys:
        folder, slash, base = key.rpartition("/")
        name = parse_name(base)
        if name.volume is None:
            continue
        number = name.volume
        while (other := folder + slash + format_name(replace(name, volume=number))) in taken:
            number += 1
        taken.add(other)
        _put(store, place, {other: _get(store, place, key)})
        made.append(other)
    return tuple(made)
