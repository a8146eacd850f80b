"""``drtest report --prices`` of a run whose request log has a million rows: time and memory.

``python benchmarks/report_load.py [N]`` runs a small scenario for real, repeats the exchanges of
its request log until it holds N requests (default 1,000,000), and tells that run again: without
prices, with one, and with three of them. Ends with 1 where the one with one price takes more than
10 s a million of CPU, or more than 300 MB. (CPU, since others may want the cores; wall is printed.)
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from drtest import process
from drtest.api import Options, run
from drtest.process import Completed

LIMIT_S, LIMIT_BYTES, HOUR_S = 10.0, 300e6, 3600.0
PRICES = ("aws/us-east-1/STANDARD", "aws/eu-west-1/GLACIER_IR", "b2/all/STANDARD")
SCENARIO = """\
scenario: a small run with a long log
why: A report must bear a million requests.
source: {/srv/www: 8 files}
mutate: {edit: 20%}
policy: {no-encryption: true}
calendar:
  - {every: 1D, from: 2026-01-01 03:00, times: 3, do: [mutate, backup]}
drills:
  - {restore: everything, at: each restore point}
"""


def lengthen(log: Path, count: int) -> int:
    """Repeat the exchanges of *log*, numbered anew, until it holds *count*; return how many."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    exchanges = [row for row in rows if row["row"] != "listener"]
    highest = max(row["number"] for row in exchanges)
    mark = '"number":@'
    pattern = [
        (
            json.dumps({**row, "number": "@"}, separators=(",", ":")).replace('"number":"@"', mark),
            row["number"],
        )
        for row in exchanges
    ]
    total = highest
    with log.open("a", encoding="utf-8") as file:
        while total < count:
            file.writelines(
                text.replace(mark, f'"number":{total + number}', 1) + "\n"
                for text, number in pattern
            )
            total += highest
    return total


def report(folder: Path, place: Path, *prices: str) -> Completed:
    """Tell the run in *folder* again, in a process of its own."""
    words = [word for one in prices for word in ("--prices", one)]
    done = process.run(
        [sys.executable, "-m", "drtest", "report", str(folder), "--quiet", *words],
        env={
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(Path.home()),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        },
        log=place / "said",
        timeout_s=HOUR_S,
        cwd=place,
    )
    if done.status != 0:
        raise SystemExit((place / "said").read_text(encoding="utf-8")[-2000:])
    return done


def main() -> int:
    """Return 0 where both limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=1_000_000)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="drtest-report-") as name:
        place = Path(name)
        file = place / "small.yaml"
        file.write_text(SCENARIO, encoding="utf-8")
        done = run(Options(paths=(file,), reports=place / "reports", work=place))
        log = done.folder / "requests.jsonl"
        total = lengthen(log, given.count)
        print(f"{total:,} requests, log {log.stat().st_size / 2**20:.0f} MiB")
        for prices in ((), PRICES[:1], PRICES):
            told = report(done.folder, place, *prices)
            cpu_s = told.user_s + told.system_s
            kept = cpu_s <= LIMIT_S * total / 1e6 and told.max_rss_bytes <= LIMIT_BYTES
            is_held = len(prices) == 1
            good &= kept or not is_held
            print(
                f"  {len(prices)} prices: CPU {cpu_s:5.1f} s, wall {told.elapsed_s:5.1f} s, peak "
                f"{told.max_rss_bytes / 1e6:.0f} MB{'' if kept or not is_held else ', NOT KEPT'}"
            )
        print(
            f"limits: {LIMIT_S:.0f} s of CPU a million, {LIMIT_BYTES / 1e6:.0f} MB; "
            f"load {os.getloadavg()[0]:.1f}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
