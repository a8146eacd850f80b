"""The source tree on disk: walking it, and writing to it without ever leaving it.

Paths here are text relative to the tree's root, without a leading slash; the root is "".
"""

# Text paths and os throughout: a tree may hold a million files.
# ruff: noqa: PTH101, PTH115, PTH118

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from drtest.errors import EnvironmentFault, OutOfSpace

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def relative(path: str) -> str:
    """Return the user's absolute *path* relative to the root: ``/srv//www/`` is ``srv/www``."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def parent(path: str) -> str:
    """Return the folder that *path* lies in; the root lies in itself."""
    return path.rpartition("/")[0]


def below(folder: str, name: str) -> str:
    """Return the path of *name* in *folder*."""
    return f"{folder}/{name}" if folder else name


def is_below(path: str, folder: str) -> bool:
    """Whether *path* lies somewhere below *folder* (and is not the folder itself)."""
    return path.startswith(f"{folder}/") if folder else path != ""


def whole_seconds(at: datetime) -> int:
    """Return *at* as whole Unix seconds; a naive instant is a ValueError."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a timezone")
    return int(at.timestamp())


@contextmanager
def faults(path: str) -> Iterator[None]:
    """Turn an OSError into an EnvironmentFault that names *path* or the path that failed."""
    try:
        yield
    except OSError as error:
        named = error.filename if isinstance(error.filename, str) else path
        fault = OutOfSpace if error.errno in _FULL else EnvironmentFault
        raise fault(f"{named}: {error.strerror or error}") from error


def require_copyable(of: str) -> os.stat_result:
    """Return the stat of a CopyOf's ``of``; absent or a symbolic link is an EnvironmentFault."""
    try:
        seen = os.lstat(of)
    except OSError as error:
        raise EnvironmentFault(f"copy-of: {of} cannot be read: {error.strerror}") from error
    if stat.S_ISLNK(seen.st_mode):
        # Not followed, it would be one link and no content: a backup of nothing.
        raise EnvironmentFault(
            f"copy-of: {of} is a symbolic link to {os.readlink(of)}; name the folder itself"
        )
    return seen


@dataclass(slots=True, kw_only=True)
class Listing:
    """What lies in a tree: regular files, folders (the root among them) and all else."""

    files: list[str]
    folders: list[str]
    others: list[str]

    def sort(self) -> None:
        """Bring each list into the order of its text, the same on any machine."""
        for paths in (self.files, self.folders, self.others):
            paths.sort()


def walk(root: str) -> Listing:
    """List the tree at *root*, sorted. Symbolic links are not followed."""
    found = Listing(files=[], folders=[""], others=[])
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                path = below(folder, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    found.folders.append(path)
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    found.files.append(path)
                else:
                    found.others.append(path)
    found.sort()
    return found


def create(full: str, parts: Iterable[bytes], *, mode: int, mtime_s: int) -> None:
    """Write a new file at *full*, an absolute path. One that is there is a FileExistsError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(full, flags, 0o600)
    try:
        for part in parts:
            write(fd, part)
        os.fchmod(fd, mode)  # not open's mode, which the umask cuts
        os.utime(fd, (mtime_s, mtime_s))
    finally:
        os.close(fd)


def write(fd: int, data: bytes) -> None:
    """Write all of *data* at the descriptor's position."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


@contextmanager
def opened(full: str) -> Iterator[int]:
    """Open the file at *full* to read and write; its mode is the same afterwards.

    A user who is not root may own files that they may not write, and a write takes setuid away.
    """
    mode = stat.S_IMODE(os.lstat(full).st_mode)
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(full, flags)
    except PermissionError:
        os.chmod(full, mode | 0o600)
        fd = os.open(full, flags)
    try:
        yield fd
    finally:
        if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
            os.fchmod(fd, mode)
        os.close(fd)


@contextmanager
def unlocked(full: str) -> Iterator[None]:
    """Make the folder at *full* writable for its owner as long as the block runs."""
    if os.access(full, os.W_OK | os.X_OK, effective_ids=True):
        yield
        return
    mode = stat.S_IMODE(os.lstat(full).st_mode)
    os.chmod(full, mode | 0o700)
    try:
        yield
    finally:
        os.chmod(full, mode)
