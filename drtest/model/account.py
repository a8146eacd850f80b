"""What a scenario's calendar came to, point by point: what reports draw, and judge nothing by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

# Worst first: several drills of one point, and several points of one day, show the first of these.
PointState = Literal[
    "wrong",  # status 0, and not what was backed up
    "refused",  # a restore that should have come back did not
    "lost",  # promised, and not restorable from what the bucket holds
    "missing",  # a backup was due and made none
    "unverified",  # drilled, and drtest could not say
    "untried",  # there, and no drill asked for it
    "verified",  # came back exact in every drill that should bring it back
    "pruned",  # taken by retention, and no longer promised
]
STATES: tuple[PointState, ...] = (
    "wrong",
    "refused",
    "lost",
    "missing",
    "unverified",
    "untried",
    "verified",
    "pruned",
)
Place = Literal["wire", "store", "machine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointResult:
    """One backup of the calendar and what is known of restoring it at the end."""

    at: datetime
    chain: int  # from 1; 0 for a backup that gave no point
    is_full: bool
    state: PointState
    drills: tuple[str, ...] = ()  # labels of those that asked for it and should recover it


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """Something that was done to the backup on purpose, and the proof that it happened."""

    at: datetime
    place: Place  # what duplicity saw, what is stored, what the machine has
    what: str
    happened: str  # the proof, in words: "fired once; 3 requests fitted"
    did_happen: bool
    must_be: str  # what the step must come to; "" where it has no action
    was: str  # what it came to, "" likewise
    restores: int  # drills of points from then on
    restores_right: int
    silently_wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """The objectives that have a figure; None: not stated."""

    keep_s: float | None = None
    rpo_s: float | None = None
    rto_s: float | None = None
    real_size: bool = False
    requests_per_month: int | None = None
    cost_per_month: str = ""  # as the scenario words it; "": not stated
    restore_cost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The calendar of one scenario as it was played; instants are simulated."""

    start_at: datetime
    end_at: datetime
    steps: int
    source_paths: int  # of the source as it was recorded last
    source_bytes: int
    goals: Goals
    points: tuple[PointResult, ...]
    disturbances: tuple[Disturbance, ...]


def worst_state(states: Iterable[PointState]) -> PointState:
    """Return the first of ``STATES`` among *states*, which are not none."""
    return min(states, key=STATES.index)
