"""What ``drtest tune`` found: a month of the policy at each point of the grid, and what to choose.

Months are of the steady state, at the measured source's size or the reader's own. Bytes are bytes,
times seconds, money ``Decimal`` in the price book's own currency, never rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from drtest.model.bill import Counts, PriceTag
from drtest.model.grid import At, Grid
from drtest.model.verdict import Verdict

REQUESTS_LIMIT, BYTES_LIMIT = 0.02, 0.03  # how far off the model may be, of what was metered
TOLERANCE = Decimal("0.01")  # of the cheapest month: what is no reason to choose
MATTERS = Decimal("0.10")  # likewise: what the grid must move the bill by to matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """One restore, in the mean over a chain's age, with a warm archive dir."""

    read_bytes: int  # of volumes
    requests: int
    time_s: float  # duplicity's start, and the download


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """One point's month with one tariff, part by part."""

    prices: PriceTag
    by_class: dict[str, int]  # the provider's request class -> requests a month
    paid_requests: int  # those that have a price
    requests: Decimal
    storage: Decimal
    early_deletion: Decimal
    restores: Decimal  # of single files, as many as the grid says
    restore_file: Decimal  # one, not in the month
    restore_all: Decimal  # likewise

    @property
    def per_month(self) -> Decimal:
        """The whole month."""
        return self.requests + self.storage + self.early_deletion + self.restores


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelError:
    """The request model beside the meter, over one run's whole calendar and all its drills."""

    volsize_mib: int
    chunk_mib: int
    fitted_on_mib: int  # the volume size whose run the model was given
    predicted_requests: int
    metered_requests: int
    predicted_bytes: int  # objects put and got; listings are not counted
    metered_bytes: int

    @property
    def requests_off(self) -> float:
        """Predicted over metered requests less one: 0.004 is 0.4 % too many."""
        return _off(self.predicted_requests, self.metered_requests)

    @property
    def bytes_off(self) -> float:
        """The same of bytes."""
        return _off(self.predicted_bytes, self.metered_bytes)

    @property
    def is_within(self) -> bool:
        """Whether both are within what the model claims for itself."""
        return abs(self.requests_off) <= REQUESTS_LIMIT and abs(self.bytes_off) <= BYTES_LIMIT


def _off(predicted: int, metered: int) -> float:
    if not metered:
        return 0.0 if not predicted else 1.0
    return predicted / metered - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What the run of one point came to, at the measured source's size, over its calendar."""

    title: str  # of its scenario in the run
    verdict: Verdict  # seen
    counts_as: Verdict  # for the run
    requests: int
    uploaded_bytes: int
    downloaded_bytes: int
    objects: int  # in the bucket in the end
    stored_bytes: int  # likewise
    full_volumes: int  # whole ones in the first full
    full_s: float  # mean time of a full, of this machine against a store of its own
    increment_s: float | None  # likewise; None: it made none
    restore_s: float | None  # mean time of a drill; None: it had none


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One volume size with one upload chunk: a month of the policy in its steady state."""

    volsize_mib: int
    chunk_mib: int
    is_yours: bool  # the policy's own
    is_default: bool  # duplicity's
    why_modelled: str  # "": measured, this very point was run and has whole volumes to show
    operations: Counts  # S3 operation -> requests a month
    objects: int  # in the bucket, at the most
    list_pages: int  # requests that one listing takes then
    stored_bytes: int  # averaged over time
    temporary_bytes: int  # free space that duplicity wants before it starts
    restore_file: Restored
    restore_all: Restored
    priced: tuple[Priced, ...]  # in the order of the grid's prices
    metered: Metered | None = None  # None: it was not run
    error: ModelError | None = None  # None where it was not run, or is what the model was given

    @property
    def is_measured(self) -> bool:
        """Whether its own run is what it is computed from."""
        return not self.why_modelled

    @property
    def requests(self) -> int:
        """All requests of a month."""
        return sum(self.operations.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SawTooth:
    """A volume size above the chunk size that asks for more than the one before it."""

    below_mib: int
    above_mib: int
    chunk_mib: int
    times: float  # paid requests of the second over those of the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """What would move the bill more than the volume size."""

    what: str  # in words: "one chain kept less"
    saves: Decimal  # a month


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the grid says with one tariff, as figures; ``report.advice`` puts it into sentences.

    The range: volume sizes with one chunk size whose month costs at most ``TOLERANCE`` more than
    the cheapest point, from the one that gives one file back soonest up to twice its time. ``best``
    is the cheapest of them. Money matters where the grid moves the bill by more than ``MATTERS``.
    """

    prices: PriceTag
    matters: bool
    lowest_mib: int  # of the whole grid
    highest_mib: int
    cheapest: Decimal  # a month
    spread: Decimal  # the dearest point's month less the cheapest's
    requests_share: float  # the largest part that requests have in a month
    best: At  # volsize, chunk
    range_mib: tuple[int, int]  # first and last volsize, with the chunk of the best
    range_restore_s: float  # the longest restore of one file in the range
    compared: At  # yours
    compared_restore_s: float
    saves: Decimal  # a month, the best against yours
    is_cold: bool = False  # volumes are thawed first, for hours that are in no time here
    step: SawTooth | None = None  # the steepest; None: there is none
    levers: tuple[Lever, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A source: what was measured, or what the table is of."""

    size_bytes: int
    files: int
    change: float  # of the bytes, from one backup to the next
    compress: float  # stored over original


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The whole answer. Points are ordered by volume size, then by chunk."""

    scenario: str
    file: str
    grid: Grid  # as it was asked
    measured: Sized
    shown: Sized  # what the points are of: ``measured`` where nothing is projected
    backups: int  # of one point's run
    increments: int  # between two fulls
    cycle_days: int
    chains: int  # that retention keeps
    archive_bytes: int  # what an empty archive dir fetches first, with any volume size
    points: tuple[Point, ...]
    advice: tuple[Advice, ...]  # in the order of the grid's prices
    unseen: ModelError | None = None  # on a volume size that the model was not given
    why_no_unseen: str = ""
    assumptions: tuple[str, ...] = field(default=())

    @property
    def is_projected(self) -> bool:
        """Whether the table is of another source than the measured one."""
        return self.grid.project is not None

    def point(self, at: At) -> Point:
        """Return the point of a volume size and a chunk; KeyError where the grid has none."""
        for one in self.points:
            if (one.volsize_mib, one.chunk_mib) == at:
                return one
        raise KeyError(at)
