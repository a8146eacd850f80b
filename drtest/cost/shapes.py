"""What one duplicity action asks of S3, as counts by S3 operation.

Source: s3_boto3_backend.py, dup_main.py and dup_collections.py of duplicity 3.2.1, each row
measured through the gateway (shared facts s3-cost 3.1 and duplicity 2.d; tests/unit/cost holds the
golden counts). ``pages`` everywhere is the number of LIST requests that one listing takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drtest.model.bill import Counts

MIB = 2**20
KEYS_PER_PAGE = 1000  # ListObjects, both versions (AWS API reference)
DOWNLOAD_CHUNK_BYTES = 8 * MIB  # boto3's default: download_file gets no TransferConfig
MAX_PARTS = 10_000  # s3transfer doubles the chunk until an upload fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How one duplicity asks: what its version and the policy's options decide."""

    chunk_bytes: int = 20 * MIB  # --s3-multipart-chunk-size
    heads_per_volume: int = 1
    syncs_before_full: bool = False  # an explicit full looks for missing metadata, too
    lists_each_set: bool = True  # BackupSet.delete() lists the bucket for each set it deletes
    workers: int = 0  # --concurrency: one more HeadBucket for each that is used
    has_jsonstat: bool = False
    checks_remote: bool = True  # not --no-check-remote

    def heads(self, volumes: int) -> int:
        """Return the HeadBucket requests of a backup of *volumes*."""
        return 1 + min(self.workers, volumes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSizes:
    """The objects of one backup set; all volumes but the last have the same size."""

    volumes: int
    volume_bytes: int
    last_volume_bytes: int
    signatures_bytes: int
    manifest_bytes: int
    jsonstat_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.volumes < 1:
            raise ValueError("a backup set has at least one volume")

    @property
    def objects(self) -> int:
        """How many keys the set adds to the bucket."""
        return self.volumes + 2 + (self.jsonstat_bytes is not None)

    @property
    def difftar_bytes(self) -> int:
        """Bytes of all volumes."""
        return (self.volumes - 1) * self.volume_bytes + self.last_volume_bytes

    @property
    def metadata_bytes(self) -> int:
        """Bytes of signatures, manifest and, where there is one, jsonstat."""
        return self.signatures_bytes + self.manifest_bytes + (self.jsonstat_bytes or 0)


def add(*parts: Counts) -> Counts:
    """Return the sum of *parts*; operations that do not occur are left out."""
    total: Counts = {}
    for part in parts:
        for operation, number in part.items():
            if number:
                total[operation] = total.get(operation, 0) + number
    return total


def times(number: int, counts: Counts) -> Counts:
    """Return *counts*, *number* times."""
    return {operation: number * count for operation, count in counts.items() if number * count}


def pages(keys: int) -> int:
    """Return the LIST requests that one listing of *keys* takes; an empty one takes one."""
    return max(1, -(-keys // KEYS_PER_PAGE))


def part_bytes(object_bytes: int, chunk_bytes: int) -> int:
    """Return the part size that s3transfer uses for an object, at most 10,000 parts."""
    while -(-object_bytes // chunk_bytes) > MAX_PARTS:
        chunk_bytes *= 2
    return chunk_bytes


def writes(object_bytes: int, chunk_bytes: int) -> Counts:
    """Return the requests of putting one object: one, or a multipart upload from *chunk_bytes*."""
    if object_bytes < chunk_bytes:
        return {"PutObject": 1}
    parts = -(-object_bytes // part_bytes(object_bytes, chunk_bytes))
    return {"CreateMultipartUpload": 1, "UploadPart": parts, "CompleteMultipartUpload": 1}


def reads(object_bytes: int) -> Counts:
    """Return the requests of getting one object: a HEAD and one ranged GET for each 8 MiB."""
    chunk = DOWNLOAD_CHUNK_BYTES
    gets = 1 if object_bytes < chunk else -(-object_bytes // chunk)
    return {"HeadObject": 1, "GetObject": gets}


def upload(new: SetSizes, client: Client) -> Counts:
    """Return the requests of putting a set's objects; only volumes are looked at afterwards."""
    sizes = [new.signatures_bytes, new.manifest_bytes]
    if new.jsonstat_bytes is not None:
        sizes.append(new.jsonstat_bytes)
    return add(
        times(new.volumes - 1, writes(new.volume_bytes, client.chunk_bytes)),
        writes(new.last_volume_bytes, client.chunk_bytes),
        {"HeadObject": new.volumes * client.heads_per_volume},
        *(writes(size, client.chunk_bytes) for size in sizes),
    )


def metadata_reads(sets: Iterable[SetSizes]) -> Counts:
    """Return the requests of fetching manifest and signatures of *sets* into an archive dir."""
    return add(
        *(add(reads(one.signatures_bytes), reads(one.manifest_bytes)) for one in sets),
    )


def volume_reads(one: SetSizes, volumes: int | None = None) -> Counts:
    """Return the requests of fetching *volumes* of a set, all of them where None."""
    if volumes is not None and volumes < one.volumes:
        return times(volumes, reads(one.volume_bytes))
    return add(times(one.volumes - 1, reads(one.volume_bytes)), reads(one.last_volume_bytes))


def sync(missing: Iterable[SetSizes], *, pages: int) -> Counts:
    """Return what ``sync_archive`` asks: one listing, one more after it fetched *missing*."""
    fetched = metadata_reads(missing)
    return add({"ListObjects": pages * (2 if fetched else 1)}, fetched)


def full(
    new: SetSizes,
    client: Client,
    *,
    pages_before: int,
    pages_after: int,
    is_implied: bool = False,
    missing: Iterable[SetSizes] = (),
) -> Counts:
    """Return the requests of one full.

    *is_implied*: not asked for by the word ``full`` but come to from ``backup`` or ``incremental``,
    which look for metadata that is *missing* in the archive dir first.
    """
    parts = [
        {"HeadBucket": client.heads(new.volumes), "ListObjects": pages_before + pages_after},
        upload(new, client),
    ]
    if (is_implied or client.syncs_before_full) and client.checks_remote:
        parts.append(sync(missing, pages=pages_before))
    return add(*parts)


def incremental(
    new: SetSizes | None,
    client: Client,
    *,
    pages_before: int,
    last_manifest_bytes: int | None,
    missing: Iterable[SetSizes] = (),
) -> Counts:
    """Return the requests of one incremental; *new* None where ``--skip-if-no-change`` skips.

    *last_manifest_bytes* None: the last manifest is not compared with the remote one, because the
    set is encrypted and there is no passphrase (dup_main.check_last_manifest).
    """
    parts: list[Counts] = [{"HeadBucket": client.heads(new.volumes if new else 0)}]
    if client.checks_remote:
        parts += [{"ListObjects": pages_before}, sync(missing, pages=pages_before)]
        if last_manifest_bytes is not None:
            parts.append(reads(last_manifest_bytes))
    if new is not None:
        parts.append(upload(new, client))
    return add(*parts)


def prune_dry(*, pages: int) -> Counts:
    """Return the requests of a ``remove-*`` action that deletes nothing, forced or not."""
    return {"HeadBucket": 1, "ListObjects": pages}


def prune(deleted: Iterable[int], client: Client, *, keys: int, signatures: int) -> Counts:
    """Return the requests of a forced ``remove-*`` action.

    *deleted* are the objects of each set that goes, newest first, its signatures among them;
    *signatures* is how many of these objects are signatures: they go first, without a listing.
    *keys* lie in the bucket before. Each set is listed for anew, while the bucket gets smaller.
    """
    sets = list(deleted)
    if not sets:
        return prune_dry(pages=pages(keys))
    left = keys - signatures
    lists = pages(keys)
    each_signatures = signatures // len(sets)
    for objects in sets:
        lists += pages(left) if client.lists_each_set else 0
        left -= objects - each_signatures
    return add({"HeadBucket": 1, "ListObjects": lists + pages(left), "DeleteObject": sum(sets)})


def restore(
    fetched: Iterable[tuple[SetSizes, int | None]],
    *,
    pages: int,
    missing: Iterable[SetSizes] = (),
) -> Counts:
    """Return the requests of one restore or verify.

    *fetched*: each set that is read with the number of its volumes that are (None: all). *missing*:
    the sets whose metadata the archive dir lacks: with an empty one the whole chain's, also of the
    sets after the restore point.
    """
    return add(
        {"HeadBucket": 1, "ListObjects": pages},
        sync(missing, pages=pages),
        *(volume_reads(one, volumes) for one, volumes in fetched),
    )


def collection_status(*, pages: int) -> Counts:
    """Return the requests of ``collection-status``."""
    return {"HeadBucket": 1, "ListObjects": pages}


def list_current_files(*, pages: int, missing: Iterable[SetSizes] = ()) -> Counts:
    """Return the requests of ``list-current-files``."""
    return add({"HeadBucket": 1, "ListObjects": pages}, sync(missing, pages=pages))


def cleanup(*, pages: int, extraneous: int = 0, missing: Iterable[SetSizes] = ()) -> Counts:
    """Return the requests of ``cleanup --force`` that finds *extraneous* objects."""
    return add(
        {"HeadBucket": 1, "ListObjects": pages, "DeleteObject": extraneous},
        sync(missing, pages=pages),
    )
