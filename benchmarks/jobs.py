"""The same scenarios at ``--jobs 1`` and ``--jobs 2``: wall time, and that both say the same.

``python benchmarks/jobs.py [FILE]`` runs the shipped edges (or the scenarios of FILE) once each
way, in processes of their own, and prints the ratio; nothing is held to a limit. Ends with 1 where
the two differ in an exit status, a verdict or a finding.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from drtest import process

EDGES = Path(__file__).parents[1] / "scenarios" / "edges.yaml"
HOUR_S = 3600.0


def run(file: Path, folder: Path, jobs: int) -> tuple[float, object]:
    """Run the scenarios of *file*; return the seconds that it took, and what it came to."""
    reports = folder / f"jobs{jobs}"
    words = ["run", str(file), "--jobs", str(jobs), "--quiet", "--reports", str(reports)]
    done = process.run(
        [sys.executable, "-m", "drtest", *words],
        env={
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(Path.home()),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        },
        log=folder / "out",
        timeout_s=HOUR_S,
        cwd=folder,
    )
    told = list(reports.glob("*/run.json"))
    if len(told) != 1:
        raise SystemExit((folder / "out").read_text(encoding="utf-8", errors="replace")[-2000:])
    scenarios = json.loads(told[0].read_text(encoding="utf-8"))["scenarios"]
    came = [
        (
            one["name"],
            one["verdict"],
            sorted((each["code"], each["subject"]) for each in one["findings"]),
        )
        for one in scenarios
    ]
    return done.elapsed_s, (done.status, came)


def ratio(file: Path, folder: Path) -> float | None:
    """Print both, and return ``--jobs 2`` over ``--jobs 1``; None where they differ."""
    (one_s, one), (two_s, two) = (run(file, folder, jobs) for jobs in (1, 2))
    print(f"{file.stem}: --jobs 1 {one_s:.1f} s, --jobs 2 {two_s:.1f} s")
    return two_s / one_s if one == two else None


def main() -> int:
    """Measure and print; 1 where the two runs do not say the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=EDGES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drtest-jobs-") as folder:
        found = ratio(given.file.absolute(), Path(folder))
    print("they do not say the same" if found is None else f"--jobs 2 / --jobs 1: {found:.2f}")
    print(f"load at the end: {os.getloadavg()[0]:.1f}")
    return int(found is None)


if __name__ == "__main__":
    sys.exit(main())
