"""A server that runs beside drtest until it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from drtest.process.command import ends_within, kill_group, spawn


class Child:
    """A server that runs beside drtest until it is stopped."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self._popen = popen
        self.log = log

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._popen.pid

    @property
    def stdin_fd(self) -> int | None:
        """The writing end of its standard input where ``start`` was asked for a pipe."""
        return self._popen.stdin.fileno() if self._popen.stdin else None

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    def stop(self, *, grace_s: float = 5.0) -> int:
        """Ask it to end, kill its group after *grace_s*, and return its status. Idempotent."""
        if self._popen.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()
        if self.is_alive():
            # Popen.wait would look every few milliseconds, and reap it before its group is killed.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGTERM)
                ends_within(self.pid, grace_s)
        # Its own children too, whether or not it ended in time.
        kill_group(self.pid)
        return self._popen.wait()

    def log_tail(self, lines: int = 20) -> tuple[str, ...]:
        """Return the last lines that it wrote."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_384))
            text = file.read().decode("utf-8", "replace")
        return tuple(text.splitlines()[-lines:])


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path | None = None,
    pipe_stdin: bool = False,
) -> Child:
    """Start a server; its output goes to *log*. The caller stops it.

    With ``pipe_stdin`` the child can notice by end-of-file that drtest is gone.
    """
    source = subprocess.PIPE if pipe_stdin else subprocess.DEVNULL
    with log.open("wb") as sink:
        return Child(spawn(argv, env=env, sink=sink.fileno(), source=source, cwd=cwd), log)
