"""The sets that a run really made, as its listings show them: what a projection is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drtest.cost.shapes import SetSizes
from drtest.model.events import Event, ListingRecorded
from drtest.model.names import SetId, parse_name


def sets(events: Iterable[Event]) -> dict[int, SetSizes]:
    """Return the sizes of the set that each step's listing shows as new, by the step's index.

    A step that left no whole set (a volume and a manifest) is left out.
    """
    found: dict[int, SetSizes] = {}
    for event in events:
        if isinstance(event, ListingRecorded):
            new = _by_set({one.key: one.size_bytes for one in event.added})
            if new:
                found[event.index] = new[max(new, key=lambda one: one.at)]
    return found


def left(events: Iterable[Event]) -> dict[str, int]:
    """Return the objects that the listings of *events* leave in the bucket, with their bytes."""
    keys: dict[str, int] = {}
    for event in events:
        if isinstance(event, ListingRecorded):
            for key in event.removed:
                keys.pop(key, None)
            keys.update((one.key, one.size_bytes) for one in event.added)
    return keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What lies in the bucket in the end."""

    newest_chain: tuple[SetSizes, ...]  # full first; empty where there is none
    keys: int


def bucket(events: Iterable[Event]) -> Bucket:
    """Return what the listings of *events* leave, the newest chain set by set."""
    keys = left(events)
    whole = sorted(_by_set(keys).items(), key=lambda pair: pair[0].at)
    fulls = [number for number, (one, _) in enumerate(whole) if one.is_full]
    newest = whole[fulls[-1] :] if fulls else []
    return Bucket(newest_chain=tuple(sizes for _, sizes in newest), keys=len(keys))


def _by_set(keys: Mapping[str, int]) -> dict[SetId, SetSizes]:
    """The sets of which *keys* (name -> bytes) hold a volume and the manifest."""
    volumes: dict[SetId, dict[int, int]] = {}
    others: dict[SetId, dict[str, int]] = {}
    for key, size_bytes in keys.items():
        name = parse_name(key)
        if name.set is None or name.is_partial:
            continue
        if name.volume is not None:
            volumes.setdefault(name.set, {})[name.volume] = size_bytes
        else:
            others.setdefault(name.set, {})[name.kind] = size_bytes
    found: dict[SetId, SetSizes] = {}
    for one, sizes in volumes.items():
        other = others.get(one, {})
        if "manifest" not in other:
            continue
        last = sizes.pop(max(sizes))
        found[one] = SetSizes(
            volumes=len(sizes) + 1,
            volume_bytes=sum(sizes.values()) // len(sizes) if sizes else last,
            last_volume_bytes=last,
            signatures_bytes=other.get("signatures", 0),
            manifest_bytes=other["manifest"],
            jsonstat_bytes=other.get("jsonstat"),
        )
    return found
