"""Where a path lies in a set, as one run's reads showed it: what another cut of it would read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from drtest.cost.shapes import SetSizes
from drtest.cost.sizes import GPG_PADDING_BYTES, Frame

# A drill of one path, as the request log names it -> step of each set that it read -> the first
# and the last volume of it.
Reads = Mapping[str, Mapping[int, tuple[int, int]]]


def part_for(
    read: tuple[int, int], before: SetSizes, after: SetSizes, *, frame: Frame, path_bytes: float
) -> SetSizes:
    """Return the volumes of *after* that hold what the volumes *read* of *before* held.

    The path of *path_bytes* is taken to lie in the middle of what was read: exact where *before*
    has the smaller volumes, but for a path at the edge of two.
    """
    padding = GPG_PADDING_BYTES if frame == "gpg" else 0
    each, new_each = (max(1, one.volume_bytes - padding) for one in (before, after))
    first, last = read
    start_bytes = (first - 1) * each
    end_bytes = min(last * each, before.difftar_bytes - padding * (before.volumes - 1))
    middle, half = (start_bytes + end_bytes) / 2, min(path_bytes, end_bytes - start_bytes) / 2
    new_first = min(max(1, int((middle - half) // new_each) + 1), after.volumes)
    new_last = min(max(new_first, ceil((middle + half) / new_each)), after.volumes)
    ends_it = new_last == after.volumes
    return replace(
        after,
        volumes=new_last - new_first + 1,
        last_volume_bytes=after.last_volume_bytes if ends_it else after.volume_bytes,
    )
