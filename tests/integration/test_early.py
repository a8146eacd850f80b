"""Drills beside later backups, ``--jobs`` and cores: the same run, whatever ran at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drtest.api import Options, run
from drtest.report.document import document

STORIES = """\
scenario: nights
why: Two chains of small nights; every one and the seconds around it are asked for.
source: {/srv/www: 5 files}
mutate: {edit: 2 files, add: 1 file}
policy: {no-encryption: true, full-if-older-than: 2D}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: 4
    do: [mutate, backup]
drills:
  - restore: everything
    at: edges
---
scenario: pruned
why: Retention takes a chain in the middle, and each promised point is asked for there and then.
source: {/srv/www: 3 files}
mutate: {edit: 1 file}
policy: {no-encryption: true, full-if-older-than: 1D, remove-all-but-n-full: 2}
calendar:
  - every: 2D
    from: 2026-01-01 03:00
    times: 4
    do: [mutate, backup, prune]
drills:
  - restore: everything
    at: each restore point
    when: after each prune
  - restore: everything
    at: each restore point
---
scenario: too early
why: It fails as it is known to, and must do so in any order.
expect:
  verdict: FAIL
  findings: [restore-not-refused]
  because: duplicity gives the oldest full for a time before it.
source: {/srv/www: 3 files}
policy: {no-encryption: true}
drills:
  - restore: everything
    at: before the first
    must-be: refused
"""
# What a clock, a process or a folder decides, and no story.
PASSING = frozenset({"started_at", "elapsed_s", "recovery_time_s", "jobs", "wreck"})


def settled(value: Any) -> Any:
    """*value* without times, at any depth."""
    if isinstance(value, dict):
        return {key: settled(one) for key, one in value.items() if key not in PASSING}
    return [settled(one) for one in value] if isinstance(value, list) else value


def told(folder: Path, short_tmp: Path, *, jobs: int) -> Any:
    (folder / "stories.yaml").write_text(STORIES, encoding="utf-8")
    options = Options(
        paths=(folder / "stories.yaml",), reports=folder / "reports", work=short_tmp, jobs=jobs
    )
    done = run(options)
    assert done.result.exit_status == 0, [one.judgement.reason for one in done.result.scenarios]
    return settled(document(done.result))


def test_one_job_two_jobs_and_one_core_tell_the_same(
    tmp_path: Path, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = told(tmp_path, short_tmp, jobs=1)
    assert [scenario["verdict"] for scenario in one["scenarios"]] == ["PASS", "PASS", "FAIL"]
    assert told(tmp_path, short_tmp, jobs=2) == one
    monkeypatch.setattr(Options, "cores", 1)  # nothing beside the calendar
    assert told(tmp_path, short_tmp, jobs=1) == one
