"""A policy's month in its steady state, at the reader's size: requests, storage, restores.

The request shapes are played through one cycle of fulls, increments and prunes on a bucket that
holds the chains that retention keeps. Source of the model: shared facts s3-cost 3.2 to 3.8; its
table 3.5 is a test. Counts are whole but for the scaling to 30 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from drtest.cost import shapes
from drtest.cost.shapes import MIB, Client, SetSizes, add, pages
from drtest.cost.sizes import Frame, Volume, cut
from drtest.model.bill import Counts

MONTH_DAYS = 30
TEMP_VOLUMES = 2.3  # duplicity wants (concurrency + 2.3) volumes of temporary space


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What there is to back up, in bytes as they are stored: after compression and encryption."""

    full_bytes: int
    increment_bytes: int
    full_signatures_bytes: int
    increment_signatures_bytes: int
    increments: int  # between two fulls
    cycle_days: int  # from one full to the next
    chains: int  # whole chains that retention keeps
    file_bytes: int  # of the one file that is restored
    full_manifest_bytes: int = 0  # of the lists of files; each volume's entry comes on top
    increment_manifest_bytes: int = 0

    def __post_init__(self) -> None:
        if self.cycle_days < 1 or self.chains < 1 or self.increments < 0:
            raise ValueError("a cycle has at least a day and a chain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Thirty days of the steady state."""

    operations: dict[tuple[str, str], Fraction]  # (kind of object, operation) -> requests
    keys: int  # when the last increment of a cycle is made
    stored_bytes: dict[str, Fraction]  # by kind, averaged over time
    objects: dict[str, Fraction]  # by kind, averaged over time

    def count(self, *operations: str) -> Fraction:
        """Return how many requests of *operations* there are."""
        return sum(
            (n for (_, name), n in self.operations.items() if name in operations), Fraction()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """One restore from the chain, so many increments after its full."""

    read_bytes: Fraction  # of volumes
    operations: Counts  # of volumes and of the bucket
    metadata_bytes: int = 0  # that an empty archive dir fetches first
    metadata_operations: Counts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One chain as it is stored with one volume size."""

    load: Load
    client: Client
    full: SetSizes
    increment: SetSizes


def chain(load: Load, client: Client, volume: Volume, *, frame: Frame = "gzip") -> Chain:
    """Return *load* cut into volumes of *volume*."""
    return Chain(
        load=load,
        client=client,
        full=cut(
            load.full_bytes,
            volume,
            signatures_bytes=load.full_signatures_bytes,
            manifest_bytes=load.full_manifest_bytes,
            frame=frame,
        ),
        increment=cut(
            load.increment_bytes,
            volume,
            signatures_bytes=load.increment_signatures_bytes,
            manifest_bytes=load.increment_manifest_bytes,
            frame=frame,
        ),
    )


def month(one: Chain) -> Month:
    """Return what one cycle asks and keeps, scaled to 30 days.

    It begins with a full on a bucket of ``chains`` whole chains; a prune removes the oldest one;
    then the increments are made, evenly spread.
    """
    load, full, increment = one.load, one.full, one.increment
    n, kept = load.increments, load.chains
    of_chain = full.objects + n * increment.objects
    parts: dict[str, Counts] = {"volume": {}, "metadata": {}, "": {}}

    def upload(new: SetSizes) -> None:
        for size, times in ((new.volume_bytes, new.volumes - 1), (new.last_volume_bytes, 1)):
            put = shapes.times(times, shapes.writes(size, one.client.chunk_bytes))
            parts["volume"] = add(parts["volume"], put)
        heads = {"HeadObject": new.volumes * one.client.heads_per_volume}
        parts["volume"] = add(parts["volume"], heads)
        for size in (new.signatures_bytes, new.manifest_bytes):
            parts["metadata"] = add(parts["metadata"], shapes.writes(size, one.client.chunk_bytes))

    keys = kept * of_chain
    lists = pages(keys) + pages(keys + full.objects)
    upload(full)
    keys += full.objects
    gone = [increment.objects] * n + [full.objects]
    pruned = shapes.prune(gone, one.client, keys=keys, signatures=n + 1)
    parts["volume"] = add(parts["volume"], {"DeleteObject": full.volumes + n * increment.volumes})
    parts["metadata"] = add(parts["metadata"], {"DeleteObject": 2 * (n + 1)})
    lists += pruned["ListObjects"]
    keys -= of_chain
    for number in range(n):
        lists += 2 * pages(keys)
        last = full if number == 0 else increment
        parts["metadata"] = add(parts["metadata"], shapes.reads(last.manifest_bytes))
        upload(increment)
        keys += increment.objects
    parts[""] = {"HeadBucket": n + 2, "ListObjects": lists}
    scale = Fraction(MONTH_DAYS, load.cycle_days)
    return Month(
        operations={
            (kind, operation): number * scale
            for kind, counts in parts.items()
            for operation, number in counts.items()
        },
        keys=keys,
        stored_bytes={
            "volume": _average(load, full.difftar_bytes, increment.difftar_bytes),
            "metadata": _average(load, full.metadata_bytes, increment.metadata_bytes),
        },
        objects={
            "volume": _average(load, full.volumes, increment.volumes),
            "metadata": _average(load, 2, 2),
        },
    )


def _average(load: Load, full: int, increment: int) -> Fraction:
    """Time average: the older chains whole, of the newest its full and half of its increments."""
    n = load.increments
    whole = full + n * increment
    return (load.chains - 1) * whole + full + Fraction(n * increment, 2)


def restore_file(one: Chain, *, after: Fraction) -> Restore:
    """Return what restoring one file costs, *after* so many increments, with a warm archive dir.

    A volume is fetched whole: of the full those that hold the file, of each increment one, because
    its range covers the path whether or not the file changed (manifest.VolumeInfo.contains).
    """
    load, full, increment = one.load, one.full, one.increment
    each = full.volume_bytes
    from_full = min(Fraction(full.difftar_bytes), Fraction(load.file_bytes + each))
    one_volume = min(increment.volume_bytes, increment.difftar_bytes)
    volumes = min(Fraction(full.volumes), 1 + Fraction(load.file_bytes, each))
    gets = volumes * shapes.reads(each)["GetObject"]
    gets += after * shapes.reads(one_volume)["GetObject"]
    lists = 2 * pages(load.chains * (full.objects + load.increments * increment.objects))
    return Restore(
        read_bytes=from_full + after * one_volume,
        operations={
            "HeadBucket": 1,
            "ListObjects": lists,
            "HeadObject": round(volumes + after),
            "GetObject": round(gets),
        },
    )


def restore_all(one: Chain, *, after: Fraction) -> Restore:
    """Return what restoring everything costs, *after* so many increments, archive dir warm."""
    full, increment = one.full, one.increment
    counts = shapes.volume_reads(full)
    more = shapes.volume_reads(increment)
    lists = 2 * pages(one.load.chains * (full.objects + one.load.increments * increment.objects))
    return Restore(
        read_bytes=full.difftar_bytes + after * increment.difftar_bytes,
        operations=add(
            {"HeadBucket": 1, "ListObjects": lists},
            {name: round(number + after * more[name]) for name, number in counts.items()},
        ),
    )


def restore_seen(sets: Sequence[SetSizes], *, keys: int, volumes: Sequence[int | None]) -> Restore:
    """Return what a restore on a new machine asks of a chain of seen *sets*, full first.

    *volumes* says how many of each set are fetched (None: all) among *keys* in the bucket; all
    signatures and manifests of the chain are fetched whatever is restored.
    """
    lists, metadata = pages(keys), shapes.metadata_reads(sets)
    read_bytes = Fraction()
    counts: Counts = {"HeadBucket": 1, "ListObjects": 3 * lists}
    for one, number in zip(sets, volumes, strict=True):
        counts = add(counts, shapes.volume_reads(one, number))
        part = Fraction(one.volumes if number is None else number, one.volumes)
        read_bytes += one.difftar_bytes * part
    return Restore(
        read_bytes=read_bytes,
        operations=counts,
        metadata_bytes=sum(one.signatures_bytes + one.manifest_bytes for one in sets),
        metadata_operations=metadata,
    )


def archive_bytes(one: Chain, *, after: Fraction) -> Fraction:
    """Return the metadata that an empty archive dir fetches first, the same for any volume size."""
    return one.full.metadata_bytes + after * one.increment.metadata_bytes


def temporary_bytes(volsize_mib: int, *, concurrency: int = 0) -> int:
    """Return the temporary space that duplicity wants before it starts (check_resources)."""
    return round((concurrency + TEMP_VOLUMES) * volsize_mib * MIB)
