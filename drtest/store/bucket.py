"""What is done to buckets, over any S3 client: list, copy, empty."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drtest.model.events import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_DELETE_AT_ONCE = 1000  # the most that one DeleteObjects takes
_PIECE_BYTES = 1 << 20


def make(client: S3Client, name: str, *, region: str, locked: bool = False) -> None:
    """Make a bucket; us-east-1 alone must not be named as a location constraint."""
    if region == "us-east-1":
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
    else:
        client.create_bucket(
            Bucket=name,
            ObjectLockEnabledForBucket=locked,
            CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
        )


def exists(client: S3Client, name: str) -> bool:
    """Whether there is a bucket of that name that these credentials may see."""
    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
            return False
        raise
    return True


def objects(client: S3Client, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
    """Yield all objects, page by page. S3 lists by the bytes of the key; every store must."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for found in page.get("Contents", ()):
            yield StoredObject(
                key=found["Key"],
                size_bytes=found["Size"],
                storage_class=found.get("StorageClass") or "STANDARD",
                etag=found.get("ETag", "").strip('"'),
            )


def read(client: S3Client, bucket: str, key: str) -> Iterator[bytes]:
    """Yield what an object holds, in pieces of at most 1 MiB."""
    with contextlib.closing(client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
        yield from body.iter_chunks(_PIECE_BYTES)


def uploads(client: S3Client, bucket: str, prefix: str = "") -> Iterator[tuple[str, str, int]]:
    """Yield (key, upload id, bytes in its parts) of each open multipart upload, sorted by key.

    All are asked for and picked here: MinIO takes a prefix for the whole key and finds nothing.
    """
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
    found = [
        (upload["Key"], upload["UploadId"])
        for page in pages
        for upload in page.get("Uploads", ())
        if upload["Key"].startswith(prefix)
    ]
    for key, upload_id in sorted(found):
        parts = client.get_paginator("list_parts").paginate(
            Bucket=bucket, Key=key, UploadId=upload_id
        )
        size_bytes = sum(part["Size"] for page in parts for part in page.get("Parts", ()))
        yield key, upload_id, size_bytes


def copy(
    client: S3Client, source: tuple[str, str], target: tuple[str, str], *, thaws_at_once: bool
) -> int:
    """Copy on the server's side from one (bucket, prefix) to another; return how many objects.

    S3 copies no cold object. Where the server *thaws_at_once* it is thawed for the copy and then
    made cold again, in both buckets; elsewhere the ClientError ObjectNotInActiveTierError stays.
    """
    count = 0
    for found in objects(client, *source):
        new_key = target[1] + found.key.removeprefix(source[1])
        try:
            _copy_one(client, source[0], found, target[0], new_key)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if not (thaws_at_once and code == "ObjectNotInActiveTierError"):
                raise
            client.restore_object(Bucket=source[0], Key=found.key, RestoreRequest={"Days": 1})
            _copy_one(client, source[0], found, target[0], new_key)
            # Onto itself: a new object of the same class, which was never thawed.
            _copy_one(client, source[0], found, source[0], found.key)
        count += 1
    return count


def _copy_one(
    client: S3Client, bucket: str, found: StoredObject, new_bucket: str, new_key: str
) -> None:
    client.copy_object(
        Bucket=new_bucket,
        Key=new_key,
        CopySource={"Bucket": bucket, "Key": found.key},
        StorageClass=found.storage_class,  # type: ignore[arg-type]
    )


def empty(client: S3Client, bucket: str, *, prefix: str = "") -> None:
    """Delete all below *prefix*: open uploads, objects and, where there are any, versions.

    Locks of the kind *governance* are passed over; those of the kind *compliance* can't be, and
    are the ClientError that the store gives.
    """
    for key, upload_id, _ in list(uploads(client, bucket, prefix)):
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    if _is_versioned(client, bucket):
        _delete(client, bucket, _versions(client, bucket, prefix))
    else:
        _delete(client, bucket, ({"Key": found.key} for found in objects(client, bucket, prefix)))


def _is_versioned(client: S3Client, bucket: str) -> bool:
    try:
        return "Status" in client.get_bucket_versioning(Bucket=bucket)
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 501:
            return False  # a server that knows no versions
        raise


def _versions(client: S3Client, bucket: str, prefix: str) -> Iterator[ObjectIdentifierTypeDef]:
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for version in page.get("Versions", ()):
            yield {"Key": version["Key"], "VersionId": version["VersionId"]}
        for marker in page.get("DeleteMarkers", ()):
            yield {"Key": marker["Key"], "VersionId": marker["VersionId"]}


def _delete(client: S3Client, bucket: str, doomed: Iterable[ObjectIdentifierTypeDef]) -> None:
    # All names first: deleting while a listing's pages are still being read skips keys on some.
    for chunk in _chunks(list(doomed)):
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": chunk, "Quiet": True})
        if not answer.get("Errors"):
            continue
        # Only now: asking for the bypass is refused to who may not use it, needed or not.
        answer = client.delete_objects(
            Bucket=bucket,
            Delete={"Objects": chunk, "Quiet": True},
            BypassGovernanceRetention=True,
        )
        for refused in answer.get("Errors", ()):
            message = f"{refused.get('Key', '')}: {refused.get('Message', '')}"
            raise ClientError(
                {"Error": {"Code": refused.get("Code", ""), "Message": message}}, "DeleteObjects"
            )


def _chunks(
    names: Sequence[ObjectIdentifierTypeDef],
) -> Iterator[list[ObjectIdentifierTypeDef]]:
    rest = iter(names)
    while chunk := list(islice(rest, _DELETE_AT_ONCE)):
        yield chunk
