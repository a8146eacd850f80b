"""What every store promises: one suite, each store inherits it, and a test that none is missing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from drtest import clock
from drtest.errors import StoreFailed
from drtest.model.events import StoredObject
from drtest.store import Capability, Store, stores
from drtest.store.moto import Moto
from drtest.store.probe import Probe

PART_BYTES = 5 * 1024 * 1024  # the smallest that S3 takes, but for the last
ODD_KEYS = (
    "a b+c",
    "a//b",
    "dup licity-full.20260101T000000Z.vol1.difftar.gpg",
    "naïve-日本-\N{PILE OF POO}",
    "percent%2Fsigns%20",
    "quote'\"<&>;=?#",
    "tilde~!*(){}[]|^`",
    "x" * 900,
)

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
            name = f"contract-{next(_numbers)}"
            made.append(name)
            place = store.make_bucket(name, **how)
            assert (place.bucket, place.prefix) == (name, "")
            return name

        yield make
        for name in made:
            store.delete_bucket(name)

    @pytest.fixture
    def bucket(self, new_bucket: Callable[..., str]) -> str:
        return new_bucket()

    def need(self, store: Store, capability: Capability) -> None:
        """The one skip that isn't for a missing tool: declared, and shown in docs/stores.md."""
        if capability not in store.capabilities:
            pytest.skip(f"{store.name} declares that it lacks {capability.value}")

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
        store.delete_bucket(name)

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
        assert list(store.list_objects(bucket)) == [
            StoredObject(key=key, size_bytes=number)
            for number, key in sorted(enumerate(ODD_KEYS), key=lambda row: row[1].encode())
        ]
        for number, key in enumerate(ODD_KEYS):
            assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x" * number

    def test_lists_more_than_one_page(self, store: Store, bucket: str) -> None:
        client = store.client()
        keys = [f"p/{number:04}" for number in range(1001)]
        for key in ("a", *keys, "q"):
            client.put_object(Bucket=bucket, Key=key, Body=b"")
        assert [found.key for found in store.list_objects(bucket)] == ["a", *keys, "q"]
        assert [found.key for found in store.list_objects(bucket, "p/")] == keys
        # ListObjects of the first kind is what duplicity asks for.
        first = client.list_objects(Bucket=bucket, Prefix="p/")
        assert first["IsTruncated"]
        assert [found["Key"] for found in first["Contents"]] == keys[:1000]

    def test_multipart(self, store: Store, bucket: str) -> None:
        client = store.client()
        upload = client.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
        bodies = (b"a" * PART_BYTES, b"b" * 10)
        parts = [
            {
                "PartNumber": number,
                "ETag": client.upload_part(
                    Bucket=bucket, Key="big", UploadId=upload, PartNumber=number, Body=body
                )["ETag"],
            }
            for number, body in enumerate(bodies, start=1)
        ]
        (open_upload,) = store.open_uploads(bucket)
        assert (open_upload.key, open_upload.size_bytes) == ("big", PART_BYTES + 10)
        assert list(store.list_objects(bucket)) == []
        client.complete_multipart_upload(
            Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        assert list(store.open_uploads(bucket)) == []
        answer = client.get_object(Bucket=bucket, Key="big", Range=f"bytes={PART_BYTES - 1}-")
        assert answer["Body"].read() == b"a" + b"b" * 10

    def test_deletes_a_bucket_with_open_uploads(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        name, client = new_bucket(), store.client()
        upload = client.create_multipart_upload(Bucket=name, Key="left")["UploadId"]
        client.upload_part(Bucket=name, Key="left", UploadId=upload, PartNumber=1, Body=b"1")
        client.put_object(Bucket=name, Key="k", Body=b"1")
        store.delete_bucket(name)
        store.make_bucket(name)
        assert list(store.open_uploads(name)) == []
        assert list(store.list_objects(name)) == []

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
        "capability", [one for one in Capability if one is not Capability.ACCESS_LOG]
    )
    def test_declares_what_it_does(
        self, store: Store, probe: Probe, capability: Capability
    ) -> None:
        assert probe.accepts_honest()
        assert probe.has(capability) == (capability in store.capabilities)

    def test_versions_undo_an_intruder(self, store: Store, new_bucket: Callable[..., str]) -> None:
        self.need(store, Capability.VERSIONS)
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

    def test_lists_and_copies_storage_classes(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        self.need(store, Capability.STORAGE_CLASSES)
        source, target = new_bucket(), new_bucket()
        for key in ("STANDARD", "STANDARD_IA", "GLACIER"):
            store.client().put_object(Bucket=source, Key=key, Body=b"12", StorageClass=key)
        store.copy_bucket(source, target)
        for bucket in (source, target):
            listed = {one.key: one.storage_class for one in store.list_objects(bucket)}
            assert listed == {key: key for key in ("STANDARD", "STANDARD_IA", "GLACIER")}

    def test_cold_objects_stay_cold_until_a_thaw(
        self, store: Store, new_bucket: Callable[..., str]
    ) -> None:
        self.need(store, Capability.REFUSES_COLD_READS)
        source, target = new_bucket(), new_bucket()
        client = store.client()
        client.put_object(Bucket=source, Key="k", Body=b"cold", StorageClass="GLACIER")
        store.copy_bucket(source, target)
        for bucket in (source, target):
            with pytest.raises(ClientError) as error:
                client.get_object(Bucket=bucket, Key="k")
            assert code_of(error) == "InvalidObjectState"
        client.restore_object(Bucket=target, Key="k", RestoreRequest={"Days": 1})
        assert client.get_object(Bucket=target, Key="k")["Body"].read() == b"cold"

    def test_access_log_tells_every_request(self, store: Store, bucket: str) -> None:
        self.need(store, Capability.ACCESS_LOG)
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

    def test_no_access_log_is_said_so(self, store: Store) -> None:
        if Capability.ACCESS_LOG not in store.capabilities:
            with pytest.raises(NotImplementedError, match=store.name):
                store.access_log()


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
        assert any("in use" in line for line in failed.value.log_tail)
        assert not late.is_alive()


class TestMoto(ServerContract):
    kind = "moto"


def test_every_store_has_a_contract_class() -> None:
    def below(cls: type) -> Iterator[type]:
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    covered = {cls.kind for cls in below(StoreContract) if hasattr(cls, "kind")}
    assert covered == set(stores())


def test_moto_is_what_is_installed() -> None:
    assert Moto().version.split(".")[0].isdigit()
