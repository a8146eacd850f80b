"""Runs one command to its end, and knows all that run, so that they can be stopped."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Protocol

from drtest.clock import monotonic_s
from drtest.errors import Interrupted, ToolMissing
from drtest.process.pipes import Tail, given

CLEAN_LOCALE: Mapping[str, str] = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that came to its end; ``status`` is negative where a signal ended it."""

    argv: tuple[str, ...]
    status: int
    elapsed_s: float
    user_s: float  # with the children that it waited for
    system_s: float
    max_rss_bytes: int
    timed_out: bool
    log: Path


class Runner(Protocol):
    """Runs one command to its end, as ``run`` does; what is given to whoever calls duplicity."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        timeout_s: float,
        kill_when: int | None = None,
    ) -> Completed:
        """Return how it went; the contract is that of ``run``."""


class _Live:
    """Something that runs, what ends it, and whether ``stop_all`` did."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self.kill = kill
        self.interrupted = False


_live: set[_Live] = set()
# Reentrant: a signal handler calls stop_all in the main thread, which may hold it just then.
_lock = threading.RLock()


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    timeout_s: float,
    cwd: Path | None = None,
    stdin: bytes = b"",
    kill_when: int | None = None,
    tail_bytes: int | None = None,
) -> Completed:
    """Run one command to its end and return how it went.

    stdout and stderr go to *log* (made anew); with *tail_bytes* only so many of the last bytes,
    so that a command that never stops talking fills neither a pipe nor the disk. One that takes
    longer than *timeout_s* is killed with its group and comes back with ``timed_out`` and a
    negative status. Once the descriptor *kill_when* can be read it is killed likewise, without
    ``timed_out``.

    Raises ToolMissing where the program is not there, Interrupted where ``stop_all`` ended it.
    """
    started = monotonic_s()
    tail = None if tail_bytes is None else Tail(tail_bytes)
    # Started under the lock, so that stop_all misses no child that is just being born.
    try:
        with log.open("wb") as file, given(stdin) as source, _lock:
            sink = file.fileno() if tail is None else tail.writer
            popen = spawn(argv, env=env, sink=sink, source=source, cwd=cwd)
            child = _Live(partial(kill_group, popen.pid))
            _live.add(child)
    except BaseException:
        if tail is not None:
            tail.close()
        raise
    timed_out = False
    try:
        timed_out = not ends_within(popen.pid, timeout_s, or_readable=kill_when, tail=tail)
    finally:
        # Also on the ordinary way: what the command left behind in its group must not outlive it.
        kill_group(popen.pid)
        # Not reaped before it is out of stop_all's sight: its id may be given to another by then.
        with _lock:
            _live.discard(child)
        _, wait_status, usage = os.wait4(popen.pid, 0)
        popen.returncode = os.waitstatus_to_exitcode(wait_status)
        if tail is not None:
            log.write_bytes(tail.close())
    if child.interrupted:
        raise Interrupted(f"{Path(argv[0]).name} was stopped")
    return Completed(
        argv=tuple(argv),
        status=popen.returncode,
        elapsed_s=monotonic_s() - started,
        user_s=usage.ru_utime,
        system_s=usage.ru_stime,
        max_rss_bytes=usage.ru_maxrss * 1024,
        timed_out=timed_out,
        log=log,
    )


def stop_all() -> None:
    """Kill every command that ``run`` is waiting for; each ``run`` then raises Interrupted."""
    with _lock:
        for child in tuple(_live):
            child.interrupted = True
            child.kill()


@contextlib.contextmanager
def stoppable(kill: Callable[[], None], *, name: str) -> Iterator[None]:
    """Let ``stop_all`` call *kill* while the block runs; the block then ends as Interrupted.

    For what runs a command without ``run``. *kill* may come at any moment of the block, from
    another thread or a signal handler, and must not raise.
    """
    live = _Live(kill)
    with _lock:
        _live.add(live)
    try:
        yield
    finally:
        with _lock:
            _live.discard(live)
        if live.interrupted:
            raise Interrupted(f"{name} was stopped")


def kill_group(pid: int) -> None:
    """Kill the process group that *pid* leads; one that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def find(program: str, path: str = "") -> Path | None:
    """Return where *program* lies on *path* (default: drtest's own PATH), None where it is not."""
    found = shutil.which(program, path=path or None)
    return Path(found) if found else None


@cache
def _prefix() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def spawn(
    argv: Sequence[str], *, env: Mapping[str, str], sink: int, source: int, cwd: Path | None
) -> subprocess.Popen[bytes]:
    """Start *argv* in a group of its own; ToolMissing where the program is not there."""
    program = argv[0] if "/" in argv[0] else shutil.which(argv[0], path=env.get("PATH"))
    if program is None or not os.access(program, os.X_OK):
        raise ToolMissing(f"{argv[0]} is not there or cannot be executed")
    return subprocess.Popen(
        [*_prefix(), program, *argv[1:]],
        env=dict(env),
        stdin=source,
        stdout=sink,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=cwd,
    )


def ends_within(
    pid: int, timeout_s: float, *, or_readable: int | None = None, tail: Tail | None = None
) -> bool:
    """Wait for the end of *pid* without reaping it: its group id stays its own until then."""
    handle = os.pidfd_open(pid)
    until_s = monotonic_s() + timeout_s
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if or_readable is not None:
            poll.register(or_readable, select.POLLIN)
        if tail is not None:
            poll.register(tail.reader, select.POLLIN)
        while ready := poll.poll(max(0.0, until_s - monotonic_s()) * 1000):
            if tail is None or any(one != tail.reader for one, _ in ready):
                return True
            tail.take()
            if monotonic_s() >= until_s:  # poll finds a pipe full again at once
                return False
        return False
    finally:
        os.close(handle)
