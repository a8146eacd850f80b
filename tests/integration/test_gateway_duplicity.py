"""Real duplicity through the gateway: counted as the store itself counts, also when it fails."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from support.gateways import AT, rows
from werkzeug.serving import WSGIRequestHandler, make_server

from drtest import process
from drtest.chance import Seed
from drtest.clock import monotonic_s, pause
from drtest.duplicity.versions import Duplicity
from drtest.gateway import Gateway, Listener, requests
from drtest.gateway.iam import evaluate, policies
from drtest.gateway.listener import Mode
from drtest.model.traffic import Request
from drtest.store.moto import Moto

pytestmark = [pytest.mark.slow, pytest.mark.needs("gpg")]

Seen = Counter[tuple[str, str, int | None]]
LIMIT_S = 120.0


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> Path:
    given = os.environ.get("DRTEST_TEST_DUPLICITY")
    if given:
        return Path(given)
    found: Duplicity = request.getfixturevalue("duplicity")
    return found.program


@dataclass(kw_only=True)
class Bench:
    """One machine with a source, a gateway and a store's URL."""

    folder: Path
    program: Path
    gateway: Gateway
    upstream: str
    mode: Mode = "plain"
    runs: int = 0

    def listen(self, phase: str, scenario: str = "s") -> Listener:
        self.runs += 1
        return self.gateway.listen(
            upstream=self.upstream,
            mode=self.mode,
            scenario=scenario,
            step=str(self.runs),
            phase=phase,
            simulated_at=AT,
        )

    def argv(self, listener: Listener, *words: str) -> list[str]:
        options = ["--no-encryption", "--name", "x", "--archive-dir", str(self.folder / "archive")]
        options += ["--s3-endpoint-url", listener.endpoint_url, "--s3-region-name", "us-east-1"]
        return [str(self.program), words[0], *options, *words[1:]]

    def env(self, listener: Listener) -> Mapping[str, str]:
        return {
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),  # what is killed leaves its volumes there
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **listener.environment,
        }

    def duplicity(self, phase: str, *words: str, scenario: str = "s") -> int:
        listener = self.listen(phase, scenario)
        done = process.run(
            self.argv(listener, *words),
            env=self.env(listener),
            log=self.folder / f"{self.runs}.log",
            timeout_s=LIMIT_S,
        )
        assert self.gateway.close(listener)
        return done.status

    def grow(self, size_bytes: int) -> Path:
        """Add one incompressible file to the source."""
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        number = len(list(source.iterdir()))
        noise = Seed(value=1).child(str(number)).rng().randbytes(size_bytes)
        (source / f"file {number}").write_bytes(noise)
        return source


def counted(log: list[Request] | Iterator[Request]) -> Seen:
    return Counter(
        (row.method, unquote(row.path), row.status)
        for row in log
        if row.answered_by == "store" and row.status is not None
    )


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    store = Moto()
    store.start(tmp_path_factory.mktemp("moto"))
    try:
        yield store
    finally:
        store.stop()


@pytest.fixture
def bench(tmp_path: Path, program: Path, moto: Moto) -> Iterator[Bench]:
    with Gateway(tmp_path / "gateway", log=tmp_path / "requests.jsonl") as gateway:
        yield Bench(folder=tmp_path, program=program, gateway=gateway, upstream=moto.endpoint_url)


@contextlib.contextmanager
def exact(store: Moto, bench: Bench, bucket: str) -> Iterator[str]:
    """A bucket in which the store's log and the gateway's must agree at the end."""
    store.make_bucket(bucket)
    before = Counter(store_log(store))
    yield f"s3:///{bucket}/host"
    theirs = Counter(store_log(store)) - before
    assert counted(requests(bench.gateway.log)) == theirs
    store.delete_bucket(bucket)


def store_log(store: Moto) -> Iterator[tuple[str, str, int]]:
    for line in store.access_log():
        yield line.method, unquote(line.path), line.status


def operations(log: list[Request], phase: str) -> Counter[str]:
    return Counter(row.operation for row in log if row.phase == phase)


def test_a_life_of_a_chain_has_the_golden_counts(bench: Bench, moto: Moto) -> None:
    source = bench.grow(60_000_000)
    with exact(moto, bench, "golden") as url:
        assert bench.duplicity("full", "full", "--volsize", "25", str(source), url) == 0
        bench.grow(1000)
        assert (
            bench.duplicity("incremental", "incremental", "--volsize", "25", str(source), url) == 0
        )
        assert bench.duplicity("status", "collection-status", url) == 0
        assert bench.duplicity("drill", "restore", url, str(bench.folder / "restored")) == 0
    log = rows(bench.gateway.log, "s")
    assert operations(log, "full") == {
        "HeadBucket": 1,
        "ListObjects": 2,
        "CreateMultipartUpload": 2,
        "UploadPart": 4,
        "CompleteMultipartUpload": 2,
        "PutObject": 3,
        "HeadObject": 3,
    }
    assert operations(log, "incremental").total() == 9
    assert operations(log, "status") == {"HeadBucket": 1, "ListObjects": 1}
    assert {row.kind for row in log} == {"", "volume", "manifest", "signatures"}
    assert {row.outcome for row in log} == {"ok"}
    assert {row.attempt for row in log} == {1}
    sizes = sum(row.body_in_bytes for row in log if row.phase == "full")
    assert 60_000_000 < sizes < 60_500_000
    back = {path.name: path.read_bytes() for path in (bench.folder / "restored").iterdir()}
    assert back == {path.name: path.read_bytes() for path in source.iterdir()}


def test_over_tls_the_counts_are_the_same(bench: Bench, moto: Moto) -> None:
    bench.mode = "tls"
    source = bench.grow(12_000_000)
    with exact(moto, bench, "tls-bucket") as url:
        assert bench.duplicity("full", "full", "--volsize", "5", str(source), url) == 0
    assert operations(rows(bench.gateway.log, "s"), "full") == {
        "HeadBucket": 1,
        "ListObjects": 2,
        "PutObject": 5,
        "HeadObject": 3,
    }


@pytest.mark.parametrize("volume", [1, 3])
def test_a_killed_duplicity_is_counted_exactly(bench: Bench, moto: Moto, volume: int) -> None:
    source = bench.grow(30_000_000)
    with exact(moto, bench, f"killed-{volume}") as url:
        listener = bench.listen("full")
        child = process.start(
            bench.argv(listener, "full", "--volsize", "5", str(source), url),
            env=bench.env(listener),
            log=bench.folder / "killed.log",
        )
        try:
            wait_for(bench, lambda row: row.volume == volume and row.method == "PUT", child)
            os.killpg(child.pid, signal.SIGKILL)
        finally:
            child.stop()
        assert bench.gateway.close(listener)
    log = rows(bench.gateway.log, "s")
    put = [row for row in log if row.volume == volume and row.method == "PUT"]
    assert len(put) == 1
    assert all(row.last_byte_s is not None for row in log if row.outcome == "ok")


def wait_for(bench: Bench, is_it: Callable[[Request], bool], child: process.Child) -> None:
    until = monotonic_s() + LIMIT_S
    while not any(is_it(row) for row in requests(bench.gateway.log)):
        assert child.is_alive(), child.log_tail()
        assert monotonic_s() < until
        pause(0.005)


@dataclass(kw_only=True)
class Flaky:
    """moto's own application, which answers the first tries of some uploads with 503."""

    refusals: dict[str, int]  # end of a path -> how often still
    seen: list[tuple[str, str, int]] = field(default_factory=list)
    _app: Any = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Any:
        method, path = environ["REQUEST_METHOD"], unquote(environ["REQUEST_URI"])

        def started(status: str, headers: Any, *rest: Any) -> Any:
            with self._lock:
                self.seen.append((method, path, int(status[:3])))
            return start(status, headers, *rest)

        if method == "PUT" and self._refuses(path):
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            body = b"<Error><Code>SlowDown</Code></Error>"
            started("503 Slow Down", [("Content-Length", str(len(body)))])
            return [body]
        return self._app(environ, started)

    def _refuses(self, path: str) -> bool:
        with self._lock:
            for end, left in self.refusals.items():
                if left and path.endswith(end):
                    self.refusals[end] = left - 1
                    return True
        return False


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args: Any) -> None:
        pass


def test_retries_are_counted_and_numbered(tmp_path: Path, program: Path) -> None:
    store = Flaky(refusals={"vol2.difftar.gz": 2, "manifest": 1})
    server = make_server("127.0.0.1", 0, store, threaded=True, request_handler=Quiet)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        with Gateway(tmp_path / "gateway", log=tmp_path / "requests.jsonl") as gateway:
            bench = Bench(
                folder=tmp_path,
                program=program,
                gateway=gateway,
                upstream=f"http://127.0.0.1:{server.server_port}",
            )
            source = bench.grow(12_000_000)
            make_bucket(bench)
            url = "s3:///bucket/host"
            assert bench.duplicity("full", "full", "--volsize", "5", str(source), url) == 0
            log = rows(gateway.log, "s")
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
    assert counted(log) == Counter(store.seen)
    second = [row for row in log if row.volume == 2 and row.method == "PUT"]
    assert [(row.status, row.attempt, row.outcome) for row in second] == [
        (503, 1, "failed"),
        (503, 2, "failed"),
        (200, 3, "ok"),
    ]
    assert {row.error_code for row in second} == {"SlowDown", ""}
    assert [row.attempt for row in log if row.kind == "manifest" and row.method == "PUT"] == [1, 2]


def make_bucket(bench: Bench) -> None:
    import http.client

    listener = bench.listen("setup")
    client = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=LIMIT_S)
    client.request("PUT", "/bucket", headers={"Content-Length": "0"})
    assert client.getresponse().status == 200
    client.close()
    assert bench.gateway.close(listener)


def test_a_policy_of_one_run_lets_the_next_one_through(bench: Bench, moto: Moto) -> None:
    moto.make_bucket("policied")
    url = "s3:///policied/host"
    for scenario in ("first", "second"):
        source = bench.grow(3_000_000)

        def run(phase: str, *words: str, named: str = scenario) -> None:
            # a day between two: a chain that ends in the second in which the next one begins is
            # not older than that one, and would not be pruned
            now = int((AT + timedelta(days=bench.runs)).timestamp())
            timed = (words[0], "--current-time", str(now), *words[1:])
            assert bench.duplicity(phase, *timed, scenario=named) == 0

        run("full", "full", str(source), url)
        bench.grow(1000)
        run("incremental", "incremental", str(source), url)
        run("full", "full", str(source), url)
        run("prune", "remove-all-but-n-full", "1", "--force", url)
        run("drill", "restore", url, str(bench.folder / f"restored-{scenario}"))
    emitted = json.loads(json.dumps(policies(requests(bench.gateway.log, "first"))))
    assert set(emitted) == {"backup", "prune", "drill"}
    phases = {"full": "backup", "incremental": "backup", "prune": "prune", "drill": "drill"}
    second = list(requests(bench.gateway.log, "second"))
    assert len(second) > 40
    assert [row for row in second if not evaluate(emitted[phases[row.phase]], row)] == []
    deletions = [row for row in second if row.operation == "DeleteObject"]
    assert deletions
    assert not any(evaluate(emitted["backup"], row) for row in deletions)
    uploads = [row for row in second if row.operation == "PutObject"]
    assert not any(evaluate(emitted["drill"], row) for row in uploads)
