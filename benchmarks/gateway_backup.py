"""What the gateway adds to a real full backup of 400 MB: CPU beside duplicity's, and wall time.

``python benchmarks/gateway_backup.py [--pairs N] [--duplicity PROGRAM]``: each pair is one full
straight to moto and one through the gateway (plain), in turn; then one over TLS, which is reported.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from drtest import process
from drtest.chance import Seed
from drtest.duplicity.versions import DEFAULT, find, verify
from drtest.gateway import Gateway
from drtest.gateway.listener import Mode
from drtest.process import Completed
from drtest.store.moto import Moto

AT = datetime(2026, 1, 1, tzinfo=UTC)
SIZE_BYTES, FILE_BYTES = 400_000_000, 20_000_000
CPU_RATIO_LIMIT = 0.05


def make_source(folder: Path) -> Path:
    """400 MB that no compression makes smaller."""
    source = folder / "source"
    source.mkdir()
    rng = Seed(value=1).child("benchmark").rng()
    for number in range(SIZE_BYTES // FILE_BYTES):
        (source / f"{number}").write_bytes(rng.randbytes(FILE_BYTES))
    return source


class Bench:
    """One source, one store, one gateway."""

    def __init__(self, folder: Path, program: Path, store: Moto, gateway: Gateway) -> None:
        self._folder, self._program, self._store, self._gateway = folder, program, store, gateway
        self._source = make_source(folder)
        self._runs = 0

    def direct(self) -> Completed:
        """One full straight to the store."""
        return self._full(self._store.endpoint_url, {})

    def through(self, mode: Mode) -> tuple[Completed, float]:
        """One full through the gateway, and the CPU that the gateway used for it."""
        listener = self._gateway.listen(
            upstream=self._store.endpoint_url,
            mode=mode,
            scenario="benchmark",
            step=str(self._runs),
            phase="full",
            simulated_at=AT,
        )
        before = self._gateway.measure().cpu_s
        done = self._full(listener.endpoint_url, listener.environment)
        self._gateway.close(listener)
        return done, self._gateway.measure().cpu_s - before

    def _full(self, url: str, environment: dict[str, str]) -> Completed:
        self._runs += 1
        bucket = f"bench-{self._runs}"
        self._store.make_bucket(bucket)
        log = self._folder / f"{self._runs}.log"
        done = process.run(
            [
                str(self._program),
                "full",
                "--no-encryption",
                "--name",
                bucket,
                "--archive-dir",
                str(self._folder / "archive"),
                "--s3-endpoint-url",
                url,
                "--s3-region-name",
                "us-east-1",
                str(self._source),
                f"s3:///{bucket}/host",
            ],
            env={
                **process.CLEAN_LOCALE,
                "PATH": process.SYSTEM_PATH,
                "HOME": str(self._folder),
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                **environment,
            },
            log=log,
            timeout_s=600,
        )
        self._store.delete_bucket(bucket)
        if done.status != 0:
            raise SystemExit(log.read_text())
        return done


def cpu(done: Completed) -> float:
    """Seconds of CPU of a command and its children."""
    return done.user_s + done.system_s


def main() -> int:
    """Return 0 where the limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--duplicity", type=Path)
    chosen = parser.parse_args()
    store = Moto()
    with tempfile.TemporaryDirectory(prefix="drtest-bench-") as name:
        folder = Path(name)
        if chosen.duplicity:
            program = verify(chosen.duplicity, which=str(chosen.duplicity)).program
        else:
            program = find(DEFAULT, cache=folder / "cache").program
        (folder / "moto").mkdir()
        store.start(folder / "moto")
        try:
            with Gateway(folder / "gateway", log=folder / "requests.jsonl") as gateway:
                bench = Bench(folder, program, store, gateway)
                ratios, walls = [], []
                for _ in range(chosen.pairs):
                    direct = bench.direct()
                    done, used_s = bench.through("plain")
                    ratios.append(used_s / cpu(done))
                    walls.append(done.elapsed_s / direct.elapsed_s)
                    print(
                        f"direct {direct.elapsed_s:.1f} s; plain {done.elapsed_s:.1f} s, "
                        f"duplicity's CPU {cpu(done):.1f} s, the gateway's {used_s:.2f} s"
                    )
                done, used_s = bench.through("tls")
        finally:
            store.stop()
    print(f"plain: gateway / duplicity CPU {median(ratios):.3f} (limit {CPU_RATIO_LIMIT})")
    print(f"plain: wall time through / direct, median of {len(walls)} pairs {median(walls):.2f}")
    print(f"tls: gateway / duplicity CPU {used_s / cpu(done):.3f} (reported)")
    return 0 if median(ratios) <= CPU_RATIO_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
