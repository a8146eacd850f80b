"""The request model against the meter on a backup of true size: 2 GiB at volsize 250.

``python benchmarks/truesize.py [--size MIB] [--volsize MIB] [--chunks MIB ...] [--in DIR]``: a
full, two incrementals and a restore of everything, with duplicity's own encryption, once for each
upload chunk. What the model says before the run, from policy and source alone, stands beside what
the gateway counted: requests by operation, bytes of objects up and down. Ends with 1 where
requests differ by more than 2 %, bytes by more than 3 %, or the run is not PASS. Takes some ten
minutes and five times the size on disk (``--in`` says where).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from drtest.api import Options, run
from drtest.clock import monotonic_s
from drtest.model.run import ScenarioResult
from drtest.model.verdict import Verdict

REQUEST_LIMIT, BYTE_LIMIT = 0.02, 0.03
DEFAULT_CHUNK_MIB, FILE_MIB = 20, 8
MIB = 2**20

# Media and text as on a small server; the text is a twentieth of it and compresses.
SCENARIO = """\
scenario: {size} MiB at volsize {volsize}, chunk {chunk}
why: The model is held to a backup of true size.
source:
  /srv/media: {{files: {media}, size: {file} MiB, kind: random}}
  /srv/www:   {{files: {text}, size: about 64 KiB, max: 1 MiB}}
mutate: {{edit: 2%, add: 2 files, delete: 1 file}}
policy: {{volsize: {volsize}, s3-multipart-chunk-size: {chunk}}}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: 3
    do: [mutate, backup]
drills:
  - restore: everything
time-limit: 4h
"""


def ran(given: argparse.Namespace, chunk: int, folder: Path) -> ScenarioResult:
    """Run the scenario with one chunk size and return its result."""
    file = folder / f"chunk{chunk}.yaml"
    text = SCENARIO.format(
        size=given.size,
        volsize=given.volsize,
        chunk=chunk,
        media=given.size * 19 // 20 // FILE_MIB,
        file=FILE_MIB,
        text=given.size // 2,  # about 100 KiB each in the mean
    )
    file.write_text(text, encoding="utf-8")
    began, load = monotonic_s(), os.getloadavg()[0]
    done = run(Options(paths=(file,), reports=folder / "reports", work=folder, preload=True))
    (result,) = done.result.scenarios
    print(f"\n{result.name}: {result.verdict.value}, {result.backups} backups")
    print(f"load {load:.1f} before, {os.getloadavg()[0]:.1f} after {monotonic_s() - began:.0f} s")
    for finding in result.judgement.findings:
        print(f"  {finding.code}: {finding.message}")
    return result


def is_kept(what: str, predicted: int, metered: int, limit: float) -> bool:
    """Print one line; whether the limit is kept."""
    off = predicted / metered - 1 if metered else 0.0 if predicted == 0 else float("inf")
    kept = abs(off) <= limit
    told = f"limit {limit:.0%}{'' if kept else ', NOT KEPT'}"
    print(
        f"  {what:24} {predicted:15,} predicted {metered:15,} metered  ratio {1 + off:.4f}  {told}"
    )
    return kept


def compare(result: ScenarioResult) -> bool:
    """Print predicted beside metered; whether all limits are kept."""
    predicted, metered = result.predicted, result.requests
    if predicted is None or metered is None:
        print("  nothing was predicted, or nothing metered")
        return False
    operations: dict[str, int] = {}
    for counts in predicted.by_phase.values():
        for name, number in counts.items():
            operations[name] = operations.get(name, 0) + number
    for name in sorted({*operations, *metered.by_operation}):
        one, other = operations.get(name, 0), metered.by_operation.get(name, 0)
        print(f"  {name:24} {one:15,} predicted {other:15,} metered")
    rows = (
        ("requests", predicted.total, metered.total, REQUEST_LIMIT),
        ("bytes up", predicted.uploaded_bytes, metered.body_in_bytes, BYTE_LIMIT),
        ("bytes down", predicted.downloaded_bytes, metered.body_out_bytes, BYTE_LIMIT),
    )
    return all([is_kept(*row) for row in rows])  # noqa: C419 - each is printed


def main() -> int:
    """Return 0 where every limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048, metavar="MIB")
    parser.add_argument("--volsize", type=int, default=250, metavar="MIB")
    parser.add_argument("--chunks", type=int, nargs="+", default=[DEFAULT_CHUNK_MIB, 256])
    parser.add_argument("--in", dest="place", type=Path, default=None, metavar="DIR")
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="drtest-truesize-", dir=given.place) as name:
        for chunk in given.chunks:
            result = ran(given, chunk, Path(name))
            good &= compare(result) and result.verdict is Verdict.PASS
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
