"""The second process of a capture, seen from the first."""

from __future__ import annotations

import contextlib
import os
import select
import socket
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


class Second:
    """A worker that looks at folders; answers come in the order of the questions.

    It has two tasks at most: one is worked on, one waits. Their paths fit into the socket's buffer,
    so that neither side ever waits for the other to read.
    """

    def __init__(self, top: bytes, recall: Recall | None) -> None:
        """Start it for the tree at *top*; OSError or EnvironmentFault where that cannot be."""
        self._hello = (
            top,
            None if recall is None else (os.fsencode(recall.old.file or ""), recall.too_new_ns),
        )
        self._line: socket.socket | None = None
        self._asked: deque[str] = deque()
        self._folder = tempfile.TemporaryDirectory(prefix="dt-")
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(f"{self._folder.name}/s")  # OSError also where that is too long
            self._listener.listen(1)
            self._child = process.start(
                [sys.executable, "-m", "drtest.oracle.worker", f"{self._folder.name}/s"],
                env={
                    **process.CLEAN_LOCALE,
                    "PATH": process.SYSTEM_PATH,
                    "PYTHONPATH": str(Path(drtest.__file__).parents[1]),
                },
                log=Path(self._folder.name) / "log",
            )
        except BaseException:
            self._listener.close()
            self._folder.cleanup()
            raise

    @classmethod
    def start(cls, top: bytes, recall: Recall | None) -> Second | None:
        """Start it, None where that is not possible: then there is only the first."""
        try:
            return cls(top, recall)
        except (OSError, EnvironmentFault):
            return None

    def has_time(self) -> bool:
        """Whether it could be given a task; never while it is still starting."""
        if self._line is None and _is_readable(self._listener, wait=False):
            self._line, _ = self._listener.accept()
            with contextlib.suppress(ConnectionError):
                wire.put(self._line, self._hello)
        return self._line is not None and len(self._asked) <= BATCH

    def send(self, folders: list[str]) -> None:
        """Ask for *folders*, BATCH at most; that it is gone is told by ``receive``."""
        assert self._line is not None
        self._asked.extend(folders)
        with contextlib.suppress(ConnectionError):
            wire.put(self._line, folders)

    def has_answer(self, *, wait: bool) -> bool:
        """Whether ``receive`` would return at once; with *wait*, after having waited for that."""
        return self._line is not None and bool(self._asked) and _is_readable(self._line, wait=wait)

    def receive(self) -> tuple[str, Found] | None:
        """Return the next folder with what lies in it; None where the process is gone."""
        assert self._line is not None
        answer = wire.get(self._line)
        return None if answer is None else (self._asked.popleft(), Found(*answer))

    def close(self) -> None:
        """End it. Idempotent."""
        if self._line is not None:
            self._line.close()
        self._listener.close()
        self._child.stop()
        self._folder.cleanup()


def _is_readable(line: socket.socket, *, wait: bool) -> bool:
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(None if wait else 0))
