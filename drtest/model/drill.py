"""What a drill restores or asks, when, from what is in the safe, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drtest.model.chain import Damage
from drtest.model.host import Host
from drtest.model.probe import Probe
from drtest.model.source import need_absolute


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """Restore the whole backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Restore these paths, each into a target of its own; absolute as the user writes them."""

    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError("a restore needs at least one path")
        for path in self.paths:
            need_absolute(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFile:
    """Restore one file, chosen by the seed: of median size among those selected."""


RunAction = Literal["verify", "verify --compare-data", "collection-status", "cleanup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run another action than a restore, and ask whether it notices what is wrong."""

    action: RunAction


RestoreWhat = Everything | Paths | OneFile | Run


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEnd:
    """The newest state at the calendar's last instant; no time is given to duplicity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEach:
    """Each promised restore point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtAgo:
    """So long before the calendar's last instant, as duplicity's ``-t 3D``."""

    ago: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AtInstant:
    """One instant."""

    instant: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AtSample:
    """So many of the promised points, by the seed; oldest and newest always among them."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOldest:
    """The oldest promised point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtNewest:
    """The newest point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEdges:
    """One second before, at, and one second after each set, or ``of`` so many sampled sets."""

    of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBeforeFirst:
    """One second before the first set, when nothing was backed up yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTyped:
    """One instant as a user types it, by the clock on the wall of *timezone*.

    duplicity gets the text as it is. What it means is its wall time there, summer time and all; a
    wall time that comes twice in a night is the first of the two.
    """

    text: str  # 2024-07-01T12:00:00
    timezone: str  # Europe/Berlin, or UTC

    def __post_init__(self) -> None:
        if datetime.fromisoformat(self.text).tzinfo is not None:
            raise ValueError("a typed time has no zone of its own")
        zone_of(self.timezone)

    @property
    def instant(self) -> datetime:
        """What is meant, in UTC."""
        wall = datetime.fromisoformat(self.text).replace(tzinfo=zone_of(self.timezone))
        return wall.astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone *name*; ValueError where the machine knows none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as problem:
        raise ValueError(f"{name} is no time zone of this machine") from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class AtChain:
    """Every restore point of one chain; chains count from 1 in order of time."""

    number: int


PointSelector = (
    AtEnd
    | AtEach
    | AtAgo
    | AtInstant
    | AtTyped
    | AtSample
    | AtOldest
    | AtNewest
    | AtEdges
    | AtChain
    | AtBeforeFirst
)

# "after each prune": on the state of that moment, wherever a prune removed anything.
DrillMoment = Literal["end", "after each prune"]

# Keys as they were exported when they were made. "passphrase" is each that there ever was, "old"
# the first and "new" the last of them; "wrong passphrase" is none that a backup was made with.
EscrowItem = Literal[
    "secret key",
    "public key",
    "passphrase",
    "old passphrase",
    "new passphrase",
    "wrong passphrase",
]
Which = Literal["old", "new"]  # the first and the last of what the calendar changes
DrillOutcome = Literal["recovered", "refused", "done", "detected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One entry of ``drills``; it becomes one restore for each point that ``at`` resolves to.

    ``escrow`` None means all that was made when the keys were made; the empty set is ``none``.
    ``must_be`` is one outcome for every point, or pairs of (selector, outcome) where ``None`` as a
    selector is ``the rest``.
    """

    number: int  # from 1, in the order of the file
    name: str = ""
    restore: RestoreWhat = field(default_factory=Everything)
    at: tuple[PointSelector, ...] = (AtEnd(),)
    when: DrillMoment = "end"
    escrow: frozenset[EscrowItem] | None = None
    host: Host | None = None  # None: as on the machine that drtest runs on
    options: tuple[str, ...] = ()  # handed to its restores verbatim
    sign_key: Which | None = None  # the signing key that its restores insist on; None: on none
    damage: tuple[Damage, ...] = ()  # done to the drill's own copy of the bucket
    probe: Probe | None = None  # run in what came back, after it was compared
    must_be: DrillOutcome | tuple[tuple[PointSelector | None, DrillOutcome], ...] = "recovered"
    line: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.must_be, str) and any(
            isinstance(selector, AtTyped) for selector, _ in self.must_be
        ):
            raise ValueError("must-be does not name a typed time: the rest takes it in")
        if self.probe is not None and (isinstance(self.restore, Run) or self.must_be == "refused"):
            raise ValueError("a probe needs something that comes back")
