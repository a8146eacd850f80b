"""The gateway's process is killed in the middle of a run: nothing is green, nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.shell import DRTEST, SMALL, environment, processes

from drtest.clock import monotonic_s, pause
from drtest.gateway import requests

LIMIT_S = 120.0
LONG = SMALL.replace("scenario: small", "scenario: long").replace(
    """  - at: 2026-01-02 03:00
    do: [mutate, backup]
""",
    """  - every: 1D
    from: 2026-01-02 03:00
    times: 40
    do: [mutate, backup]
""",
)
pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(LONG)
    (tmp_path / "b.yaml").write_text(SMALL)
    return tmp_path


def gateway_pids(work: Path) -> Iterator[int]:
    """The processes of the gateway that works in *work*."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"drtest.gateway.server" in words and any(
            word.startswith(os.fsencode(work)) for word in words
        ):
            yield int(entry.name)


def wait_for_a_request(place: Path, step: str, child: subprocess.Popen[bytes]) -> None:
    """Wait until duplicity is in the middle of a step: its first request has arrived."""
    until = monotonic_s() + LIMIT_S
    while True:
        logs = list(place.glob("reports/*/requests.jsonl"))
        if logs and any(row.step == step for row in requests(logs[0])):
            return
        assert child.poll() is None, "drtest ended too early"
        assert monotonic_s() < until, f"no request of step {step}"
        pause(0.01)


def test_a_gateway_that_dies_leaves_everything_unverified(place: Path, short_tmp: Path) -> None:
    child = subprocess.Popen(
        [str(DRTEST), "run", "a.yaml", "b.yaml", "--jobs", "1", "--work", str(short_tmp)],
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_a_request(place, "5", child)
        (pid,) = gateway_pids(short_tmp)
        os.kill(pid, signal.SIGKILL)
        killed_s = monotonic_s()
        status = child.wait(LIMIT_S)
    finally:
        child.kill()
        child.wait()
    assert monotonic_s() - killed_s < 30  # duplicity's own patience is minutes
    assert status == 3
    (kept,) = (place / "reports").iterdir()
    document = json.loads((kept / "run.json").read_text())
    assert (document["verdict"], document["exit_status"]) == ("UNVERIFIED", 3)
    for scenario in document["scenarios"]:
        assert scenario["verdict"] == "UNVERIFIED"
        worst = [one["code"] for one in scenario["findings"] if one["severity"] != "note"]
        assert worst == ["gateway-failed"], scenario["name"]
    assert len(document["scenarios"]) == 2
    assert processes(str(short_tmp)) == []
    assert list(short_tmp.iterdir()) == []
