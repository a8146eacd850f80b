"""A duplicity that is imported once and forks for each command: ``--preload``.

The imports, botocore's models and the interpreter's own start are most of a short command's time
(facts 2.j). ``Preload.run`` keeps the contract of ``process.run``. A verdict rests on plain
execution all the same: reports name what was preloaded. The program that is started here,
``preload_parent.py``, holds the protocol and what a fork must set anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from drtest import process
from drtest.clock import monotonic_s
from drtest.duplicity.versions import Duplicity
from drtest.errors import EnvironmentFault, UsageError

PARENT = Path(__file__).with_name("preload_parent.py")
READY_TIMEOUT_S = 60.0
LONGEST_SOCKET = 107  # bytes of a Unix socket's path (unix(7)), without the closing zero


class Preload:
    """One duplicity, imported and waiting; a context manager. ``run`` may be called by threads.

    It is started when it is made and waited for when it is entered: its imports take a second, in
    which other things can be begun.
    """

    def __init__(self, duplicity: Duplicity, folder: Path) -> None:
        """Start it in *folder*, which is its own; UsageError where that cannot be."""
        path = folder / "s"
        if len(os.fsencode(path)) > LONGEST_SOCKET:
            raise UsageError(f"--preload: {path} is too long for a socket: choose a shorter --work")
        self._program = duplicity.program
        self._lock = threading.Lock()
        home = folder / "home"
        home.mkdir(mode=0o700)
        self._control = socket.socket(socket.AF_UNIX)  # first listens, then is the connection
        try:
            self._control.bind(str(path))
            self._control.listen(1)
            self._child = process.start(
                [*interpreter(duplicity), str(PARENT), str(duplicity.program), str(path)],
                env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": str(home)},
                log=folder / "log",
            )
        except BaseException:
            self._control.close()
            raise

    def __enter__(self) -> Preload:
        """Wait until it is ready; UsageError where it cannot be preloaded."""
        try:
            with self._control as listener:
                self._control = self._accept(listener)
            self._await_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id of the one that forks."""
        return self._child.pid

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        timeout_s: float,
        kill_when: int | None = None,
    ) -> process.Completed:
        """Run one command of this duplicity as ``process.run`` would.

        EnvironmentFault where the preloaded process is gone.
        """
        started = monotonic_s()
        log.open("wb").close()
        mine, theirs = socket.socketpair()
        kill = partial(_end_writing, mine)
        with mine, process.stoppable(kill, name=Path(argv[0]).name):
            request = {
                "argv": list(argv),
                "env": dict(env),
                "cwd": str(Path.cwd()),
                "log": str(log.absolute()),
            }
            with contextlib.suppress(BrokenPipeError, ConnectionResetError), theirs:
                with self._lock:
                    socket.send_fds(self._control, [b"\0"], [theirs.fileno()])
                theirs.close()
                mine.sendall(json.dumps(request).encode() + b"\n")
            said, timed_out = _answers(
                mine, kill=kill, deadline_s=started + timeout_s, kill_when=kill_when
            )
        if len(said) < 2:
            raise EnvironmentFault(
                f"the preloaded duplicity died: {' '.join(self._child.log_tail(3))}"
            )
        end = said[1]
        return process.Completed(
            argv=tuple(argv),
            status=os.waitstatus_to_exitcode(end["wait_status"]),
            elapsed_s=monotonic_s() - started,
            user_s=end["user_s"],
            system_s=end["system_s"],
            max_rss_bytes=end["max_rss_kib"] * 1024,
            timed_out=timed_out,
            log=log,
        )

    def close(self) -> None:
        """End it and whatever it still runs. Idempotent."""
        self._control.close()
        self._child.stop()

    def _accept(self, listener: socket.socket) -> socket.socket:
        """Wait for the child to connect; its end before that is a UsageError."""
        handle = os.pidfd_open(self._child.pid)
        try:
            poll = select.poll()
            poll.register(listener, select.POLLIN)
            poll.register(handle, select.POLLIN)
            ready = dict(poll.poll(READY_TIMEOUT_S * 1000))
        finally:
            os.close(handle)
        if listener.fileno() not in ready:
            raise self._refusal("; ".join(self._child.log_tail(3)) or "it did not start")
        return listener.accept()[0]

    def _await_ready(self) -> None:
        said, _ = _answers(
            self._control,
            kill=partial(process.kill_group, self._child.pid),
            deadline_s=monotonic_s() + READY_TIMEOUT_S,
            want=1,
        )
        if not said or "ready" not in said[0]:
            why = said[0]["failed"] if said else "; ".join(self._child.log_tail(3))
            raise self._refusal(why)

    def _refusal(self, why: str) -> UsageError:
        return UsageError(f"--preload: {self._program} cannot be imported and forked ({why})")


def interpreter(duplicity: Duplicity) -> list[str]:
    """Return the Python, with its options, that runs *duplicity*'s entry script.

    UsageError where that script is none of Python.
    """
    beside = duplicity.program.with_name("python")
    if duplicity.boto3 and beside.exists():  # one that drtest provisioned
        return [str(beside)]
    with duplicity.program.open("rb") as file:
        first = os.fsdecode(file.readline(4096)).rstrip("\n")
    # execve(2) hands over all that stands behind the interpreter as one argument.
    path, _, option = first.removeprefix("#!").strip().partition(" ")
    words = [path, *([option.strip()] if option.strip() else [])]
    if Path(path).name == "env":
        words = shlex.split(option.removeprefix("-S"))
        found = process.find(words[0], process.SYSTEM_PATH) if words else None
        words = [str(found), *words[1:]] if found else []
    if not first.startswith("#!") or not words or not Path(words[0]).name.startswith("python"):
        raise UsageError(
            f"--preload: {duplicity.program} is not a Python script: leave --preload out"
        )
    return words


def _answers(
    line: socket.socket,
    *,
    kill: Callable[[], None],
    deadline_s: float,
    kill_when: int | None = None,
    want: int = 2,
) -> tuple[list[dict[str, Any]], bool]:
    """Read *want* messages, fewer where the other end is gone, and whether the deadline came.

    *kill* is called at the deadline, or once *kill_when* can be read, and makes the rest come.
    """
    data = bytearray()
    timed_out = is_killed = False
    poll = select.poll()
    poll.register(line, select.POLLIN)
    if kill_when is not None:
        poll.register(kill_when, select.POLLIN)
    while data.count(b"\n") < want:
        left_ms = None if is_killed else max(0.0, deadline_s - monotonic_s()) * 1000
        ready = dict(poll.poll(left_ms))
        if line.fileno() in ready:
            try:
                piece = line.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            data += piece
            continue
        timed_out = not ready
        is_killed = True
        kill()
        if kill_when in ready:
            poll.unregister(kill_when)
    whole = bytes(data).rpartition(b"\n")[0]
    return [json.loads(one) for one in whole.splitlines()], timed_out


def _end_writing(line: socket.socket) -> None:
    """Tell the other end that its command shall be killed; harmless at any time."""
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_WR)
