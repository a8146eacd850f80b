"""Runs the installed ``drtest`` command as a user would, in a folder of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DRTEST = Path(sys.executable).with_name("drtest")

SMALL = """\
scenario: small
why: A full and an incremental, restored.
source:
  /srv/www: 8 files
  /srv/current: {symlink: www}
mutate:
  edit: 20%
policy:
  no-encryption: true
calendar:
  - at: 2026-01-01 03:00
    do: full
  - at: 2026-01-02 03:00
    do: [mutate, backup]
drills:
  - restore: everything
    at: each restore point
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a login: nothing of the test run's own but the cache of duplicities."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "SSL_CERT_FILE", "XDG_CACHE_HOME"} or name.startswith(("UV_", "PIP_"))
    }
    kept.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return {**kept, "HOME": str(home), "LANG": "C.UTF-8", **(more or {})}


def drtest(
    *args: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 300,
    send: signal.Signals | None = None,
    when: str = "",
) -> Said:
    """Run drtest; *send* a signal once its stdout or stderr shows *when*."""
    with (cwd / "out.txt").open("w") as out, (cwd / "err.txt").open("w") as err:
        child = subprocess.Popen(
            [str(DRTEST), *args],
            cwd=cwd,
            env=environment(cwd, env),
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
        )
    try:
        if send is not None:
            _wait_for(cwd, when, child)
            child.send_signal(send)
        status = child.wait(timeout_s)
    finally:
        child.kill()
        child.wait()
    return Said(status=status, out=(cwd / "out.txt").read_text(), err=(cwd / "err.txt").read_text())


def _wait_for(cwd: Path, name: str, child: subprocess.Popen[bytes]) -> None:
    """Wait until a file that matches *name* is there: an event, not a time."""
    import time

    deadline = time.monotonic() + 60
    while not any(cwd.glob(name)):
        assert child.poll() is None, "drtest ended before it could be interrupted"
        assert time.monotonic() < deadline, f"no {name} within a minute"
        time.sleep(0.02)


def processes(word: str) -> list[str]:
    """Command lines of running processes that hold *word*; zombies have none."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
            except OSError:
                continue
            if word in line and entry.name != str(os.getpid()):
                found.append(line)
    return found
