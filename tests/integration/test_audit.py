"""What the gateway meters is what MinIO's own audit says: no difference, also when things fail."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from support.peers import serving

from drtest import process
from drtest.clock import monotonic_s, pause
from drtest.duplicity.versions import Duplicity
from drtest.gateway import Gateway, requests
from drtest.model.toxic import Kill, Point, Toxic, When
from drtest.runner.watch import watching
from drtest.store.minio import Minio

AT = datetime(2026, 1, 1, 3, tzinfo=UTC)
SETTLED_WITHIN_S = 20.0
CLIENT_GONE = 499
pytestmark = [pytest.mark.slow, pytest.mark.needs("gpg", "minio")]

Asked = tuple[str, str, tuple[tuple[str, str], ...], int | None]
Seen = Counter[Asked]


def one(method: str, path: str, status: int | None) -> Asked:
    """A request in the only form that both accounts can be brought to."""
    parts = urlsplit(path)
    # A stray slash at the end of a bucket's name means nothing, and MinIO's audit leaves it out.
    plain = unquote(parts.path).rstrip("/")
    return (method, plain, tuple(sorted(parse_qsl(parts.query, keep_blank_values=True))), status)


@dataclass(kw_only=True)
class Bench:
    """Real duplicity, the gateway, and a MinIO that audits."""

    folder: Path
    program: Path
    gateway: Gateway
    store: Minio
    upstream: str
    asked_before: int = 0
    runs: int = 0

    def duplicity(self, *words: str, toxics: tuple[Toxic, ...] = ()) -> int:
        self.runs += 1
        with watching(toxics) as watch:
            listener = self.gateway.listen(
                upstream=self.upstream,
                scenario="s",
                step=str(self.runs),
                phase=words[0],
                simulated_at=AT,
                toxics=toxics,
                on_trip=watch.on_trip,
            )
            options = ["--no-encryption", "--name", "x", "--volsize", "1"]
            options += ["--archive-dir", str(self.folder / "archive"), "--num-retries", "2"]
            options += ["--backend-retry-delay", "1", "--s3-region-name", "us-east-1"]
            options += ["--s3-endpoint-url", listener.endpoint_url]
            done = process.run(
                [str(self.program), words[0], *options, *words[1:]],
                env={
                    **process.CLEAN_LOCALE,
                    "PATH": process.SYSTEM_PATH,
                    "HOME": str(self.folder),
                    "AWS_ACCESS_KEY_ID": self.store.credentials.access_key,
                    "AWS_SECRET_ACCESS_KEY": self.store.credentials.secret_key,
                    **listener.environment,
                },
                log=self.folder / f"{self.runs}.log",
                timeout_s=120,
                kill_when=watch.kill_when,
            )
            watch.settle(self.gateway, listener)
            self.gateway.close(listener)
        return done.status

    def unanswered(self) -> Seen:
        """What the gateway gave up: MinIO calls it 499 where it had begun to read."""
        return Counter(
            one(row.method, row.path, CLIENT_GONE)
            for row in requests(self.gateway.log)
            if row.status is None
        )

    def metered(self) -> Seen:
        return Counter(
            one(row.method, row.path, row.status)
            for row in requests(self.gateway.log)
            if row.answered_by == "store" and row.status is not None
        )

    def audited(self) -> Seen:
        told = list(self.store.access_log())[self.asked_before :]
        return Counter(one(row.method, row.path, row.status) for row in told)

    def agree(self) -> None:
        """The two accounts are the same; MinIO may still be at the end of a broken exchange."""
        deadline = monotonic_s() + SETTLED_WITHIN_S
        while (found := self._difference()) and monotonic_s() < deadline:
            pause(0.1)
        assert found == []

    def _difference(self) -> list[object]:
        audited, metered = self.audited(), self.metered()
        gone = Counter({each: n for each, n in audited.items() if each[3] == CLIENT_GONE})
        return [
            *(audited - gone - metered).items(),
            *(metered - audited).items(),
            *(gone - self.unanswered()).items(),
        ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    store = Minio()
    store.start(tmp_path_factory.mktemp("minio"))
    try:
        yield store
    finally:
        store.stop()


@pytest.fixture
def bench(tmp_path: Path, duplicity: Duplicity, store: Minio) -> Iterator[Bench]:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3):
        (source / f"file {number}").write_bytes(bytes(range(256)) * 3000 + bytes([number]) * 50_000)
    store.make_bucket("abc")
    with Gateway(tmp_path / "gateway", log=tmp_path / "requests.jsonl") as gateway:
        yield Bench(
            folder=tmp_path,
            program=duplicity.program,
            gateway=gateway,
            store=store,
            upstream=store.endpoint_url,
            asked_before=len(list(store.access_log())),
        )
    store.delete_bucket("abc")


def test_a_plain_backup_and_restore(bench: Bench) -> None:
    source = bench.folder / "source"
    assert bench.duplicity("full", str(source), "s3:///abc/host") == 0
    (source / "more").write_bytes(b"more" * 10_000)
    assert bench.duplicity("incremental", str(source), "s3:///abc/host") == 0
    assert bench.duplicity("restore", "s3:///abc/host", str(bench.folder / "back")) == 0
    assert bench.metered().total() > 20
    bench.agree()


def test_retries_after_connections_that_break(bench: Bench, store: Minio) -> None:
    """Two connections to the store break: their requests never got there, and are sent again."""
    counts = {"connections": 0, "broken": 0}
    lock = threading.Lock()

    def relay(sock: socket.socket) -> None:
        with lock:
            counts["connections"] += 1
            if counts["connections"] in (1, 3):
                counts["broken"] += 1
                return
        with socket.create_connection(("127.0.0.1", urlsplit(store.endpoint_url).port or 0)) as far:
            pumps = [
                threading.Thread(target=pump, args=pair) for pair in ((sock, far), (far, sock))
            ]
            for thread in pumps:
                thread.start()
            for thread in pumps:
                thread.join()

    with serving(relay) as (port, _):
        bench.upstream = f"http://127.0.0.1:{port}"
        status = bench.duplicity("full", str(bench.folder / "source"), "s3:///abc/host")
        bench.agree()
    assert counts["broken"] > 0
    lost = [row for row in requests(bench.gateway.log) if row.status is None]
    assert lost or status == 0
    assert any(row.attempt > 1 for row in requests(bench.gateway.log))


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.mark.parametrize("at", ["head", "body", "answered"])
def test_a_killed_duplicity(bench: Bench, at: Point) -> None:
    kill = Toxic(does=Kill(at=at), when=When(operations=("PutObject",), of="volume"))
    status = bench.duplicity("full", str(bench.folder / "source"), "s3:///abc/host", toxics=(kill,))
    assert status < 0
    bench.agree()
    assert bench.duplicity("full", str(bench.folder / "source"), "s3:///abc/host") == 0
    bench.agree()
