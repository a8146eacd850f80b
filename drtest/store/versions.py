"""Versions of a bucket: which are current, how to bring them back, how an intruder purges them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drtest.store.interface import Place, Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What stores say where a version may not go: Amazon, moto and SeaweedFS; MinIO.
_LOCKED = frozenset({"AccessDenied", "InvalidRequest", "ObjectLocked"})
_ABSENT = frozenset({"NoSuchVersion", "NoSuchKey", "404", "InvalidArgument"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of one key; a marker stands for a deletion."""

    key: str
    version_id: str
    is_latest: bool
    is_marker: bool


def versions(store: Store, place: Place, key: str = "") -> Iterator[Version]:
    """Yield every version below *place*, or those of one whole *key*."""
    with store.watched():
        pages = (
            store.client()
            .get_paginator("list_object_versions")
            .paginate(Bucket=place.bucket, Prefix=key or place.prefix)
        )
        for page in pages:
            for one in page.get("Versions", ()):
                if not key or one["Key"] == key:
                    yield Version(
                        key=one["Key"],
                        version_id=one["VersionId"],
                        is_latest=one["IsLatest"],
                        is_marker=False,
                    )
            for marker in page.get("DeleteMarkers", ()):
                if not key or marker["Key"] == key:
                    yield Version(
                        key=marker["Key"],
                        version_id=marker["VersionId"],
                        is_latest=marker["IsLatest"],
                        is_marker=True,
                    )


def current(store: Store, place: Place) -> dict[str, str]:
    """Return the version of each key that a plain GET gives now."""
    return {
        one.key: one.version_id
        for one in versions(store, place)
        if one.is_latest and not one.is_marker
    }


def roll_back(store: Store, place: Place, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Make the *wanted* version of each key the current one again; return the keys that came back.

    Deletions are undone by taking their markers away, which costs nothing and keeps the object as
    it was; what was written over is copied from its version. Those whose version is gone are not
    among the keys that came back; nor are those that never changed.
    """
    before = current(store, place)
    with store.watched():
        return tuple(
            key
            for key, version_id in sorted(wanted.items())
            if before.get(key) != version_id and _bring_back(store, place, key, version_id)
        )


def _bring_back(store: Store, place: Place, key: str, version_id: str) -> bool:
    client = store.client()
    while True:
        latest = next((one for one in versions(store, place, key) if one.is_latest), None)
        if latest is None:
            return False
        if latest.version_id == version_id:
            return True
        if not latest.is_marker:
            return _copy(client, place.bucket, key, version_id)
        client.delete_object(Bucket=place.bucket, Key=key, VersionId=latest.version_id)


def _copy(client: S3Client, bucket: str, key: str, version_id: str) -> bool:
    try:
        client.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key, "VersionId": version_id},
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            return False
        raise
    return True


def purge(store: Store, place: Place, key: str) -> bool:
    """Delete every version of *key*, as an intruder with the store's own credentials would.

    No lock is passed over: what it holds is hidden behind a marker, where that isn't done yet.
    Return whether the key could be read before and cannot now.
    """
    was_there = key in current(store, place)
    for one in list(versions(store, place, key)):
        try:
            with store.watched():
                store.client().delete_object(Bucket=place.bucket, Key=key, VersionId=one.version_id)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _LOCKED:
                raise
    if any(one.is_latest and not one.is_marker for one in versions(store, place, key)):
        with store.watched():
            store.client().delete_object(Bucket=place.bucket, Key=key)
    return was_there
