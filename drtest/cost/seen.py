"""The sets that a run really made, as its listings show them: what a projection is measured on."""

from __future__ import annotations

from collections.abc import Iterable

from drtest.cost.shapes import SetSizes
from drtest.model.events import Event, ListingRecorded
from drtest.model.names import parse_name


def sets(events: Iterable[Event]) -> dict[int, SetSizes]:
    """Return the sizes of the set that each step's listing shows as new, by the step's index.

    A step that left no whole set (a volume and a manifest) is left out.
    """
    found: dict[int, SetSizes] = {}
    for event in events:
        if not isinstance(event, ListingRecorded):
            continue
        volumes: dict[int, int] = {}
        sizes: dict[str, int] = {}
        for one in event.added:
            name = parse_name(one.key)
            if name.is_partial:
                continue
            if name.volume is not None:
                volumes[name.volume] = one.size_bytes
            else:
                sizes[name.kind] = sizes.get(name.kind, 0) + one.size_bytes
        if not volumes or "manifest" not in sizes:
            continue
        last = volumes.pop(max(volumes))
        found[event.index] = SetSizes(
            volumes=len(volumes) + 1,
            volume_bytes=sum(volumes.values()) // len(volumes) if volumes else last,
            last_volume_bytes=last,
            signatures_bytes=sizes.get("signatures", 0),
            manifest_bytes=sizes["manifest"],
            jsonstat_bytes=sizes.get("jsonstat"),
        )
    return found
