"""An S3 server that is there already: the user's own, or Amazon's."""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import BotoCoreError, ClientError

from drtest.errors import UsageError
from drtest.store import bucket as buckets
from drtest.store.capability import Capability
from drtest.store.client import Credentials
from drtest.store.interface import Place, Store, as_place
from drtest.store.probe import Probe
from drtest.store.usual import aws_url, usual_ca_file, usual_credentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MARKER = ".drtest-owns-this"
_REFUSED_CREDENTIALS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"}
)
_MARK = {"owner": "drtest", "meaning": "everything below this prefix may be deleted by drtest"}


class Endpoint(Store):
    """Any S3 URL. What it can do is measured at its start, in a place of drtest's own.

    Without *into*, every ``make_bucket`` makes a bucket with a random name. With it, everything
    goes below that bucket and prefix, which must be empty or carry drtest's mark; each
    ``make_bucket`` then gives a random prefix below it. Either way nothing that was there before
    is ever written over, and ``delete_bucket`` takes only what this store gave out.
    """

    name: ClassVar[str] = "endpoint"
    is_remote: ClassVar[bool] = True

    def __init__(
        self,
        *,
        url: str,
        region: str = "us-east-1",
        credentials: Credentials | None = None,
        into: Place | None = None,
        ca_file: Path | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{url!r} is no S3 endpoint: it begins with http:// or https://")
        super().__init__(credentials=credentials or usual_credentials(), region=region)
        self.ca_file = ca_file or usual_ca_file()
        self._url = url.rstrip("/")
        self._into = into
        self._made_into = self._marked_into = False
        self._token = secrets.token_hex(5)
        self._given: set[Place] = set()
        self._version = ""
        self._capabilities: frozenset[Capability] = frozenset()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What was measured at the start; a RuntimeError before it."""
        self._must_be_started()
        return self._capabilities

    @property
    def version(self) -> str:
        """What the server calls itself in its answers; a RuntimeError before the start."""
        self._must_be_started()
        return self._version

    @property
    def endpoint_url(self) -> str:
        """The URL as given, without a slash at the end."""
        return self._url

    def start(self, folder: Path) -> None:  # noqa: ARG002
        """Look whether it answers and may be used, and measure it; *folder* stays empty.

        Raises UsageError where the credentials are refused or may do too little, or where *into*
        holds what isn't drtest's.
        """
        try:
            with self.watched():
                self._version = self._greet()
                if self._into is not None:
                    self._claim(self._into)
                self._capabilities = self._measure()
        except ClientError as error:
            raise UsageError(f"{self._url} can't be used as a store: {error}") from error

    def is_alive(self) -> bool:
        """Whether it answers anything at all."""
        try:
            self.client().list_buckets()
        except ClientError:
            return True
        except BotoCoreError:
            return False
        return True

    def log_tail(self, lines: int = 20) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing: its log is not ours to read."""
        return ()

    def make_bucket(self, name: str, *, versioned: bool = False, locked: bool = False) -> Place:
        """Make a bucket, or give a prefix of the user's bucket; none that was used before.

        In the user's bucket versions and locks are as the user set them: asking for them where
        they aren't is a UsageError.
        """
        if self._into is None:
            # Bucket names are at most 63 characters, and at AWS one for all customers.
            place = super().make_bucket(
                f"drtest-{self._token}-{name}"[:63].rstrip("-"), versioned=versioned, locked=locked
            )
        else:
            self._must_already_be(self._into.bucket, versioned=versioned, locked=locked)
            place = Place(
                bucket=self._into.bucket, prefix=f"{self._into.prefix}{self._token}-{name}/"
            )
        self._given.add(place)
        return place

    def lock_by_default(self, where: Place, *, days: int = 1) -> None:
        """As the interface says; in the user's bucket locks are as the user set them."""
        if self._into is None:
            super().lock_by_default(where, days=days)

    def delete_bucket(self, where: Place | str) -> None:
        """Delete what was written to *where*; a ValueError where it was not given out here."""
        place = as_place(where)
        if place not in self._given:
            raise ValueError(f"{place} was not made here, so nothing in it is deleted")
        super().delete_bucket(place)
        self._given.discard(place)

    def copy_bucket(self, source: Place | str, target: Place | str) -> int:
        """As the interface says; *target* must be a place that was given out here."""
        place = as_place(target)
        if place not in self._given:
            raise ValueError(f"{place} was not made here, so nothing is written to it")
        return super().copy_bucket(source, target)

    def stop(self) -> None:
        """Take the mark away where nothing else is left below it, and close the client."""
        if self._into is not None and self._marked_into:
            self._unclaim(self._into)
        super().stop()

    def check(self) -> None:
        """Raise StoreFailed where it doesn't answer."""
        if not self.is_alive():
            raise self._failed(f"at {self._url} does not answer")

    # -- the start --------------------------------------------------------------------------------

    def _must_be_started(self) -> None:
        if not self._version:
            raise RuntimeError(f"{self.name} was not started")

    def _greet(self) -> str:
        try:
            answer = dict(self.client().list_buckets()["ResponseMetadata"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _REFUSED_CREDENTIALS:
                raise UsageError(f"{self._url} refuses these credentials: {error}") from error
            # Many may use a bucket and not list buckets.
            answer = dict(error.response.get("ResponseMetadata", {}))
        headers = answer.get("HTTPHeaders")
        return (headers.get("server") if isinstance(headers, dict) else "") or "unknown"

    def _measure(self) -> frozenset[Capability]:
        """Try everything where nothing else is, and clean up."""
        client = self.client()
        scratch: list[Place] = []

        def make(name: str, *, locked: bool = False) -> Place:
            scratch.append(Endpoint.make_bucket(self, name, locked=locked))
            return scratch[-1]

        try:
            place = make("probe")
            return Probe(
                client=client,
                endpoint_url=self._url,
                credentials=self.credentials,
                region=self.region,
                bucket=place.bucket,
                prefix=place.prefix,
                ca_file=self.ca_file,
                through_proxy=True,
                is_own_bucket=self._into is None,
                locked_bucket=(
                    None if self._into else lambda: make("probe-locks", locked=True).bucket
                ),
            ).measure()
        finally:
            for place in scratch:
                self.delete_bucket(place)

    # -- the user's bucket ------------------------------------------------------------------------

    def _must_already_be(self, bucket: str, *, versioned: bool, locked: bool) -> None:
        if versioned or locked:
            status = self.client().get_bucket_versioning(Bucket=bucket).get("Status")
            if status != "Enabled":
                raise UsageError(f"the bucket {bucket} must have versioning switched on for this")
        if locked:
            try:
                self.client().get_object_lock_configuration(Bucket=bucket)
            except ClientError as error:
                raise UsageError(f"the bucket {bucket} must allow object locks for this") from error

    def _claim(self, into: Place) -> None:
        client = self.client()
        if not buckets.exists(client, into.bucket):
            buckets.make(client, into.bucket, region=self.region)
            self._made_into = True
        mark = into.prefix + MARKER
        first = next(buckets.objects(client, into.bucket, into.prefix), None)
        if first is None:
            body = json.dumps(_MARK).encode()
            client.put_object(Bucket=into.bucket, Key=mark, Body=body)
            self._marked_into = True
        elif not _is_marked(client, into.bucket, mark):
            raise UsageError(
                f"s3://{into.bucket}/{into.prefix} is neither empty nor marked as drtest's own "
                f"(it holds {first.key!r}): name another prefix"
            )

    def _unclaim(self, into: Place) -> None:
        """Best effort: an endpoint that is gone keeps the mark, and the next run knows it by it."""
        client = self.client()
        mark = into.prefix + MARKER
        self._marked_into = False
        with contextlib.suppress(BotoCoreError, ClientError):
            if [found.key for found in buckets.objects(client, into.bucket, into.prefix)] == [mark]:
                buckets.empty(client, into.bucket, prefix=mark)
                if self._made_into:
                    # Refused, as it should be, where something lies outside the prefix.
                    client.delete_bucket(Bucket=into.bucket)


class Aws(Endpoint):
    """Amazon's own S3: an endpoint whose URL is that of the region."""

    name: ClassVar[str] = "aws"

    def __init__(
        self, *, region: str, credentials: Credentials | None = None, into: Place | None = None
    ) -> None:
        super().__init__(url=aws_url(region), region=region, credentials=credentials, into=into)


def _is_marked(client: S3Client, bucket: str, mark: str) -> bool:
    try:
        body = client.get_object(Bucket=bucket, Key=mark)["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "404"}:
            return False
        raise
    return bool(body == json.dumps(_MARK).encode())
