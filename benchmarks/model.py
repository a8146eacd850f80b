"""The request model against the meter: real runs of one calendar over a grid, on two stores.

``python benchmarks/model.py [--store STORE ...] [--nights N] [--true-size]``: ``drtest tune`` runs
the calendar with and without encryption at volume sizes of 1 to 5 MiB with upload chunks of 5 and
20 MiB. The model is given the run of the smallest volume size alone; printed is how far off it is
on all others, over whole calendars with their prunes and drills. ``--true-size`` runs 2 GB at
volsize 50, 200 and 250 instead, on moto. Ends with 1 where the model is further off than it claims.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from drtest.api import Options
from drtest.api.grid import Words
from drtest.api.tune import tune
from drtest.model.tune import BYTES_LIMIT, REQUESTS_LIMIT, ModelError, Tuning
from drtest.model.verdict import Verdict

STORES = ("moto", "seaweedfs")
ENCRYPTIONS = ("no-encryption: true", "no-encryption: false")

CALENDAR = """\
scenario: a calendar with prunes
why: The model says what it asks of S3 before it is run with another volume size.
source:
  /srv/media: {{files: 12, size: 1 MiB to 3 MiB, kind: random}}
  /srv/www:   {{files: 200, size: about 8 KiB, max: 256 KiB}}
  /srv/db:    {{files: 2, size: 1 MiB, kind: database}}
mutate: {{edit: 4%, add: 2 files, delete: 1 file, rename: 1 file}}
policy: {{{encryption}, volsize: 4, full-if-older-than: 3D, remove-all-but-n-full: 1}}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: {nights}
    do: [mutate, backup, prune]
drills:
  - restore: everything
    at: [oldest promised, newest]
  - restore: one file
    at: sample of 3
tune:
  volsize: [1, 2, 3, 5]
  s3-multipart-chunk-size: [5, 20]
  prices: aws/us-east-1/STANDARD
"""

TRUE_SIZE = """\
scenario: of true size
why: Nothing is scaled.
source: {/srv/media: {files: 1000, size: 1 MiB to 3 MiB, kind: random}}
mutate: {edit: 1%}
policy: {no-encryption: true, volsize: 250}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: 2
    do: [mutate, backup]
drills:
  - restore: everything
  - restore: one file
tune: {volsize: 50, prices: aws/us-east-1/STANDARD}
"""


def main() -> int:
    """Run all grids and print a row for each point; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--nights", type=int, default=8)
    parser.add_argument("--true-size", action="store_true")
    wanted = parser.parse_args()
    grids = (
        [("moto", "2 GB", TRUE_SIZE)]
        if wanted.true_size
        else [
            (store, encryption, CALENDAR.format(encryption=encryption, nights=wanted.nights))
            for store in wanted.store or STORES
            for encryption in ENCRYPTIONS
        ]
    )
    worst_requests = worst_bytes = 0.0
    for store, what, text in grids:
        found = run(store, text)
        if found is None:
            return 1
        print(f"{store}, {what}, {found.backups} backups")
        for error in errors(found):
            print(f"  {row(error)}")
            worst_requests = max(worst_requests, abs(error.requests_off))
            worst_bytes = max(worst_bytes, abs(error.bytes_off))
    print(f"worst: requests {worst_requests:.1%}, bytes {worst_bytes:.1%}")
    return 0 if worst_requests <= REQUESTS_LIMIT and worst_bytes <= BYTES_LIMIT else 1


def run(store: str, text: str) -> Tuning | None:
    """Return the answer of one grid; None, and why on stderr, where a point is not as expected."""
    with tempfile.TemporaryDirectory(prefix="drtest-model-") as name:
        place = Path(name)
        (place / "grid.yaml").write_text(text)
        options = Options(paths=(place / "grid.yaml",), stores=(store,), reports=place / "reports")
        done = tune(options, Words())
    if done.result.verdict is not Verdict.PASS or done.result.tune is None:
        for one in done.result.scenarios:
            print(f"{one.title}: {one.verdict.value} {one.judgement.findings}", file=sys.stderr)
        return None
    return done.result.tune


def errors(found: Tuning) -> list[ModelError]:
    """Return what the model was off by at each point that it was not given."""
    each = [one.error for one in found.points]
    return [one for one in (*each, found.unseen) if one is not None]


def row(error: ModelError) -> str:
    """Return one point's line."""
    return (
        f"volsize {error.volsize_mib}, chunk {error.chunk_mib:>2}: "
        f"requests {error.predicted_requests:>5,} for {error.metered_requests:>5,} "
        f"({error.requests_off:+.1%}), "
        f"bytes {error.predicted_bytes:>11,} for {error.metered_bytes:>11,} "
        f"({error.bytes_off:+.1%})"
    )


if __name__ == "__main__":
    sys.exit(main())
