"""The second process of a capture, seen from the first."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import sys
import tempfile
from collections import deque
from pathlib import Path

import drtest
from drtest import process
from drtest.errors import EnvironmentFault
from drtest.oracle import wire
from drtest.oracle.folder import Found
from drtest.oracle.recall import Recall

BATCH = 16  # folders a task
_HERE = Path(drtest.__file__).parents[1]
# Neither -m nor site: they would double the time until it is ready.
_START = "import sys; from drtest.oracle.worker import main; main(sys.argv[1])"
_ANSWERS_BYTES = 1 << 20  # the most that any user may ask for; the worker seldom has to wait
_QUESTIONS_BYTES = 1 << 18  # two tasks of the longest paths, twice


class Second:
    """A worker that looks at folders; answers come in the order of the questions.

    It has two tasks at most: one is worked on, one waits. Their paths fit into the pipe, so that
    this side never waits for the other to read.
    """

    def __init__(self, top: bytes, recall: Recall | None) -> None:
        """Start it for the tree at *top*; OSError or EnvironmentFault where that cannot be."""
        cache = None if recall is None else (os.fsencode(recall.old.file), recall.too_new_ns)
        self._hello = (top, cache)
        self._is_ready = False
        self._asked: deque[str] = deque()
        with contextlib.ExitStack() as undo:
            folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="drtest-")))
            os.mkfifo(folder / "answers", 0o600)
            self._answers = os.open(folder / "answers", os.O_RDONLY | os.O_NONBLOCK)
            undo.callback(os.close, self._answers)
            with contextlib.suppress(OSError):  # this user's pipes may have their limit
                fcntl.fcntl(self._answers, fcntl.F_SETPIPE_SZ, _ANSWERS_BYTES)
            os.set_blocking(self._answers, True)
            self._child = process.start(
                [sys.executable, "-S", "-P", "-c", _START, str(folder / "answers")],
                env={
                    **process.CLEAN_LOCALE,
                    "PATH": process.SYSTEM_PATH,
                    "PYTHONPATH": os.pathsep.join([str(_HERE), *filter(None, sys.path)]),
                },
                log=folder / "log",
                pipe_stdin=True,
            )
            undo.callback(self._child.stop)
            assert self._child.stdin_fd is not None
            self._questions = self._child.stdin_fd
            fcntl.fcntl(self._questions, fcntl.F_SETPIPE_SZ, _QUESTIONS_BYTES)
            self._poll = select.poll()
            self._poll.register(self._answers, select.POLLIN)
            self._undo = undo.pop_all()

    @classmethod
    def start(cls, top: bytes, recall: Recall | None) -> Second | None:
        """Start it, None where that is not possible: then there is only the first."""
        try:
            return cls(top, recall)
        except (OSError, EnvironmentFault):
            return None

    def has_time(self) -> bool:
        """Whether it could be given a task; never while it is still starting."""
        if not self._is_ready and self.has_answer(wait=False):
            self._is_ready = wire.get(self._answers) == wire.READY
            if self._is_ready:
                self._put(self._hello)
        return self._is_ready and len(self._asked) <= BATCH

    def send(self, folders: list[str]) -> None:
        """Ask for *folders*, BATCH at most; that it is gone is told by ``receive``."""
        self._asked.extend(folders)
        self._put(folders)

    def has_answer(self, *, wait: bool) -> bool:
        """Whether ``receive`` would return at once; with *wait*, after having waited for that."""
        return bool(self._poll.poll(None if wait else 0))

    def receive(self) -> tuple[str, Found] | None:
        """Return the next folder with what lies in it; None where the process is gone."""
        answer = wire.get(self._answers)
        return None if answer is None else (self._asked.popleft(), Found(*answer))

    def close(self) -> None:
        """End it. Idempotent."""
        self._undo.close()

    def _put(self, value: object) -> None:
        """Send *value*; that nobody reads it shows when an answer is waited for."""
        with contextlib.suppress(BrokenPipeError):
            wire.put(self._questions, value)
