"""What recording the truth costs, each figure as a ratio of two measured in this run.

``python benchmarks/capture.py first`` captures a tree of 100,000 files, 2 GB, against ``find |
xargs -P2 b3sum`` on the same tree, and captures it again with 0.1 % of the files changed.
``... truths`` compares the bytes of 200 stored truths at 1 % churn with those of one. ``... scale``
compares drtest's own CPU time for 1,000,000 small files with that for 100,000. All is read from the
page cache; the two sides take turns, and the median of three counts.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from drtest import process
from drtest.chance import Seed
from drtest.clock import monotonic_s
from drtest.model.tree import Entry
from drtest.oracle.capture import capture
from drtest.oracle.recall import StatCache
from drtest.oracle.trees import TreeStore

FILES, FILE_BYTES, A_FOLDER = 100_000, 20_000, 100
SMALL_BYTES = 100
TURNS = 3
FIRST_LIMIT, AGAIN_LIMIT, TRUTHS_LIMIT, SCALE_LIMIT = 1.15, 0.30, 5.0, 11.0
B3SUM = "find . -type f -print0 | xargs -0 -P2 -n1000 b3sum >sums"


class Spent(NamedTuple):
    """Seconds of the wall clock, and of CPU with those of child processes."""

    wall_s: float
    cpu_s: float


def spent(act: Callable[[], object]) -> Spent:
    """Do *act* and return what it took."""
    began, before = monotonic_s(), cpu_s()
    act()
    return Spent(monotonic_s() - began, cpu_s() - before)


def cpu_s() -> float:
    """CPU time of this process and of the children that ended."""
    sides = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in sides)


def plant(root: Path, files: int, size_bytes: int) -> list[Path]:
    """Make a tree two folders deep, a hundred files to a folder; return the files."""
    rng, made = Seed(value=1).child("benchmark").rng(), []
    for number in range(0, files, A_FOLDER):
        folder = root / f"d{number // A_FOLDER % 20:02d}" / f"e{number:07d}"
        folder.mkdir(parents=True)
        for inside in range(A_FOLDER):
            file = folder / f"f{inside:03d}.txt"
            file.write_bytes(rng.randbytes(size_bytes))
            made.append(file)
    return made


def run_out(entries: Iterator[Entry]) -> None:
    """Let a capture come to its end."""
    deque(entries, maxlen=0)


def measure_first(folder: Path) -> bool:
    """A capture against b3sum, and a second one against the first."""
    root = folder / "tree"
    files = plant(root, FILES, FILE_BYTES)
    cache = StatCache(file=folder / "cache")
    env = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH}

    def sums() -> None:
        argv = ["sh", "-c", B3SUM.replace("sums", str(folder / "sums"))]
        done = process.run(argv, env=env, log=folder / "log", timeout_s=600, cwd=root)
        if done.status != 0:
            raise SystemExit(f"b3sum: {done.log.read_text()}")

    rng = Seed(value=2).child("changes").rng()
    theirs, first, again = [], [], []
    sums()  # everything is in the page cache from here on
    for _ in range(TURNS):
        theirs.append(spent(sums))
        cache.file.unlink(missing_ok=True)
        first.append(spent(lambda: run_out(capture(root, cache=cache))))
        for file in rng.sample(files, FILES // 1000):
            file.write_bytes(rng.randbytes(FILE_BYTES))
        again.append(spent(lambda: run_out(capture(root, cache=cache))))
    for name, row in (("b3sum", theirs), ("first", first), ("again", again)):
        told = ", ".join(f"{one.wall_s:.2f} s ({one.cpu_s:.2f} s CPU)" for one in row)
        print(f"{name}: {told}")
    ratios = (
        statistics.median(
            one.wall_s / other.wall_s for one, other in zip(first, theirs, strict=True)
        ),
        statistics.median(
            one.wall_s / other.wall_s for one, other in zip(again, first, strict=True)
        ),
    )
    print(f"first / b3sum: {ratios[0]:.2f} (limit {FIRST_LIMIT})")
    print(f"again / first: {ratios[1]:.2f} (limit {AGAIN_LIMIT})")
    return ratios[0] <= FIRST_LIMIT and ratios[1] <= AGAIN_LIMIT


def measure_truths(folder: Path) -> bool:
    """Bytes of 200 truths, each with 1 % of the files changed since the one before."""
    count, points = 20_000, 200
    rng = Seed(value=3).child("churn").rng()
    tree = [
        Entry(path=".", type="dir", mode=0o755, uid=0, gid=0, mtime_ns=0),
        *(
            Entry(
                path=f"f{number:06d}",
                type="file",
                mode=0o644,
                uid=0,
                gid=0,
                mtime_ns=rng.getrandbits(60),
                size_bytes=rng.getrandbits(14),
                digest=rng.randbytes(32).hex(),
            )
            for number in range(count)
        ),
    ]
    store = TreeStore(folder / "trees")
    for point in range(points):
        store.record_truth(point, tree)
        for number in rng.sample(range(1, count + 1), count // 100):
            tree[number] = tree[number]._replace(
                mtime_ns=rng.getrandbits(60), digest=rng.randbytes(32).hex()
            )
    sizes = [file.stat().st_size for file in sorted((folder / "trees/truth").iterdir())]
    ratio = sum(sizes) / sizes[0]
    print(f"bytes of {points} truths / one: {ratio:.2f} (limit {TRUTHS_LIMIT})")
    return ratio <= TRUTHS_LIMIT


def measure_scale(folder: Path) -> bool:
    """drtest's own CPU for ten times the files: capture and storing of the truth."""
    costs = []
    for files in (100_000, 1_000_000):
        root = folder / f"tree-{files}"
        plant(root, files, SMALL_BYTES)
        turns = []
        for turn in range(TURNS):
            store = TreeStore(folder / f"trees-{files}-{turn}")
            cache = StatCache(file=folder / "cache")
            cache.file.unlink(missing_ok=True)
            turns.append(
                spent(lambda s=store, c=cache, r=root: s.record_truth(0, capture(r, cache=c))).cpu_s
            )
        costs.append(statistics.median(turns))
        print(f"{files:,} files: {costs[-1]:.1f} s CPU")
    ratio = costs[1] / costs[0]
    print(f"1,000,000 / 100,000 files: {ratio:.1f} (limit {SCALE_LIMIT})")
    return ratio <= SCALE_LIMIT


def main() -> None:
    """Measure what is asked for; status 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("first", "truths", "scale"))
    parser.add_argument("--in", dest="where", type=Path, help="make the trees in this folder")
    given = parser.parse_args()
    measures = {"first": measure_first, "truths": measure_truths, "scale": measure_scale}
    print(f"load at the start: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(dir=given.where) as folder:
        is_fine = measures[given.what](Path(folder))
    print(f"load at the end: {os.getloadavg()[0]:.1f}")
    raise SystemExit(0 if is_fine else 1)


if __name__ == "__main__":
    main()
