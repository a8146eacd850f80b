"""What every store promises: one suite, each store inherits it, and a test that none is missing."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import get_args

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drtest import clock
from drtest.errors import StoreFailed, UsageError
from drtest.model.scenario import Need
from drtest.store import Capability, Credentials, Place, Store, port, stores, usual_credentials
from drtest.store.endpoint import Aws, Endpoint
from drtest.store.minio import PINNED
from drtest.store.probe import Probe
from drtest.store.versions import current, purge, roll_back, versions

PART_BYTES = 5 * 1024 * 1024  # the smallest that S3 takes, but for the last
# Odd, and every store must keep them; for odder ones there is the capability any-key.
ODD_KEYS = (
    "a b+c",
    "naïve-日本-\N{PILE OF POO}",
    "percent%2Fsigns%20",
    "quote'\"<&>;=?#",
    "tilde~!*(){}[]|^`",
    "x" * 240,
    "y/" * 300 + "z",
)

# No probe sees these from outside; they have contracts of their own.
UNSEEN = {Capability.ACCESS_LOG, Capability.LIMITED_CREDENTIALS}

_numbers = count(1)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


class StoreContract:
    """What every store promises. Subclass, say how it is made, inherit the tests."""

    kind: str

    @classmethod
    def make(cls) -> Store:
        return stores()[cls.kind]()

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        store = cls.make()
        try:
            store.start(tmp_path_factory.mktemp(cls.kind))
            yield store
        finally:
            store.stop()

    @pytest.fixture
    def new_bucket(self, store: Store) -> Iterator[Callable[..., str]]:
        made: list[str] = []

        def make(**how: bool) -> str:
            place = store.make_bucket(f"contract-{next(_numbers)}", **how)
            assert place.prefix == ""
            made.append(place.bucket)
            return place.bucket

        yield make
        for name in made:
            if store.client().list_buckets(Prefix=name)["Buckets"]:
                store.delete_bucket(name)

    @pytest.fixture
    def bucket(self, new_bucket: Callable[..., str]) -> str:
        return new_bucket()

    # -- life -----------------------------------------------------------------------------------

    def test_says_what_it_is(self, store: Store) -> None:
        assert store.name == self.kind
        assert store.version
        assert store.is_alive()
        assert store.endpoint_url.startswith("http")
        assert not store.endpoint_url.endswith("/")
        store.check()

    def test_shows_no_secret(self, store: Store) -> None:
        assert store.credentials.secret_key not in repr(store.credentials)
        assert store.credentials.secret_key not in repr(vars(store))
        assert store.credentials.secret_key not in "\n".join(store.log_tail(1000))

    def test_reads_nothing_of_the_users(
        self, tmp_path: Path, bucket: str, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tmp_path / "config"
        config.write_text("[default]\nregion = eu-nowhere-1\nendpoint_url = http://127.0.0.1:1\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "not a number")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        if store.is_remote:
            monkeypatch.delenv("http_proxy")
        client = store.connect()
        try:
            client.head_bucket(Bucket=bucket)
            assert client.meta.region_name == store.region
        finally:
            client.close()

    # -- buckets and objects --------------------------------------------------------------------

    def test_bucket_life(self, store: Store, new_bucket: Callable[..., str]) -> None:
        name = new_bucket()
        assert list(store.list_objects(name)) == []
        with pytest.raises(ClientError) as error:
            store.client().put_object(Bucket="no-such-bucket-here", Key="k", Body=b"")
        assert code_of(error) == "NoSuchBucket"
        store.delete_bucket(name)
        with pytest.raises(ClientError) as error:
            list(store.list_objects(name))
        assert code_of(error) == "NoSuchBucket"

    def test_put_get_head_delete(self, store: Store, bucket: str) -> None:
        client = store.client()
        client.put_object(Bucket=bucket, Key="k", Body=b"one", Metadata={"who": "me"})
        client.put_object(Bucket=bucket, Key="k", Body=b"three")
        client.put_object(Bucket=bucket, Key="empty", Body=b"")
        assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"three"
        assert client.head_object(Bucket=bucket, Key="k")["ContentLength"] == 5
        assert client.head_object(Bucket=bucket, Key="empty")["ContentLength"] == 0
        client.delete_object(Bucket=bucket, Key="k")
        client.delete_object(Bucket=bucket, Key="never-there")
        with pytest.raises(ClientError) as error:
            client.get_object(Bucket=bucket, Key="k")
        assert code_of(error) == "NoSuchKey"
        with pytest.raises(ClientError) as error:
            client.head_object(Bucket=bucket, Key="k")
        assert code_of(error) == "404"

    def test_reads_in_pieces(self, store: Store, bucket: str) -> None:
        body = bytes(range(256)) * (5 << 11)  # two and a half MiB
        store.client().put_object(Bucket=bucket, Key="k", Body=body)
        store.client().put_object(Bucket=bucket, Key="empty", Body=b"")
        pieces = list(store.read(bucket, "k"))
        assert b"".join(pieces) == body and max(map(len, pieces)) <= 1 << 20
        assert b"".join(store.read(bucket, "empty")) == b""
        with pytest.raises(ClientError) as error:
            list(store.read(bucket, "never-there"))
        assert code_of(error) == "NoSuchKey"

    def test_ranged_get(self, store: Store, bucket: str) -> None:
        client = store.client()
        client.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
        for asked, given in (("bytes=2-4", b"234"), ("bytes=8-", b"89"), ("bytes=-1", b"9")):
            answer = client.get_object(Bucket=bucket, Key="k", Range=asked)
            assert answer["Body"].read() == given
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        with pytest.raises(ClientError) as error:
            client.get_object(Bucket=bucket, Key="k", Range="bytes=10-")
        assert code_of(error) in {"InvalidRange", "416"}

    def test_odd_keys(self, store: Store, bucket: str) -> None:
        client = store.client()
        for number, key in enumerate(ODD_KEYS):
            client.put_object(Bucket=bucket, Key=key, Body=b"x" * number)
        assert [(one.key, one.size_bytes) for one in store.list_objects(bucket)] == [
            (key, number)
            for number, key in sorted(enumerate(ODD_KEYS), key=lambda row: row[1].encode())
        ]
        for number, key in enumerate(ODD_KEYS):
            assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x" * number

    def test_lists_more_than_one_page(self, store: Store, bucket: str) -> None:
        client = store.client()
        keys = [f"p/{number:04}" for number in range(1001)]
        with ThreadPoolExecutor(8) as pool:
            for done in [
                pool.submit(client.put_object, Bucket=bucket, Key=key, Body=b"")
                for key in ("q", *keys, "a")
            ]:
                done.result()
        assert [found.key for found in store.list_objects(bucket)] == ["a", *keys, "q"]
        assert [found.key for found in store.list_objects(bucket, "p/")] == keys
        # ListObjects of the first kind is what duplicity asks for.
        first = client.list_objects(Bucket=bucket, Prefix="p/")
        assert first["IsTruncated"]
        assert [found["Key"] for found in first["Contents"]] == keys[:1000]

    def test_multipart(self, store: Store, bucket: str) -> None:
        client = store.client()
        big, other = "p/big", "q/other"
        upload = client.create_multipart_upload(Bucket=bucket, Key=big)["UploadId"]
        client.create_multipart_upload(Bucket=bucket, Key=other)
        bodies = (b"a" * PART_BYTES, b"b" * 10)
        parts = [
            {
                "PartNumber": number,
                "ETag": client.upload_part(
                    Bucket=bucket, Key=big, UploadId=upload, PartNumber=number, Body=body
                )["ETag"],
            }
            for number, body in enumerate(bodies, start=1)
        ]
        (open_upload,) = store.open_uploads(bucket, "p/")
        assert (open_upload.key, open_upload.size_bytes) == (big, PART_BYTES + 10)
        assert [one.key for one in store.open_uploads(bucket)] == [big, other]
        assert list(store.list_objects(bucket)) == []
        client.complete_multipart_upload(
            Bucket=bucket, Key=big, UploadId=upload, MultipartUpload={"Parts": parts}
        )
        assert [one.key for one in store.open_uploads(bucket)] == [other]
        answer = client.get_object(Bucket=bucket, Key=big, Range=f"bytes={PART_BYTES - 1}-")
        assert answer["Body"].read() == b"a" + b"b" * 10

    def test_deletes_a_bucket_with_open_uploads(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        name, client = new_bucket(), store.client()
        upload = client.create_multipart_upload(Bucket=name, Key="left")["UploadId"]
        client.upload_part(Bucket=name, Key="left", UploadId=upload, PartNumber=1, Body=b"1")
        client.put_object(Bucket=name, Key="k", Body=b"1")
        store.delete_bucket(name)
        client.create_bucket(Bucket=name)
        assert list(store.open_uploads(name)) == []
        assert list(store.list_objects(name)) == []
        client.delete_bucket(Bucket=name)

    def test_copies_a_bucket(self, store: Store, new_bucket: Callable[..., str]) -> None:
        source, target = new_bucket(), new_bucket()
        client = store.client()
        for key in ODD_KEYS:
            client.put_object(Bucket=source, Key=key, Body=key.encode(), Metadata={"who": "me"})
        assert store.copy_bucket(source, target) == len(ODD_KEYS)
        assert list(store.list_objects(target)) == list(store.list_objects(source))
        client.delete_object(Bucket=target, Key=ODD_KEYS[0])
        assert client.get_object(Bucket=source, Key=ODD_KEYS[0])["Body"].read()
        copied = client.get_object(Bucket=target, Key=ODD_KEYS[3])
        assert copied["Body"].read() == ODD_KEYS[3].encode()
        assert copied["Metadata"] == {"who": "me"}

    def test_the_client_serves_several_threads(self, store: Store, bucket: str) -> None:
        def put(number: int) -> bytes:
            store.client().put_object(Bucket=bucket, Key=f"{number:02}", Body=b"%d" % number)
            return store.client().get_object(Bucket=bucket, Key=f"{number:02}")["Body"].read()

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(put, range(24))) == [b"%d" % number for number in range(24)]
        assert len(list(store.list_objects(bucket))) == 24

    # -- what stores differ in --------------------------------------------------------------------

    @pytest.fixture
    def probe(self, store: Store, bucket: str, new_bucket: Callable[..., str]) -> Probe:
        return Probe(
            client=store.client(),
            endpoint_url=store.endpoint_url,
            credentials=store.credentials,
            region=store.region,
            bucket=bucket,
            locked_bucket=lambda: new_bucket(locked=True),
        )

    @pytest.mark.parametrize(
        "capability", sorted(set(Capability) - UNSEEN, key=list(Capability).index)
    )
    def test_declares_what_it_does(
        self, store: Store, probe: Probe, capability: Capability
    ) -> None:
        assert probe.accepts_honest()
        assert probe.has(capability) == (capability in store.capabilities)

    def test_no_access_log_is_said_so(self, store: Store) -> None:
        if Capability.ACCESS_LOG not in store.capabilities:
            with pytest.raises(NotImplementedError, match=store.name):
                store.access_log()

    def test_no_limited_credentials_are_said_so(self, store: Store) -> None:
        if Capability.LIMITED_CREDENTIALS not in store.capabilities:
            with pytest.raises(NotImplementedError, match=store.name):
                store.limited("any", ("s3:PutObject",))


class VersionsContract(StoreContract):
    """What a store promises that declares versions."""

    def test_versions_undo_an_intruder(self, store: Store, new_bucket: Callable[..., str]) -> None:
        bucket, client = new_bucket(versioned=True), store.client()
        good = {
            key: client.put_object(Bucket=bucket, Key=key, Body=key.encode())["VersionId"]
            for key in ("full", "inc")
        }
        client.put_object(Bucket=bucket, Key="full", Body=b"ransom")
        for key in good:
            client.delete_object(Bucket=bucket, Key=key)
        assert list(store.list_objects(bucket)) == []
        for key, version_id in good.items():
            source = {"Bucket": bucket, "Key": key, "VersionId": version_id}
            client.copy_object(Bucket=bucket, Key=key, CopySource=source)
        assert client.get_object(Bucket=bucket, Key="full")["Body"].read() == b"full"
        assert [found.key for found in store.list_objects(bucket)] == ["full", "inc"]
        store.delete_bucket(bucket)
        with pytest.raises(ClientError):
            client.head_bucket(Bucket=bucket)

    def test_rolls_back_what_was_deleted_or_written_over(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        place, client = Place(bucket=new_bucket(versioned=True)), store.client()
        for key in ("deleted", "overwritten", "same"):
            client.put_object(Bucket=place.bucket, Key=key, Body=key.encode())
        sound = current(store, place)
        assert sorted(sound) == ["deleted", "overwritten", "same"]
        client.delete_object(Bucket=place.bucket, Key="deleted")
        client.put_object(Bucket=place.bucket, Key="overwritten", Body=b"ransom")
        assert roll_back(store, place, sound) == ("deleted", "overwritten")
        for key in sound:
            body = client.get_object(Bucket=place.bucket, Key=key)["Body"].read()
            assert body == key.encode()
        assert roll_back(store, place, current(store, place)) == ()

    def test_what_is_purged_does_not_come_back(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        place, client = Place(bucket=new_bucket(versioned=True)), store.client()
        client.put_object(Bucket=place.bucket, Key="k", Body=b"1")
        sound = current(store, place)
        assert purge(store, place, "k")
        assert not purge(store, place, "k")
        assert list(versions(store, place)) == []
        assert roll_back(store, place, sound) == ()


class LocksContract(StoreContract):
    """What a store promises that declares object-lock."""

    def test_a_lock_outlives_a_purge(self, store: Store, new_bucket: Callable[..., str]) -> None:
        place, client = Place(bucket=new_bucket(locked=True)), store.client()
        store.lock_by_default(place)
        client.put_object(Bucket=place.bucket, Key="k", Body=b"1")
        sound = current(store, place)
        assert purge(store, place, "k")
        assert list(store.list_objects(place.bucket)) == []
        assert roll_back(store, place, sound) == ("k",)
        assert client.get_object(Bucket=place.bucket, Key="k")["Body"].read() == b"1"


class StorageClassesContract(StoreContract):
    """What a store promises that declares storage-classes."""

    def test_lists_and_copies_storage_classes(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        source, target = new_bucket(), new_bucket()
        for key in ("STANDARD", "STANDARD_IA", "GLACIER"):
            store.client().put_object(Bucket=source, Key=key, Body=b"12", StorageClass=key)
        for bucket in (source, *copied(store, source, target)):
            listed = {one.key: one.storage_class for one in store.list_objects(bucket)}
            assert listed == {key: key for key in ("STANDARD", "STANDARD_IA", "GLACIER")}


class ColdReadsContract(StoreContract):
    """What a store promises that declares refuses-cold-reads."""

    def test_cold_objects_stay_cold_until_a_thaw(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        source, target = new_bucket(), new_bucket()
        client = store.client()
        client.put_object(Bucket=source, Key="k", Body=b"cold", StorageClass="GLACIER")
        for bucket in (source, *copied(store, source, target)):
            with pytest.raises(ClientError) as error:
                client.get_object(Bucket=bucket, Key="k")
            assert code_of(error) == "InvalidObjectState"
        client.restore_object(Bucket=source, Key="k", RestoreRequest={"Days": 1})
        assert client.get_object(Bucket=source, Key="k")["Body"].read() == b"cold"


class AccessLogContract(StoreContract):
    """What a store promises that declares access-log."""

    def test_access_log_tells_every_request(self, store: Store, bucket: str) -> None:
        before = len(list(store.access_log()))
        client = store.client()
        client.put_object(Bucket=bucket, Key="a b/é", Body=b"1")
        client.get_object(Bucket=bucket, Key="a b/é")["Body"].read()
        with pytest.raises(ClientError):
            client.get_object(Bucket=bucket, Key="absent")
        logged = list(store.access_log())[before:]
        assert [(one.method, one.path, one.status) for one in logged] == [
            ("PUT", f"/{bucket}/a%20b/%C3%A9", 200),
            ("GET", f"/{bucket}/a%20b/%C3%A9", 200),
            ("GET", f"/{bucket}/absent", 404),
        ]


class LimitedCredentialsContract:
    """What a store promises that declares limited-credentials."""

    make: Callable[[], Store]

    def test_write_but_not_delete(self, tmp_path: Path) -> None:
        store = self.make()
        try:
            store.start(tmp_path)
            for name in ("mine", "other"):
                store.make_bucket(name)
            limited = store.limited("mine", ("s3:PutObject", "s3:GetObject", "s3:ListBucket"))
            assert limited.secret_key not in repr(limited)
            client = store.connect(limited)
            client.head_bucket(Bucket="mine")
            client.put_object(Bucket="mine", Key="k", Body=b"1")
            assert client.get_object(Bucket="mine", Key="k")["Body"].read() == b"1"
            assert client.list_objects_v2(Bucket="mine")["KeyCount"] == 1
            for refused in (
                lambda: client.delete_object(Bucket="mine", Key="k"),
                lambda: client.put_object(Bucket="other", Key="k", Body=b"1"),
                lambda: client.delete_bucket(Bucket="mine"),
            ):
                with pytest.raises(ClientError) as error:
                    refused()
                assert code_of(error) == "AccessDenied"
            # Several at once: refused as a whole, or key by key.
            with contextlib.suppress(ClientError):
                doomed = {"Objects": [{"Key": "k"}]}
                answer = client.delete_objects(Bucket="mine", Delete=doomed)
                assert [one["Code"] for one in answer["Errors"]] == ["AccessDenied"]
            client.close()
            assert [found.key for found in store.list_objects("mine")] == ["k"]
            store.delete_bucket("mine")
        finally:
            store.stop()


class ServerContract(StoreContract):
    """What a store that drtest starts itself promises beside."""

    def test_stops_more_than_once_and_leaves_nothing(self, tmp_path: Path) -> None:
        store = self.make()
        store.stop()
        store.start(tmp_path)
        pid = store.pid
        store.make_bucket("abc")
        store.stop()
        store.stop()
        assert not store.is_alive()
        with pytest.raises(ProcessLookupError):
            os.killpg(pid, 0)
        with pytest.raises(StoreFailed, match="died"):
            store.check()

    def test_its_environment_is_its_own(self, store: Store) -> None:
        environment = Path(f"/proc/{store.pid}/environ").read_bytes().decode().split("\0")
        names = {entry.partition("=")[0] for entry in environment if entry}
        assert "TZ=UTC" in environment
        assert not names & {"AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "VIRTUAL_ENV"}

    def test_killed_in_the_middle_is_store_failed(self, tmp_path: Path) -> None:
        store = self.make()
        try:
            store.start(tmp_path)
            store.make_bucket("abc")
            os.killpg(store.pid, signal.SIGKILL)
            with pytest.raises(StoreFailed, match=store.name) as failed:
                list(store.list_objects("abc"))
            assert failed.value.log_tail
            with pytest.raises(StoreFailed), store.watched():
                store.client().put_object(Bucket="abc", Key="k", Body=b"1")
        finally:
            store.stop()

    def test_dies_while_starting(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = self.make()
        command = store.command

        def dying(folder: Path, ports: tuple[int, ...]) -> tuple[str, ...]:
            return (command(folder, ports)[0], "--no-such-option-anywhere")

        monkeypatch.setattr(store, "command", dying)
        started = clock.monotonic_s()
        with pytest.raises(StoreFailed, match="did not start") as failed:
            store.start(tmp_path)
        assert failed.value.log_tail
        assert clock.monotonic_s() - started < 10
        assert not store.is_alive()

    def test_a_port_taken_in_between_is_tried_again(
        self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        late = self.make()
        choose, asked = late.choose_ports, count(1)

        def taken_once() -> tuple[int, ...]:
            ports = choose()
            # The first time S3's port is one that the other store answers on.
            taken = int(store.endpoint_url.rpartition(":")[2])
            return (taken, *ports[1:]) if next(asked) == 1 else ports

        monkeypatch.setattr(late, "choose_ports", taken_once)
        try:
            late.start(tmp_path)
            assert next(asked) == 3
            assert late.endpoint_url != store.endpoint_url
            late.check()
        finally:
            late.stop()

    def test_a_port_that_stays_taken_is_store_failed(
        self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        late = self.make()
        choose = late.choose_ports
        taken = int(store.endpoint_url.rpartition(":")[2])
        monkeypatch.setattr(late, "choose_ports", lambda: (taken, *choose()[1:]))
        with pytest.raises(StoreFailed) as failed:
            late.start(tmp_path)
        assert any("in use" in line or str(taken) in line for line in failed.value.log_tail)
        assert not late.is_alive()


class DiskContract(ServerContract):
    """What a server promises that keeps objects in its folder."""

    @pytest.mark.needs("root")
    def test_a_full_disk_is_store_failed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = self.make()
        command = store.command

        def on_a_tiny_disk(folder: Path, ports: tuple[int, ...]) -> tuple[str, ...]:
            # In a mount namespace of its own, so that nothing is left to be unmounted.
            argv = command(folder, ports)
            disk = folder / "data"
            script = f'mount -t tmpfs -o size=160m tmpfs "{disk}" && exec "$@"'
            return ("unshare", "--mount", "sh", "-c", script, "sh", *argv)

        monkeypatch.setattr(store, "command", on_a_tiny_disk)
        try:
            store.start(tmp_path)
            store.make_bucket("abc")
            store.check()
            with pytest.raises(StoreFailed, match="is full") as failed, store.watched():
                for number in range(24):
                    body = bytes(8 * 1024 * 1024)
                    store.client().put_object(Bucket="abc", Key=str(number), Body=body)
            assert failed.value.log_tail
            with pytest.raises(StoreFailed, match="is full"):
                store.check()
            assert store.is_alive()
        finally:
            store.stop()


def copied(store: Store, source: str, target: str) -> tuple[str, ...]:
    """Copy a bucket with cold objects; the target, or nothing where S3's refusal is right."""
    if store.thaws_at_once or Capability.REFUSES_COLD_READS not in store.capabilities:
        store.copy_bucket(source, target)
        return (target,)
    with pytest.raises(ClientError) as error:
        store.copy_bucket(source, target)
    assert code_of(error) == "ObjectNotInActiveTierError"
    return ()


CONTRACTS = {
    Capability.VERSIONS: VersionsContract,
    Capability.OBJECT_LOCK: LocksContract,
    Capability.STORAGE_CLASSES: StorageClassesContract,
    Capability.REFUSES_COLD_READS: ColdReadsContract,
    Capability.ACCESS_LOG: AccessLogContract,
    Capability.LIMITED_CREDENTIALS: LimitedCredentialsContract,
}


class TestMoto(
    VersionsContract,
    LocksContract,
    StorageClassesContract,
    ColdReadsContract,
    AccessLogContract,
    ServerContract,
):
    kind = "moto"


class TestMotoWithPolicies(LimitedCredentialsContract):
    """What it does else is the same."""

    kind = "moto"
    store = StoreContract.store
    new_bucket = StoreContract.new_bucket
    bucket = StoreContract.bucket
    probe = StoreContract.probe
    test_declares_what_it_does = StoreContract.test_declares_what_it_does

    @classmethod
    def make(cls) -> Store:
        return stores()["moto"](authenticates=True)


@pytest.mark.needs("seaweedfs")
class TestSeaweedFs(
    VersionsContract,
    LocksContract,
    StorageClassesContract,
    LimitedCredentialsContract,
    DiskContract,
):
    kind = "seaweedfs"


@pytest.mark.needs("minio")
class TestMinio(
    VersionsContract, LocksContract, AccessLogContract, LimitedCredentialsContract, DiskContract
):
    kind = "minio"


class TestEndpoint(VersionsContract, StorageClassesContract, ColdReadsContract):
    """Over moto, as over any server that is there already."""

    kind = "endpoint"
    behind = "moto"

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        server = stores()[cls.behind]()
        try:
            server.start(tmp_path_factory.mktemp("behind"))
            yield server
        finally:
            server.stop()

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        store = Endpoint(url=server.endpoint_url, credentials=server.credentials)
        try:
            store.start(tmp_path_factory.mktemp("endpoint"))
            yield store
        finally:
            store.stop()

    def test_measures_what_the_server_declares(self, store: Store, server: Store) -> None:
        assert store.capabilities == server.capabilities - UNSEEN

    def test_measuring_leaves_nothing(self, server: Store, tmp_path: Path) -> None:
        before = server.client().list_buckets()["Buckets"]
        with ready(server, tmp_path) as store:
            assert store.version != "unknown"
        assert server.client().list_buckets()["Buckets"] == before

    def test_a_bucket_that_is_not_empty_is_refused(self, server: Store, tmp_path: Path) -> None:
        server.make_bucket("theirs")
        server.client().put_object(Bucket="theirs", Key="p/family.jpg", Body=b"1")
        for prefix in ("", "p/"):
            store = self.endpoint(server, Place(bucket="theirs", prefix=prefix))
            with pytest.raises(UsageError, match=r"family\.jpg"):
                store.start(tmp_path)
            store.stop()
        assert [found.key for found in server.list_objects("theirs")] == ["p/family.jpg"]

    def test_deletes_only_what_it_wrote(self, server: Store, tmp_path: Path) -> None:
        server.make_bucket("shared")
        theirs, client = ["a", "drtest-not", "z/z"], server.client()
        for key in theirs:
            client.put_object(Bucket="shared", Key=key, Body=b"1")
        with ready(server, tmp_path, Place(bucket="shared", prefix="drtest/")) as store:
            place, other = store.make_bucket("one"), store.make_bucket("two")
            assert place.prefix.startswith("drtest/") and place.prefix != other.prefix
            store.client().put_object(Bucket="shared", Key=place.prefix + "k", Body=b"1")
            assert store.copy_bucket(place, other) == 1
            assert [one.key for one in store.list_objects("shared", other.prefix)] == [
                other.prefix + "k"
            ]
            for not_given in ("shared", Place(bucket="shared", prefix="z/")):
                with pytest.raises(ValueError, match="not made here"):
                    store.delete_bucket(not_given)
                with pytest.raises(ValueError, match="not made here"):
                    store.copy_bucket(place, not_given)
            store.delete_bucket(place)
            assert [one.key for one in store.list_objects("shared", other.prefix)]
            store.delete_bucket(other)
        assert [found.key for found in server.list_objects("shared")] == theirs

    def test_a_marked_prefix_is_taken_again(self, server: Store, tmp_path: Path) -> None:
        into = Place(bucket="crashed", prefix="dr/")
        with ready(server, tmp_path, into) as store:
            left = store.make_bucket("left")
            store.client().put_object(Bucket="crashed", Key=left.prefix + "k", Body=b"1")
        with ready(server, tmp_path, into) as store:
            fresh = store.make_bucket("left")
            assert list(store.list_objects(fresh.bucket, fresh.prefix)) == []
            with pytest.raises(UsageError, match="versioning"):
                store.make_bucket("v", versioned=True)

    def test_the_mark_goes_with_the_last_object(self, server: Store, tmp_path: Path) -> None:
        with ready(server, tmp_path, Place(bucket="made-for-it")) as store:
            store.delete_bucket(store.make_bucket("one"))
        names = [found["Name"] for found in server.client().list_buckets()["Buckets"]]
        assert "made-for-it" not in names

    def test_a_server_that_is_gone_is_store_failed(self, tmp_path: Path) -> None:
        server = stores()[self.behind]()
        folder = tmp_path / "behind"
        folder.mkdir()
        try:
            server.start(folder)
            with ready(server, tmp_path) as store:
                place = store.make_bucket("one")
                os.killpg(server.pid, signal.SIGKILL)
                with pytest.raises(StoreFailed, match="endpoint"):
                    store.check()
                with pytest.raises(StoreFailed, match="endpoint"):
                    list(store.list_objects(place.bucket))
        finally:
            server.stop()

    def test_https_with_a_certificate_of_ones_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificate, key = self_signed(tmp_path)
        server = stores()["moto"]()
        command = server.command
        monkeypatch.setattr(
            server, "command", lambda *how: (*command(*how), "-c", str(certificate), "-k", str(key))
        )
        monkeypatch.setattr(server, "_answers", lambda: True)  # listens; it speaks no http
        try:
            server.start(tmp_path)
            url = server.endpoint_url.replace("http:", "https:")
            monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
            stranger = Endpoint(url=url, credentials=server.credentials)
            with pytest.raises(StoreFailed, match="certificate verify failed"):
                stranger.start(tmp_path)
            stranger.stop()
            monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
            store = Endpoint(url=url, credentials=server.credentials)
            try:
                store.start(tmp_path)
                assert store.ca_file == certificate
                bucket = store.make_bucket("one").bucket
                store.client().put_object(Bucket=bucket, Key="k", Body=b"1")
                assert store.client().get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
                store.delete_bucket(bucket)
            finally:
                store.stop()
        finally:
            server.stop()

    def test_no_server_at_all_is_store_failed(self, tmp_path: Path) -> None:
        (closed,) = port.free(1)
        who = Credentials(access_key="who", secret_key="hush-hush")
        store = Endpoint(url=f"http://127.0.0.1:{closed}", credentials=who)
        with pytest.raises(StoreFailed, match="does not answer"):
            store.start(tmp_path)
        store.stop()

    def test_credentials_come_from_the_usual_places(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID"):
            Endpoint(url="http://127.0.0.1:1")
        (tmp_path / "credentials").write_text(
            "[default]\naws_access_key_id = who\naws_secret_access_key = hush-hush\n"
        )
        found = Endpoint(url="http://127.0.0.1:1").credentials
        assert (found.access_key, found.secret_key) == ("who", "hush-hush")
        with pytest.raises(UsageError, match="nobody"):
            usual_credentials("nobody")

    @staticmethod
    def endpoint(server: Store, into: Place | None = None) -> Endpoint:
        return Endpoint(url=server.endpoint_url, credentials=server.credentials, into=into)


@pytest.mark.needs("minio")
class TestEndpointOverMinio:
    """A server that refuses wrong credentials, and is measured as such."""

    server = TestEndpoint.server
    store = TestEndpoint.store
    behind = "minio"
    test_measures_what_the_server_declares = TestEndpoint.test_measures_what_the_server_declares

    @pytest.mark.parametrize("versioned", [False, True])
    def test_no_more_rights_than_the_page_says(
        self, server: Store, tmp_path: Path, versioned: bool
    ) -> None:
        page = (Path(__file__).parents[2] / "docs" / "stores.md").read_text(encoding="utf-8")
        needed = page.partition("must be allowed:")[2].partition("and without a bucket")[0]
        rights = re.findall(r"`(s3:\w+)`", needed)
        bucket = server.make_bucket(f"rights-{versioned}".lower(), versioned=versioned).bucket
        store = Endpoint(
            url=server.endpoint_url,
            credentials=server.limited(bucket, rights),
            into=Place(bucket=bucket, prefix="dr/"),
        )
        try:
            store.start(tmp_path)
            assert (Capability.VERSIONS in store.capabilities) == versioned
            place = store.make_bucket("one", versioned=versioned)
            for body in (b"1", b"22"):
                store.client().put_object(Bucket=bucket, Key=place.prefix + "k", Body=body)
            store.client().create_multipart_upload(Bucket=bucket, Key=place.prefix + "u")
            store.delete_bucket(place)
        finally:
            store.stop()
        left = server.client().list_object_versions(Bucket=bucket)
        assert not left.get("Versions") and not left.get("DeleteMarkers")
        assert list(server.open_uploads(bucket)) == []

    def test_too_few_rights_are_told_as_such(self, server: Store, tmp_path: Path) -> None:
        bucket = server.make_bucket("too-few").bucket
        few = server.limited(bucket, ("s3:ListBucket", "s3:PutObject"))
        for into in (None, Place(bucket=bucket, prefix="dr/"), Place(bucket="others")):
            store = Endpoint(url=server.endpoint_url, credentials=few, into=into)
            try:
                with pytest.raises(UsageError, match=r"AccessDenied|Forbidden"):
                    store.start(tmp_path)
            finally:
                store.stop()

    def test_wrong_credentials_are_refused_at_once(self, server: Store, tmp_path: Path) -> None:
        wrong = Credentials(access_key=server.credentials.access_key, secret_key="not the secret")
        store = Endpoint(url=server.endpoint_url, credentials=wrong)
        try:
            with pytest.raises(UsageError, match="refuses these credentials") as error:
                store.start(tmp_path)
            assert "not the secret" not in str(error.value)
        finally:
            store.stop()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that no one but its owner trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "drtest")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = clock.real_now()
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@contextlib.contextmanager
def ready(server: Store, folder: Path, into: Place | None = None) -> Iterator[Endpoint]:
    store = TestEndpoint.endpoint(server, into)
    try:
        store.start(folder)
        yield store
    finally:
        store.stop()


def test_aws_is_an_endpoint_and_no_more() -> None:
    own = {name for name in vars(Aws) if not name.startswith("__")}
    assert own <= {"name"} | {name for name in own if name.startswith("_abc_")}
    who = Credentials(access_key="who", secret_key="hush-hush")
    assert Aws(region="eu-central-1", credentials=who).endpoint_url == (
        "https://s3.eu-central-1.amazonaws.com"
    )
    assert Aws(region="cn-north-1", credentials=who).endpoint_url == (
        "https://s3.cn-north-1.amazonaws.com.cn"
    )


def contract_classes() -> list[type[StoreContract]]:
    def below(cls: type) -> Iterator[type]:
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    return [cls for cls in below(StoreContract) if hasattr(cls, "kind")]


def test_every_store_has_a_contract_class() -> None:
    # Amazon's is not reached from here: it adds nothing to an endpoint but the URL (above).
    assert {cls.kind for cls in contract_classes()} | {"aws"} == set(stores())


@pytest.mark.parametrize("cls", [TestMoto, TestSeaweedFs, TestMinio])
def test_a_declared_capability_brings_its_contract(cls: type[ServerContract]) -> None:
    declared = cls.make().capabilities
    for capability, contract in CONTRACTS.items():
        assert issubclass(cls, contract) == (capability in declared), capability


def test_scenario_files_know_every_capability() -> None:
    assert set(get_args(Need)) == {capability.value for capability in Capability}


def test_places_refuse_nonsense() -> None:
    for prefix in ("p", "/p/", "/"):
        with pytest.raises(ValueError, match="slash"):
            Place(bucket="b", prefix=prefix)


def test_the_page_shows_what_the_code_declares() -> None:
    page = (Path(__file__).parents[2] / "docs" / "stores.md").read_text(encoding="utf-8")
    block = page.partition("<!-- capabilities:")[2].partition("<!-- /capabilities -->")[0]
    rows = [line.strip("| ").split(" | ") for line in block.splitlines() if line.startswith("|")]
    names = rows[0][2:]
    assert sorted(names) == ["minio", "moto", "seaweedfs"]
    declared = {name: stores()[name]().capabilities for name in names}
    assert rows[2:] == [
        [f"`{one.value}`", one.meaning]
        + ["yes" if one in declared[name] else "no" for name in names]
        for one in Capability
    ]
    assert PINNED in page
