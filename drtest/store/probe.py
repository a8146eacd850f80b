"""Finds out what an S3 server can do, by trying it in a bucket of drtest's own."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials as SigningCredentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from drtest import clock
from drtest.store.capability import Capability

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from drtest.store.client import Credentials

# S3 allows them; a server that keeps objects as files may not.
ODD_KEYS = ("a//b", "a/./b", "a\\b", "x" * 256)
_CLOCK_OFF = timedelta(minutes=20)  # S3 allows 15 (RequestTimeTooSkewed)
_BODY = b"what drtest signed"
_OTHER_BODY = b"what others put in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Where and as whom to try. What is tried is left in *bucket*, under keys of *prefix*.

    ``client`` is an honest one. ``locked_bucket`` makes a bucket for object locks and returns its
    name; None where drtest may make no bucket.
    """

    client: S3Client
    endpoint_url: str
    credentials: Credentials
    region: str
    bucket: str
    prefix: str = ""
    is_own_bucket: bool = True  # versioning may be switched on
    ca_file: Path | None = None
    through_proxy: bool = False
    locked_bucket: Callable[[], str] | None = None

    def has(self, capability: Capability) -> bool:
        """Whether the server behaves as *capability* says, by what it does and not by its name.

        ACCESS_LOG and LIMITED_CREDENTIALS can't be seen from outside and are always False.
        """
        match capability:
            case Capability.CHECKS_SIGNATURE:
                return self.refuses_wrong_secret() and self.refuses_unsigned()
            case Capability.CHECKS_CLOCK:
                return self.refuses_clock_off()
            case Capability.CHECKS_BODY_HASH:
                return self.refuses_altered_body()
            case Capability.CHECKS_CHECKSUM:
                wrong_crc32 = base64.b64encode(bytes(4)).decode()
                return self.refuses_header("x-amz-checksum-crc32", wrong_crc32)
            case Capability.CHECKS_MD5:
                wrong_md5 = base64.b64encode(bytes(16)).decode()
                return self.refuses_header("Content-MD5", wrong_md5)
            case Capability.VERSIONS:
                return self._keeps_versions()
            case Capability.STORAGE_CLASSES:
                return self._keeps_storage_class()
            case Capability.REFUSES_COLD_READS:
                return self._refuses_cold_read()
            case Capability.OBJECT_LOCK:
                return self._keeps_locked()
            case Capability.ANY_KEY:
                return self._keeps_any_key()
            case Capability.ACCESS_LOG | Capability.LIMITED_CREDENTIALS:
                return False
            case _:
                assert_never(capability)

    def measure(self) -> frozenset[Capability]:
        """Every capability that the server has."""
        return frozenset(capability for capability in Capability if self.has(capability))

    # -- refusals: each one request that an honest client never sends ---------------------------

    def refuses_wrong_secret(self) -> bool:
        """A PUT signed with another secret."""
        return self._is_refused(self._signed(secret_key="0" * 40))

    def refuses_unsigned(self) -> bool:
        """A PUT without any signature."""
        return self._is_refused(AWSRequest(method="PUT", url=self._url(), data=_BODY))

    def refuses_clock_off(self, by: timedelta = _CLOCK_OFF) -> bool:
        """A PUT signed by a clock that is *by* slow, and one by a clock that is as fast."""
        now = clock.real_now()
        return all(self._is_refused(self._signed(at=now + off)) for off in (-by, by))

    def refuses_altered_body(self) -> bool:
        """A PUT whose body isn't the one that its signature covers."""
        return self._is_refused(self._signed(), body=_OTHER_BODY)

    def refuses_header(self, name: str, value: str) -> bool:
        """A PUT with a header that contradicts its body."""
        return self._is_refused(self._signed(headers={name: value}))

    def accepts_honest(self) -> bool:
        """The same PUT with nothing wrong: the refusals mean nothing where this is refused."""
        return not self._is_refused(self._signed())

    # -- behaviours -----------------------------------------------------------------------------

    def _keeps_versions(self) -> bool:
        key = f"{self.prefix}probe-version"
        try:
            if self.is_own_bucket:
                self.client.put_bucket_versioning(
                    Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"}
                )
            elif self.client.get_bucket_versioning(Bucket=self.bucket).get("Status") != "Enabled":
                return False
            first = self.client.put_object(Bucket=self.bucket, Key=key, Body=b"first")
            self.client.put_object(Bucket=self.bucket, Key=key, Body=b"second")
            version_id = first.get("VersionId", "")
            if not version_id:
                return False
            old = self.client.get_object(Bucket=self.bucket, Key=key, VersionId=version_id)
            return old["Body"].read() == b"first"
        except ClientError:
            return False

    def _keeps_storage_class(self) -> bool:
        key = f"{self.prefix}probe-class"
        try:
            self.client.put_object(
                Bucket=self.bucket, Key=key, Body=b"1", StorageClass="STANDARD_IA"
            )
            page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=key)
        except ClientError:
            return False
        return [found.get("StorageClass") for found in page.get("Contents", ())] == ["STANDARD_IA"]

    def _refuses_cold_read(self) -> bool:
        key = f"{self.prefix}probe-cold"
        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=b"1", StorageClass="GLACIER")
        except ClientError:
            return False
        try:
            self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            return error.response.get("Error", {}).get("Code") == "InvalidObjectState"
        return False

    def _keeps_locked(self) -> bool:
        if self.locked_bucket is None:
            return False
        try:
            bucket = self.locked_bucket()
            locked = self.client.put_object(
                Bucket=bucket,
                Key="probe-locked",
                Body=b"1",
                ObjectLockMode="GOVERNANCE",
                ObjectLockRetainUntilDate=clock.real_now() + timedelta(hours=1),
            )
        except ClientError:
            return False
        try:
            self.client.delete_object(
                Bucket=bucket, Key="probe-locked", VersionId=locked["VersionId"]
            )
        except ClientError:
            return True
        return False

    def _keeps_any_key(self) -> bool:
        keys = sorted(f"{self.prefix}probe-key/{odd}" for odd in ODD_KEYS)
        try:
            for key in keys:
                self.client.put_object(Bucket=self.bucket, Key=key, Body=b"1")
        except ClientError:
            return False
        page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}probe-key/")
        return [found["Key"] for found in page.get("Contents", ())] == keys

    # -- how a forged request is made -------------------------------------------------------------

    def _url(self) -> str:
        return f"{self.endpoint_url}/{self.bucket}/{self.prefix}probe-forged"

    def _signed(
        self,
        *,
        secret_key: str = "",
        at: datetime | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AWSRequest:
        request = AWSRequest(method="PUT", url=self._url(), data=_BODY, headers=headers or {})
        identity = SigningCredentials(
            self.credentials.access_key,
            secret_key or self.credentials.secret_key,
            self.credentials.session_token or None,
        )
        _SignedAt(identity, self.region, at or clock.real_now()).add_auth(request)
        return request

    def _is_refused(self, request: AWSRequest, *, body: bytes = _BODY) -> bool:
        prepared: AWSPreparedRequest = request.prepare()
        prepared.body = body
        session = URLLib3Session(
            # A path or True; the stubs know only the latter.
            verify=str(self.ca_file) if self.ca_file else True,  # type: ignore[arg-type]
            proxies=get_environ_proxies(self.endpoint_url) if self.through_proxy else {},
        )
        try:
            # 5xx is no refusal: it says that the server did not get so far.
            return 400 <= session.send(prepared).status_code < 500
        finally:
            session.close()


class _SignedAt(S3SigV4Auth):
    """botocore's own signature, at an instant that the caller chooses."""

    def __init__(self, identity: SigningCredentials, region: str, at: datetime) -> None:
        super().__init__(identity, "s3", region)
        self._at = at

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._at.strftime("%Y%m%dT%H%M%SZ")
        super()._modify_request_before_signing(request)  # type: ignore[misc]  # not in the stubs
