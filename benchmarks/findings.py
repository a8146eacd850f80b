"""``drtest report`` of a month of nightlies, and how it grows with what was found.

``python benchmarks/findings.py [--of FOLDER]`` runs the month of ``month.py`` with ``--preload``,
or takes a copy of such a run that is stored, and alters what the restores brought back: 1, 10 and
100 files of each differ from the truth, in content, mode or mtime, or are missing. Each is told
again, the four in turn, and the median of three counts. Ends with 1 where the whole command takes
longer than 3 s for the month as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from month import MONTH

from drtest import process
from drtest.api import Options, run
from drtest.model.tree import Entry
from drtest.oracle import rows
from drtest.oracle.trees import TreeStore
from drtest.process import Completed

LEVELS = (0, 1, 10, 100)  # files of each restore that differ
TURNS, LIMIT_S, MINUTE_S = 3, 3.0, 60.0


def alter(folder: Path, files: int) -> int:
    """Let *files* of each restored tree of the run in *folder* differ; return how many do."""
    altered = 0
    for place in folder.glob("*/trees/restored"):
        store = TreeStore(place.parent)
        for file in list(place.iterdir()):
            head = rows.read_head(file)
            tree = list(store.restored(file.stem))
            chosen = [number for number, one in enumerate(tree) if one.type == "file"][:files]
            for turn, number in enumerate(chosen):
                tree[number] = harmed(tree[number], turn)
            whole = [one for number, one in enumerate(tree) if number not in chosen[3::4]]
            store.record_restored(file.stem, whole, head.base, head.below)
            altered += len(chosen)
    return altered


def harmed(entry: Entry, turn: int) -> Entry:
    """Return *entry* with something else wrong in each of three turns; the fourth is left out."""
    match turn % 4:
        case 0:
            return entry._replace(digest="00" * 32)
        case 1:
            return entry._replace(mode=entry.mode ^ 0o111)
        case _:
            return entry._replace(mtime_ns=entry.mtime_ns + 7_000_000_000)


def report(folder: Path, place: Path) -> Completed:
    """Tell the run in *folder* again, in a process of its own."""
    done = process.run(
        [sys.executable, "-m", "drtest", "report", str(folder)],
        env={
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(Path.home()),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        },
        log=place / "said",
        timeout_s=MINUTE_S,
        cwd=place,
    )
    if done.status not in {0, 1}:
        raise SystemExit((place / "said").read_text(encoding="utf-8", errors="replace")[-2000:])
    return done


def findings(folder: Path) -> int:
    """Count what the report of *folder* found."""
    told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return sum(
        finding["severity"] == "failure" for one in told["scenarios"] for finding in one["findings"]
    )


def main() -> int:
    """Measure and print; 1 where the limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--of", type=Path, help="a stored run of the month")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drtest-findings-") as name:
        place = Path(name)
        stored = given.of
        if stored is None:
            file = place / "month.yaml"
            file.write_text(MONTH.format(nights=given.nights), encoding="utf-8")
            options = Options(paths=(file,), reports=place / "r", work=place, preload=True)
            stored = run(options).folder
        folders = [place / f"level{level}" for level in LEVELS]
        differ = []
        for folder, level in zip(folders, LEVELS, strict=True):
            shutil.copytree(stored, folder)
            differ.append(alter(folder, level))
        turns = [[report(folder, place) for folder in folders] for _ in range(TURNS)]
        seen = []
        for folder, told in zip(folders, zip(*turns, strict=True), strict=True):
            wall_s = statistics.median(one.elapsed_s for one in told)
            cpu_s = statistics.median(one.user_s + one.system_s for one in told)
            seen.append((findings(folder), wall_s, cpu_s))
    for number, (count, wall_s, cpu_s) in zip(differ, seen, strict=True):
        print(
            f"{number:5,} paths differ, {count} findings: {wall_s:.2f} s, {cpu_s:.2f} s CPU; "
            f"over none: {wall_s / seen[0][1]:.2f}, CPU {cpu_s / seen[0][2]:.2f}"
        )
    print(f"limit {LIMIT_S:.0f} s for the month as it was; load {os.getloadavg()[0]:.1f}")
    return int(seen[0][1] > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
