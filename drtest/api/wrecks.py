"""Where wrecks are kept, and which of them stay."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from drtest.api.options import cache_folder
from drtest.errors import EnvironmentFault
from drtest.runner.workspace import remove_tree
from drtest.runner.wreck import size_bytes


def root() -> Path:
    """Return where wrecks are kept: outside the reports, for their owner alone.

    EnvironmentFault where it can't be made.
    """
    folder = cache_folder() / "wrecks"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise EnvironmentFault(
            f"cannot keep wrecks in {folder}: {problem.strerror}; XDG_CACHE_HOME says where"
        ) from problem
    return folder


def settle(wreck: Path, *, as_expected: bool, keep_max_bytes: int) -> None:
    """Keep one scenario's wreck, or remove it where it ended as expected or is too large."""
    if as_expected or size_bytes(wreck) > keep_max_bytes:
        remove_tree(wreck)


@contextlib.contextmanager
def held(run: str) -> Iterator[None]:
    """Hold the folder for the wrecks of *run* while it runs; remove it afterwards if it is empty.

    The kernel lets go of the lock whatever becomes of the run (``is_held``).
    """
    folder = root() / run
    folder.mkdir(mode=0o700, exist_ok=True)
    with _opened(folder) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)  # runs of one second in two places share a name
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # there are wrecks in it
                folder.rmdir()


def is_held(folder: Path) -> bool:
    """Whether a run that still goes on keeps its wrecks in *folder*."""
    try:
        with _opened(folder) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass  # it ended just now, without a wreck
    return False


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)
