from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drtest import process
from drtest.gateway import Gateway
from drtest.runner.guard import Guarded

LIMIT_S = 60.0
ENV = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with Gateway(tmp_path / "gateway", log=tmp_path / "requests.jsonl") as running:
        yield running


def test_a_call_ends_with_the_gateway(gateway: Gateway, tmp_path: Path) -> None:
    assert gateway._child is not None
    threading.Timer(0.3, os.killpg, (gateway._child.pid, signal.SIGKILL)).start()
    call = Guarded(runner=process.run, gateway=gateway)
    done = call(["sleep", "600"], env=ENV, log=tmp_path / "log", timeout_s=LIMIT_S)
    assert (done.status, done.timed_out) == (-signal.SIGKILL, False)


def test_a_call_that_begins_after_the_gateways_end_ends_at_once(
    gateway: Gateway, tmp_path: Path
) -> None:
    assert gateway._child is not None
    os.killpg(gateway._child.pid, signal.SIGKILL)
    call = Guarded(runner=process.run, gateway=gateway)
    done = call(["sleep", "600"], env=ENV, log=tmp_path / "log", timeout_s=LIMIT_S)
    assert (done.status, done.timed_out) == (-signal.SIGKILL, False)


def test_a_living_gateway_changes_nothing(gateway: Gateway, tmp_path: Path) -> None:
    call = Guarded(runner=process.run, gateway=gateway)
    done = call(["sh", "-c", "exit 7"], env=ENV, log=tmp_path / "log", timeout_s=LIMIT_S)
    assert done.status == 7
    done = call(["sleep", "600"], env=ENV, log=tmp_path / "log", timeout_s=0.2)
    assert done.timed_out


def test_what_else_ends_a_call_still_does(gateway: Gateway, tmp_path: Path) -> None:
    tripped = os.eventfd(1)
    try:
        done = Guarded(runner=process.run, gateway=gateway)(
            ["sleep", "600"],
            env=ENV,
            log=tmp_path / "log",
            timeout_s=LIMIT_S,
            kill_when=tripped,
        )
    finally:
        os.close(tripped)
    assert (done.status, done.timed_out) == (-signal.SIGKILL, False)
