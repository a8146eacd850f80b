"""The golden counts of a chain's life, each also what the store itself counted.

Measured once with no gateway at all, on five servers (moto, SeaweedFS, MinIO, versitygw, rclone)
with duplicity 3.2.1: a full of 60 MB, 6 MB more, and what follows. Retries, TLS and killed
processes are in test_gateway_duplicity.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from support.gateways import AT, rows

from drtest import process
from drtest.chance import Seed
from drtest.duplicity.versions import Duplicity
from drtest.gateway import Gateway
from drtest.store.moto import Moto

pytestmark = [pytest.mark.slow, pytest.mark.needs("gpg")]

LIMIT_S = 180.0
URL = "s3:///golden/host"
# Step -> requests at volsize 5, at volsize 25.
GOLDEN = {
    "full": (29, 17),
    "incremental": (11, 9),
    "collection-status": (2, 2),
    "restore": (31, 17),
    "restore with an empty archive dir": (40, 26),
    "another full": (31, 17),
    "remove-all-but-n-full": (23, 13),
    "cleanup": (3, 3),
}
UPLOADS_AT_25 = {
    "HeadBucket": 1,
    "ListObjects": 2,
    "PutObject": 3,
    "CreateMultipartUpload": 2,
    "UploadPart": 4,
    "CompleteMultipartUpload": 2,
    "HeadObject": 3,
}
OPERATIONS = {  # where the facts name them, at volsize 5 and 25
    ("full", 5): {"PutObject": 14, "HeadObject": 12, "HeadBucket": 1, "ListObjects": 2},
    ("full", 25): UPLOADS_AT_25,
    ("restore", 5): {"GetObject": 14, "HeadObject": 14, "HeadBucket": 1, "ListObjects": 2},
    ("restore", 25): {"GetObject": 10, "HeadObject": 4, "HeadBucket": 1, "ListObjects": 2},
    ("remove-all-but-n-full", 5): {"DeleteObject": 18, "HeadBucket": 1, "ListObjects": 4},
    ("remove-all-but-n-full", 25): {"DeleteObject": 8, "HeadBucket": 1, "ListObjects": 4},
}


@dataclass(kw_only=True)
class Life:
    """One machine, one gateway, one store."""

    folder: Path
    program: Path
    gateway: Gateway
    store: Moto

    def grow(self, size_bytes: int) -> None:
        """Add one incompressible file to the source."""
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        number = len(list(source.iterdir()))
        noise = Seed(value=2).child(str(number)).rng().randbytes(size_bytes)
        (source / f"file {number}").write_bytes(noise)

    def act(self, step: str, *words: str, archive: str = "archive") -> Counter[str]:
        """Run one action and return its requests by operation: what the store counted, too."""
        before = Counter(self._store_log())
        listener = self.gateway.listen(
            upstream=self.store.endpoint_url,
            scenario=step,
            step="1",
            phase=words[0],
            simulated_at=AT,
        )
        done = process.run(
            [
                str(self.program),
                words[0],
                *("--no-encryption", "--name", "x", "--archive-dir", str(self.folder / archive)),
                *("--s3-endpoint-url", listener.endpoint_url, "--s3-region-name", "us-east-1"),
                *words[1:],
            ],
            env={
                **process.CLEAN_LOCALE,
                "PATH": process.SYSTEM_PATH,
                "HOME": str(self.folder),
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
            log=self.folder / "log",
            timeout_s=LIMIT_S,
        )
        assert done.status == 0, (self.folder / "log").read_text()
        assert self.gateway.close(listener)
        log = rows(self.gateway.log, step)
        counted = Counter((row.method, unquote(row.path), row.status) for row in log)
        assert counted == Counter(self._store_log()) - before
        assert {(row.answered_by, row.outcome, row.attempt) for row in log} == {("store", "ok", 1)}
        return Counter(row.operation for row in log)

    def _store_log(self) -> Iterator[tuple[str, str, int]]:
        return ((row.method, unquote(row.path), row.status) for row in self.store.access_log())


@pytest.fixture
def life(tmp_path: Path, duplicity: Duplicity) -> Iterator[Life]:
    store = Moto()
    (tmp_path / "moto").mkdir()
    store.start(tmp_path / "moto")
    try:
        store.make_bucket("golden")
        with Gateway(tmp_path / "gateway", log=tmp_path / "requests.jsonl") as gateway:
            yield Life(folder=tmp_path, program=duplicity.program, gateway=gateway, store=store)
    finally:
        store.stop()


@pytest.mark.parametrize("volsize", [5, 25])
def test_every_step_asks_for_what_it_was_measured_to(life: Life, volsize: int) -> None:
    size = ("--volsize", str(volsize))
    source, target = str(life.folder / "source"), life.folder / "restored"
    life.grow(60_000_000)
    found = {"full": life.act("full", "full", *size, source, URL)}
    life.grow(6_000_000)
    found["incremental"] = life.act("incremental", "incremental", *size, source, URL)
    found["collection-status"] = life.act("collection-status", "collection-status", URL)
    found["restore"] = life.act("restore", "restore", URL, str(target))
    cold = "restore with an empty archive dir"
    found[cold] = life.act(cold, "restore", URL, str(life.folder / "again"), archive="empty")
    found["another full"] = life.act("another full", "full", *size, source, URL)
    prune = "remove-all-but-n-full"
    found[prune] = life.act(prune, prune, "1", "--force", URL)
    found["cleanup"] = life.act("cleanup", "cleanup", "--force", URL)

    which = (5, 25).index(volsize)
    assert {step: counts.total() for step, counts in found.items()} == {
        step: numbers[which] for step, numbers in GOLDEN.items()
    }
    for (step, size_mib), operations in OPERATIONS.items():
        if size_mib == volsize:
            assert found[step] == operations, step
    whole = {path.name: path.read_bytes() for path in target.iterdir()}
    assert whole == {path.name: path.read_bytes() for path in Path(source).iterdir()}
