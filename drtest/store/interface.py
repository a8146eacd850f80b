"""What every S3 store promises, and the values that it speaks in."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError

from drtest.errors import StoreFailed
from drtest.model.events import StoredObject
from drtest.store import bucket as buckets
from drtest.store import failing
from drtest.store.capability import Capability
from drtest.store.client import Credentials, connect

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one scenario's objects go: a bucket, and a prefix that is empty or ends in ``/``."""

    bucket: str
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.prefix and (not self.prefix.endswith("/") or self.prefix.startswith("/")):
            raise ValueError(f"the prefix {self.prefix!r} must end in, and not begin with, a slash")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One line of a store's own access log."""

    method: str
    path: str  # the request target with its query; what is not ASCII is percent-encoded
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """A multipart upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    size_bytes: int  # of the parts that are there


class Store(ABC):
    """One S3 server, from its start to its end.

    *Order.* ``start`` once, then everything else, then ``stop``. ``version`` may be asked before
    ``start`` of a server that drtest starts itself. ``credentials`` are final once it is started:
    tell them to the redactor then. ``start`` returns when the store answers, and
    raises StoreFailed with the store's last lines within 20 seconds where it does not; it then
    leaves no process behind. A stopped store isn't started again: make a new one.

    *Who closes what.* The store owns its process, its folder's content and its client. The caller
    makes the folder, calls ``stop`` (any number of times, also after a failure) and removes the
    folder. Buckets go with the process or the folder, except at an endpoint: there the caller
    calls ``delete_bucket`` for each. moto keeps every object in memory, so ``delete_bucket`` as
    soon as a bucket isn't needed is more than politeness.

    *Failures.* A store that is down, dies in the middle or is full raises StoreFailed from every
    method here. What callers do with ``client()`` raises botocore's exceptions: ``watched()``
    around it turns those of a failing store into StoreFailed. Everything else (no such bucket,
    access denied) stays botocore's ClientError, for it is an answer.

    *Retries.* The client tries each request three times, on connection errors and 5xx. Callers
    add none of their own.

    *Threads.* ``client()`` returns the same client each time; it and every method may be used from
    several threads, except ``start`` and ``stop``, which belong to the thread that outlives the
    store (the kernel ends a child with the *thread* that started it).
    """

    name: ClassVar[str]
    is_remote: ClassVar[bool] = False  # beyond this machine: the environment's proxy is used
    thaws_at_once: ClassVar[bool] = False  # RestoreObject takes no time

    def __init__(self, *, credentials: Credentials, region: str = "us-east-1") -> None:
        self.credentials = credentials
        self.region = region
        self.ca_file: Path | None = None  # certificates to trust instead of the public ones
        self._client: S3Client | None = None
        self._lock = threading.Lock()

    @property
    @abstractmethod
    def capabilities(self) -> frozenset[Capability]:
        """What this store can do of what stores differ in."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The version as the report says it; ToolMissing where the server can't be had."""

    @property
    @abstractmethod
    def endpoint_url(self) -> str:
        """Scheme, host and port, without a slash at the end; for ``--s3-endpoint-url``."""

    @abstractmethod
    def start(self, folder: Path) -> None:
        """Make the store ready; what it writes on this machine goes below *folder*."""

    @abstractmethod
    def is_alive(self) -> bool:
        """Whether it runs (a child process) or answers (an endpoint)."""

    def open_gone(self) -> int | None:
        """Return a descriptor that can be read once the store's process has ended.

        For the caller to close. None where the store is no child of drtest's.
        """
        return None

    @abstractmethod
    def log_tail(self, lines: int = 20) -> tuple[str, ...]:
        """The store's last lines; empty where it has none to show."""

    def stop(self) -> None:
        """End it and close the client. Idempotent."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    # -- buckets ------------------------------------------------------------------------------

    def client(self) -> S3Client:
        """Return the store's boto3 client: path style, nothing from the user's AWS set-up."""
        with self._lock:
            if self._client is None:
                self._client = self.connect()
            return self._client

    def connect(self, credentials: Credentials | None = None) -> S3Client:
        """Return a client of the caller's own, for the caller to close; else as ``client``."""
        return connect(
            self.endpoint_url,
            credentials=credentials or self.credentials,
            region=self.region,
            through_proxy=self.is_remote,
            ca_file=self.ca_file,
        )

    def make_bucket(self, name: str, *, versioned: bool = False, locked: bool = False) -> Place:
        """Make room for a scenario's objects and say where it is.

        The bucket has the *name* asked for on every server that drtest starts; elsewhere names
        may be taken, so go by what is returned.

        *locked* makes a bucket that object locks may be put in, which is always versioned.
        """
        with self.watched():
            buckets.make(self.client(), name, region=self.region, locked=locked)
            if versioned and not locked:
                self.client().put_bucket_versioning(
                    Bucket=name, VersioningConfiguration={"Status": "Enabled"}
                )
        return Place(bucket=name)

    def lock_by_default(self, where: Place, *, days: int = 1) -> None:
        """Lock whatever is written from now on, in the kind *governance*, for *days*.

        *where* was made with ``locked``. A deletion without a version then still hides an object
        behind a marker, as it does in every versioned bucket; the version itself does not go.
        """
        with self.watched():
            self.client().put_object_lock_configuration(
                Bucket=where.bucket,
                ObjectLockConfiguration={
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": days}},
                },
            )

    def list_objects(self, bucket: str, prefix: str = "") -> Iterator[StoredObject]:
        """Yield what the bucket holds, all pages, sorted by the bytes of the key."""
        with self.watched():
            yield from buckets.objects(self.client(), bucket, prefix)

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        """Yield what an object holds, in pieces of at most 1 MiB.

        A cold object is the ClientError InvalidObjectState.
        """
        with self.watched():
            yield from buckets.read(self.client(), bucket, key)

    def open_uploads(self, bucket: str, prefix: str = "") -> Iterator[OpenUpload]:
        """Yield the multipart uploads that are neither completed nor aborted, sorted by key."""
        with self.watched():
            for key, upload_id, size_bytes in buckets.uploads(self.client(), bucket, prefix):
                yield OpenUpload(key=key, upload_id=upload_id, size_bytes=size_bytes)

    def copy_bucket(self, source: Place | str, target: Place | str) -> int:
        """Copy the objects of *source* into *target* (made if absent) and return how many.

        On the server's side, one CopyObject each: storage class and metadata go along, versions
        and open uploads don't. One CopyObject takes up to 5 GiB, more than any volume of a drill.
        Cold objects are copied, and stay cold, where a thaw takes no time (``thaws_at_once``);
        elsewhere they are the ClientError ObjectNotInActiveTierError.
        """
        origin, goal = as_place(source), as_place(target)
        with self.watched():
            client = self.client()
            if not buckets.exists(client, goal.bucket):
                buckets.make(client, goal.bucket, region=self.region)
            return buckets.copy(
                client,
                (origin.bucket, origin.prefix),
                (goal.bucket, goal.prefix),
                thaws_at_once=self.thaws_at_once,
            )

    def delete_bucket(self, where: Place | str) -> None:
        """Delete all that is there: objects, versions, open uploads; and the bucket itself.

        A place with a prefix is a part of a bucket that isn't drtest's: the bucket stays. One
        that is absent is fine.
        """
        place = as_place(where)
        with self.watched():
            client = self.client()
            if buckets.exists(client, place.bucket):
                buckets.empty(client, place.bucket, prefix=place.prefix)
                if not place.prefix:
                    client.delete_bucket(Bucket=place.bucket)

    def access_log(self) -> Iterator[LoggedRequest]:
        """Yield the requests by the store's own account, in its order.

        Only where ACCESS_LOG is declared; elsewhere a NotImplementedError, for that is a mistake
        of the caller's.
        """
        raise NotImplementedError(f"{self.name} keeps no access log")

    def limited(self, where: Place | str, actions: Iterable[str]) -> Credentials:
        """Make credentials that may do *actions* (``s3:PutObject``) in one place, and no more.

        Only where LIMITED_CREDENTIALS is declared; elsewhere a NotImplementedError.
        """
        raise NotImplementedError(f"{self.name} makes no credentials")

    # -- failing ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Turn what a dead, unreachable or full store makes botocore raise into StoreFailed."""
        try:
            yield
        except failing.BROKEN as error:
            how = "does not answer" if self.is_remote or self.is_alive() else "died"
            raise self._failed(f"{how}: {error}") from error
        except ClientError as error:
            how = failing.how(error, self.is_full)
            if how:
                raise self._failed(f"{how}: {error}") from error
            raise

    def is_full(self, said: str = "") -> bool:
        """Whether the store's last lines, or what it *said*, tell that it has no room left."""
        return failing.is_full((said, *self.log_tail(100)))

    def check(self) -> None:
        """Raise StoreFailed where the store is gone, full or doesn't answer. Changes nothing.

        To be asked after any action that failed: duplicity alone can't tell why.
        """
        if not self.is_alive():
            raise self._failed("died")
        if self.is_full():
            raise self._failed("is full")
        with self.watched():
            self.client().list_buckets()

    def _failed(self, what: str) -> StoreFailed:
        return StoreFailed(f"the store {self.name} {what}", log_tail=self.log_tail())


def as_place(where: Place | str) -> Place:
    """A bucket's name stands for the whole bucket."""
    return Place(bucket=where) if isinstance(where, str) else where
