"""Runs on several stores, on the user's own, and on stores that fail: verdicts and what is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.documents import problems
from support.shell import SMALL, drtest

from drtest.api import Options, run
from drtest.api.run import Run
from drtest.clock import monotonic_s
from drtest.model.events import Event, StepFinished
from drtest.model.verdict import Verdict
from drtest.report.document import document
from drtest.store import port
from drtest.store.minio import Minio
from drtest.store.moto import Moto

SHIPPED = Path(__file__).parents[2] / "scenarios"
REAL = ("moto", "seaweedfs", "minio")
# Fails at once where its store does: no half minute between two tries.
HASTY = SMALL.replace(
    "  no-encryption: true\n",
    '  no-encryption: true\n  options: ["--num-retries=1", "--backend-retry-delay=1"]\n',
)
pytestmark = [pytest.mark.slow, pytest.mark.needs("gpg")]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(HASTY)
    return tmp_path


def ran(place: Path, work: Path, *paths: Path, reporters: tuple[object, ...] = (), **more) -> Run:
    return run(
        Options(
            paths=paths or (place / "small.yaml",), reports=place / "reports", work=work, **more
        ),
        reporters=reporters,  # type: ignore[arg-type]
    )


def codes(done: Run) -> dict[str, list[str]]:
    """Codes of what changes a verdict or warns, by the titles of results."""
    return {
        one.title: [f.code for f in one.judgement.findings if f.severity.value != "note"]
        for one in done.result.scenarios
    }


# ---------------------------------------------------------------- real servers


@pytest.mark.needs("seaweedfs", "minio")
@pytest.mark.parametrize("mode", ["plain", "tls"])
def test_three_servers_agree(place: Path, short_tmp: Path, mode: str) -> None:
    telling = [SHIPPED / "first.yaml", SHIPPED / "stores" / "no-delete.yaml"]
    if mode == "plain":
        telling.append(SHIPPED / "stores" / "intruder.yaml")
    done = ran(place, short_tmp, *telling, stores=REAL, gateway=mode)

    assert [one.title for one in done.result.scenarios if not one.judgement.as_expected] == []
    assert not any("store-counts-differ" in one for one in codes(done).values())
    assert done.exit_status == 0
    told = document(done.result)
    assert [one["name"] for one in told["stores"]] == list(REAL)
    assert all(one["as_expected"] == one["scenarios"] for one in told["stores"])
    first, *others = (one["requests"]["by_operation"] for one in told["stores"])
    assert all(one == first for one in others)
    assert problems(json.loads(json.dumps(told))) == []
    assert list(short_tmp.iterdir()) == []


def test_a_run_on_two_stores_is_told_again(place: Path, short_tmp: Path) -> None:
    """moto twice over: once its own, once as somebody's endpoint."""
    with somebodys(place / "theirs") as (url, env):
        options = ("--store", "moto", "--store", url, "--yes", "--work", str(short_tmp))
        first = drtest("run", "small.yaml", "--json", *options, cwd=place, env=env)
        again = drtest("report", "--json", cwd=place)
    assert (first.status, again.status) == (0, 0), first
    assert again.document == first.document
    assert [one["name"] for one in first.document["stores"]] == ["moto", url]
    folders = [one["folder"] for one in first.document["scenarios"]]
    assert folders[0] == "01-small-on-moto" and len(set(folders)) == 2
    counts = [one["requests"]["total"] for one in first.document["scenarios"]]
    assert counts[0] == counts[1] > 0


# ---------------------------------------------------------------- the user's own


@contextlib.contextmanager
def somebodys(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A moto that is there already, and the variables that lead into it."""
    folder.mkdir()
    store = Moto()
    store.start(folder)
    try:
        yield (
            store.endpoint_url,
            {
                "AWS_ACCESS_KEY_ID": store.credentials.access_key,
                "AWS_SECRET_ACCESS_KEY": store.credentials.secret_key,
            },
        )
    finally:
        store.stop()


def test_an_endpoint_is_used_below_a_prefix_and_left_as_it_was(
    place: Path, short_tmp: Path
) -> None:
    folder = place / "theirs"
    folder.mkdir()
    store = Moto()
    store.start(folder)
    try:
        store.make_bucket("theirs")
        store.client().put_object(Bucket="theirs", Key="precious", Body=b"1")
        said = drtest(
            "run", "small.yaml", "--store", store.endpoint_url, "--bucket", "theirs/drills",
            "--yes", "--work", str(short_tmp),
            cwd=place,
            env={
                "AWS_ACCESS_KEY_ID": "AKIATHEIRS",
                "AWS_SECRET_ACCESS_KEY": "a-secret-of-their-own-42",
            },
        )  # fmt: skip
        left = [one.key for one in store.list_objects("theirs")]
    finally:
        store.stop()
    assert said.status == 0, said
    assert "below theirs/drills" in said.err and "requests by duplicity" in said.err
    assert left == ["precious"]
    for path in (place / "reports").rglob("*"):
        assert not path.is_file() or b"a-secret-of-their-own-42" not in path.read_bytes()


def test_nothing_is_asked_of_an_endpoint_without_a_yes(place: Path, short_tmp: Path) -> None:
    with somebodys(place / "theirs") as (url, env):
        said = drtest(
            "run", "small.yaml", "--store", url, "--work", str(short_tmp), cwd=place, env=env
        )
        log = (place / "theirs" / "moto.log").read_text()
    assert said.status == 2
    assert "there is nobody to ask: add --yes" in said.err
    assert "PutObject" in said.err  # what it would have asked for
    assert '"PUT ' not in log
    assert not (place / "reports").exists()


def test_a_bucket_that_is_not_drtests_is_refused_and_nothing_is_run(
    place: Path, short_tmp: Path
) -> None:
    folder = place / "theirs"
    folder.mkdir()
    store = Moto()
    store.start(folder)
    try:
        store.make_bucket("theirs")
        store.client().put_object(Bucket="theirs", Key="precious", Body=b"1")
        said = drtest(
            "run", "small.yaml", "--store", store.endpoint_url, "--bucket", "theirs", "--yes",
            "--work", str(short_tmp),
            cwd=place,
            env={"AWS_ACCESS_KEY_ID": "AKIATHEIRS", "AWS_SECRET_ACCESS_KEY": "0123456789"},
        )  # fmt: skip
        left = [one.key for one in store.list_objects("theirs")]
    finally:
        store.stop()
    assert said.status == 2
    assert "neither empty nor marked" in said.err
    assert left == ["precious"]
    assert list((place / "reports").iterdir()) == []


def test_a_file_alone_sends_nobody_to_amazon(place: Path, short_tmp: Path) -> None:
    (place / "small.yaml").write_text(HASTY + "store: aws\n")
    said = drtest("run", "small.yaml", "--yes", "--work", str(short_tmp), cwd=place)
    assert said.status == 2
    assert "only where the command line says so: --store aws" in said.err


def test_aws_needs_a_region(place: Path, short_tmp: Path) -> None:
    said = drtest(
        "run", "small.yaml", "--store", "aws", "--yes", "--work", str(short_tmp), cwd=place
    )
    assert said.status == 2
    assert "--region eu-central-1" in said.err


# ---------------------------------------------------------------- what a store lacks


def test_what_a_store_lacks_is_said_before_anything_is_run(place: Path, short_tmp: Path) -> None:
    (place / "small.yaml").write_text(HASTY + "needs: [checks-clock]\n")
    done = ran(place, short_tmp)
    (one,) = done.result.scenarios
    assert codes(done) == {"small": ["capability-missing"]}
    assert (one.verdict, done.exit_status) == (Verdict.UNVERIFIED, 3)
    assert one.backups == 0 and one.requests is not None and one.requests.total == 0


# ---------------------------------------------------------------- stores that fail


class AtStep:
    """A reporter that does something when the first step has ended."""

    def __init__(self, do: Callable[[], None]) -> None:
        self.do = do
        self.done = False

    def begin(self, settings: object, scenarios: object) -> None: ...

    def event(self, scenario: str, event: Event) -> None:
        if isinstance(event, StepFinished) and not self.done:
            self.done = True
            self.do()

    def finish_scenario(self, result: object) -> None: ...

    def finish(self, run: object, folder: object) -> None: ...

    def close(self) -> None: ...


def pids_in(folder: Path) -> list[int]:
    """Processes whose working folder lies below *folder*."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    "store",
    [
        "moto",
        pytest.param("seaweedfs", marks=pytest.mark.needs("seaweedfs")),
        pytest.param("minio", marks=pytest.mark.needs("minio")),
    ],
)
def test_a_store_killed_in_the_middle_is_unverified(
    place: Path, short_tmp: Path, store: str
) -> None:
    def kill() -> None:
        (found,) = pids_in(short_tmp)
        os.kill(found, signal.SIGKILL)

    began = monotonic_s()
    at_step = AtStep(kill)
    done = ran(place, short_tmp, stores=(store,), reporters=(at_step,))
    assert at_step.done
    assert codes(done) == {"small": ["store-failed"]}
    assert (done.result.verdict, done.exit_status) == (Verdict.UNVERIFIED, 3)
    assert monotonic_s() - began < 60  # not a try every half minute
    assert list(short_tmp.iterdir()) == []


@pytest.mark.needs("minio", "root")
def test_a_full_store_is_unverified(
    place: Path, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = Minio.command

    def on_a_tiny_disk(self: Minio, folder: Path, ports: tuple[int, ...]) -> tuple[str, ...]:
        argv = command(self, folder, ports)
        script = f'mount -t tmpfs -o size=80m tmpfs "{folder / "data"}" && exec "$@"'
        return ("unshare", "--mount", "sh", "-c", script, "sh", *argv)

    monkeypatch.setattr(Minio, "command", on_a_tiny_disk)
    (place / "small.yaml").write_text(
        HASTY.replace("/srv/www: 8 files", "/srv/www: {files: 12, size: 8 MiB, kind: random}")
    )
    done = ran(place, short_tmp, stores=("minio",))
    assert codes(done) == {"small": ["store-failed"]}
    (found,) = [f for f in done.result.scenarios[0].judgement.findings if f.code == "store-failed"]
    assert "is full" in found.message
    assert done.exit_status == 3


def test_a_store_whose_port_is_taken_costs_its_own_results_only(
    place: Path, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, somebodys(place / "theirs") as (url, env):
        number = taken.getsockname()[1]
        monkeypatch.setattr(port, "free", lambda count: (number,) * count)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        done = ran(place, short_tmp, stores=("moto", url))
    assert codes(done) == {"small on moto": ["store-failed"], f"small on {url}": []}
    failed, passed = done.result.scenarios
    (found,) = [f for f in failed.judgement.findings if f.code == "store-failed"]
    assert "in use" in "\n".join(found.evidence["log_tail"])  # type: ignore[arg-type]
    assert (failed.verdict, passed.verdict) == (Verdict.UNVERIFIED, Verdict.PASS)
    assert done.exit_status == 3


@pytest.mark.needs("minio")
def test_a_store_that_is_absent_is_unverified(place: Path, short_tmp: Path) -> None:
    done = ran(place, short_tmp, stores=("minio",), minio_binary=place / "no-minio")
    assert codes(done) == {"small": ["tool-missing"]}
    assert done.exit_status == 3
