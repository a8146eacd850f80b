"""What ``drtest tune`` is asked: volume sizes by upload chunks, prices, the reader's own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIB = 2**20
DEFAULT_VOLSIZE_MIB = 200  # duplicity's own
LEAST_CHUNK_MIB = 5  # S3's least part; duplicity refuses less
MOST_SIZE_BYTES = 10**15
At = tuple[int, int]  # a point of the grid: volsize and chunk, MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The reader's own source; what is None is taken over from the measured one."""

    size_bytes: int
    change: float | None = None  # part of the bytes that changes from one backup to the next
    files: int | None = None
    compress: float | None = None  # stored over original

    def __post_init__(self) -> None:
        if not 0 < self.size_bytes <= MOST_SIZE_BYTES:
            raise ValueError("a size is more than nothing and at most 1,000 TB")
        if self.change is not None and not 0 <= self.change <= 1:
            raise ValueError("a change is 0 % to 100 % of the source")
        if self.files is not None and not 1 <= self.files <= 10**10:
            raise ValueError("files are a whole number, at least 1")
        if self.compress is not None and not 0 < self.compress <= 1.1:
            raise ValueError("compress is stored over original size: more than 0, at most 1.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What ``drtest tune`` is asked: the points, the prices, and how the backup is used."""

    volsizes_mib: tuple[int, ...] = (5, 10, 19, 25, 50, 100, 200, 250)
    chunks_mib: tuple[int, ...] = ()  # none: the policy's own
    prices: tuple[str, ...] = ()  # provider/region/CLASS, or a price book's path
    restores_per_month: float = 1.0  # of single files
    download_bytes_per_s: int = 32 * MIB
    project: Project | None = None  # None: the measured source's own size

    def __post_init__(self) -> None:
        _need_distinct(self.volsizes_mib, "volsize", least=1)
        if self.chunks_mib:
            _need_distinct(self.chunks_mib, "s3-multipart-chunk-size", least=LEAST_CHUNK_MIB)
        if len(set(self.prices)) != len(self.prices):
            raise ValueError("prices: each once")
        if not 0 <= self.restores_per_month <= 1_000_000:
            raise ValueError("restores-per-month is 0 or more")
        if self.download_bytes_per_s < 1:
            raise ValueError("a download has a speed, at least 1 B/s")


def _need_distinct(values: Sequence[int], what: str, *, least: int) -> None:
    if not values or min(values) < least:
        raise ValueError(f"{what} is a whole number of MiB, at least {least}")
    if len(set(values)) != len(values):
        raise ValueError(f"{what}: each value once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrun:
    """A point that is computed and not run, and why."""

    at: At
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One scenario's grid as it is run: kept with the run, so that it can be told again."""

    scenario: str  # its name
    file: str
    grid: Grid
    yours: At  # the policy's own
    default: At  # duplicity's
    points: tuple[At, ...]  # all that are shown: the grid's, yours and the default
    unrun: tuple[Unrun, ...]
    unseen: At | None = None  # is run to hold the model to it, and is not shown
    why_no_unseen: str = ""

    @property
    def run(self) -> tuple[At, ...]:
        """The points that are run, in order; the unseen one last."""
        left = {one.at for one in self.unrun}
        found = tuple(at for at in self.points if at not in left)
        return found if self.unseen is None else (*found, self.unseen)
