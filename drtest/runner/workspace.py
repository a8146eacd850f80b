"""Where a run works: one folder for its owner alone, swept by the next start if it was left behind.

The folder holds a lock for as long as its process lives; the kernel lets go of it even after a
SIGKILL. A folder whose lock nobody holds is what a dead run left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from drtest.errors import EnvironmentFault
from drtest.keys.keyring import stop_agent

PREFIX = "drtest-"
LOCK = "lock"
HOMES = "g"  # GNUPGHOMEs, side by side and with short names: their sockets' paths are limited


class Workspace:
    """A run's working folder; a context manager that leaves nothing behind."""

    def __init__(self, parent: Path) -> None:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            self.root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        except OSError as problem:
            raise EnvironmentFault(f"cannot work in {parent}: {problem.strerror}") from problem
        self._lock = (self.root / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.root / HOMES).mkdir(mode=0o700)
        self._homes = 0
        self._guard = threading.Lock()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def new_home(self) -> Path:
        """Return a short path for one more GNUPGHOME; nothing is made."""
        with self._guard:
            self._homes += 1
            return self.root / HOMES / str(self._homes)

    def outer_folder(self, name: str) -> Path:
        """Make and return a folder that another user can reach, who cannot list what lies beside.

        All else in the workspace is for its owner alone.
        """
        self.root.chmod(0o711)  # who knows a name in it gets no further
        path = self.root / name
        path.mkdir(mode=0o700)
        return path

    def folder(self, name: str) -> Path:
        """Make and return a folder of the workspace."""
        path = self.root / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def close(self) -> None:
        """Stop every agent, remove the folder, let go of the lock. Idempotent."""
        if self._lock.closed:
            return
        clear(self.root)
        self._lock.close()


def sweep(parent: Path) -> tuple[Path, ...]:
    """Remove what dead runs of this user left below *parent*; return what was removed."""
    removed: list[Path] = []
    for folder in sorted(parent.glob(f"{PREFIX}*")):
        lock = folder / LOCK
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with lock.open("r+") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                clear(folder)
        except OSError:  # held by a living run, or no workspace at all
            continue
        removed.append(folder)
    return tuple(removed)


def clear(root: Path) -> None:
    """Stop the agents of every GNUPGHOME below *root* and remove it."""
    for home in sorted((root / HOMES).glob("*")):
        stop_agent(home)
    remove_tree(root)


def remove_tree(root: Path) -> None:
    """Remove a tree whatever the modes of its folders are; one that is absent is fine.

    Of a link only the link goes.
    """

    def retry(function: Callable[..., Any], path: str, problem: BaseException) -> None:
        if isinstance(problem, FileNotFoundError):
            return
        if not isinstance(problem, PermissionError):
            raise problem
        for folder in (Path(path).parent, Path(path)):
            if not folder.is_symlink() and folder.is_dir():
                folder.chmod(stat.S_IRWXU)
        if Path(path).is_dir() and not Path(path).is_symlink():
            remove_tree(Path(path))
        else:
            function(path)

    if root.is_symlink():
        root.unlink()
        return
    if not root.exists():
        return
    _rmtree(root, retry)


def _rmtree(root: Path, retry: Callable[[Callable[..., Any], str, BaseException], None]) -> None:
    # ``onexc`` came with 3.12; ``onerror`` gives the same in the shape of sys.exc_info().
    shutil.rmtree(root, onerror=lambda function, path, info: retry(function, path, info[1]))
