"""Which points of a grid are run, which are only computed, and which one the model is held to."""

from __future__ import annotations

import re
from dataclasses import replace

from drtest.cost.habits import Habits, habits
from drtest.cost.shapes import MIB
from drtest.cost.sizes import BLOCK_BYTES, volume
from drtest.model.grid import DEFAULT_VOLSIZE_MIB, At, Grid, Sweep, Unrun
from drtest.model.scenario import Policy, Scenario

WHOLE_VOLUMES = 3  # of a full: with fewer there is nothing to see of a volume size
UNSEEN_VOLUMES = 4  # some more, for the one that nothing is computed from
_POINT = re.compile(
    r"(?P<name>.+) \(volsize (?P<volsize>[1-9][0-9]{0,5}), chunk (?P<chunk>[1-9][0-9]{0,5})\)",
    re.DOTALL,
)


def at_point(policy: Policy, at: At) -> Policy:
    """Return *policy* with the volume size and the upload chunk of a point."""
    volsize, chunk = at
    return replace(policy, volsize_mib=volsize, s3_multipart_chunk_size_mib=chunk)


def point_name(name: str, at: At) -> str:
    """Return the name of a point's scenario: ``NAME (volsize 5, chunk 20)``."""
    volsize, chunk = at
    return f"{name} (volsize {volsize}, chunk {chunk})"


def named_point(text: str) -> tuple[str, At] | None:
    """Return the scenario's name and the point in what ``point_name`` made; None for any other."""
    found = _POINT.fullmatch(text)
    if found is None:
        return None
    return found["name"], (int(found["volsize"]), int(found["chunk"]))


def point_scenario(scenario: Scenario, at: At) -> Scenario:
    """Return *scenario* as it is run at a point: same source, seed, calendar and drills."""
    return replace(
        scenario,
        name=point_name(scenario.name, at),
        policy=at_point(scenario.policy, at),
        tune=None,
    )


def sweep(
    scenario: Scenario, grid: Grid, *, duplicity_version: str, full_bytes: int, block_bytes: float
) -> Sweep:
    """Return the points of *grid* for *scenario*, whose full should store *full_bytes*.

    Yours and duplicity's default are always among the points. A volume that is smaller than every
    upload chunk is one request with each of them: such a volume size is one point. At least one
    point is run, whatever the size; ``tuning`` then says that it was too small to measure.
    *block_bytes* is the mean size of a block of content, compressed (``sizes.volume``).
    """
    habit = habits(scenario.policy, duplicity_version=duplicity_version)
    bare = habits(Policy(), duplicity_version=duplicity_version)
    yours: At = (habit.volsize_mib, habit.client.chunk_bytes // MIB)
    default: At = (DEFAULT_VOLSIZE_MIB, bare.client.chunk_bytes // MIB)
    cutter = _Cutter(habit, full_bytes, block_bytes)
    asked = grid.chunks_mib or (yours[1],)
    least = min(*asked, yours[1], default[1])

    def points_of(volsize: int, chunks: tuple[int, ...]) -> set[At]:
        if cutter.object_bytes(volsize) < least * MIB:
            return {(volsize, yours[1])}
        return {(volsize, chunk) for chunk in chunks}

    points = {at for volsize in grid.volsizes_mib for at in points_of(volsize, asked)}
    points |= {yours, *points_of(default[0], (default[1],))}
    ordered = tuple(sorted(points))
    unrun = [
        Unrun(at=at, why=too_few(at[0]))
        for at in ordered
        if cutter.whole_volumes(at[0]) < WHOLE_VOLUMES
    ]
    if len(unrun) == len(ordered):
        unrun = unrun[1:]
    unseen, why = _unseen(cutter, yours, {at[0] for at in ordered})
    return Sweep(
        scenario=scenario.name,
        file=scenario.file,
        grid=grid,
        yours=yours,
        default=next(iter(points_of(default[0], (default[1],)))),
        points=ordered,
        unrun=tuple(unrun),
        unseen=unseen,
        why_no_unseen=why,
    )


def too_few(volsize_mib: int) -> str:
    """Return why a point is modelled whose full has too few volumes."""
    return f"a full has fewer than {WHOLE_VOLUMES} whole volumes of {volsize_mib} MiB"


class _Cutter:
    """Cuts a full of so many bytes."""

    def __init__(self, habit: Habits, full_bytes: int, block_bytes: float) -> None:
        self._frame = habit.frame
        self._full_bytes = full_bytes
        self._block_bytes = min(max(block_bytes, 1), BLOCK_BYTES)

    def object_bytes(self, volsize_mib: int) -> int:
        return volume(volsize_mib, self._frame, block_stored_bytes=self._block_bytes).object_bytes

    def whole_volumes(self, volsize_mib: int) -> int:
        """All but the last, which is cut short."""
        each = volume(volsize_mib, self._frame, block_stored_bytes=self._block_bytes)
        return max(0, -(-self._full_bytes // each.payload_bytes) - 1)


def _unseen(cutter: _Cutter, yours: At, shown: set[int]) -> tuple[At | None, str]:
    """The largest volume size below the largest one that is run, which nobody asked for."""
    run = [volsize for volsize in shown if cutter.whole_volumes(volsize) >= WHOLE_VOLUMES]
    for volsize in range(max(run, default=0), 0, -1):
        if volsize not in shown and cutter.whole_volumes(volsize) >= UNSEEN_VOLUMES:
            return (volsize, yours[1]), ""
    if not run:
        return None, f"no volume size shows {WHOLE_VOLUMES} whole volumes: the source is too small"
    return None, f"no other volume size up to {max(run)} MiB is left to hold the model to"
