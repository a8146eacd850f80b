"""One path as it is now: the columns that an Entry is made of, in plain values."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from drtest.oracle import content
from drtest.oracle.content import errno_name

if TYPE_CHECKING:  # a worker starts in half the time without what a tree's model imports
    from drtest.model.tree import EntryType

_TYPES: dict[int, EntryType] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "block",
    stat.S_IFCHR: "char",
}
UNKNOWN = -1  # uid and gid of a path that lstat could not look at: nothing of it is compared


class Row(NamedTuple):
    """One path: the columns of an Entry, but for ``link`` in the place of ``link_group``.

    What is handed on is a bare tuple of them: made in half the time, and marshal takes no other.
    """

    path: str
    type: EntryType
    mode: int = 0
    uid: int = UNKNOWN
    gid: int = UNKNOWN
    mtime_ns: int = 0
    size_bytes: int = 0
    digest: str = ""
    target: str = ""
    device: tuple[int, int] | None = None
    link: tuple[int, int] | str = ""  # device and inode, where it has several names
    has_holes: bool = False
    xattrs: str = ""
    error: str = ""
    selected: bool = True
    protected: bool = True


TYPE, UID, LINK, ERROR = map(Row._fields.index, ("type", "uid", "link", "error"))


def single(path: str, full: bytes, status: os.stat_result) -> tuple[Any, ...]:
    """Return the row of a path that was looked at by itself, of any type."""
    if stat.S_ISREG(status.st_mode):
        return file_row(path, status, content.read(full)[1])
    kind = _TYPES[stat.S_IFMT(status.st_mode)]
    target, error = _target(full) if kind == "symlink" else ("", "")
    is_device = kind in ("block", "char")
    row = Row(
        path=path,
        type=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        mtime_ns=status.st_mtime_ns,
        target=target,
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else None,
        link=(status.st_dev, status.st_ino) if kind != "dir" and status.st_nlink > 1 else "",
        xattrs=content.read_xattrs(full),
        error=error,
    )
    return tuple(row)


def file_row(path: str, status: os.stat_result, held: content.Content) -> tuple[Any, ...]:
    """Return the row of a regular file that was read."""
    digest, has_holes, xattrs, error = held
    return (
        path,
        "file",
        status.st_mode & 0o7777,
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        status.st_size,
        digest,
        "",
        None,
        (status.st_dev, status.st_ino) if status.st_nlink > 1 else "",
        has_holes,
        xattrs,
        error,
        True,
        True,
    )


def _target(full: bytes) -> tuple[str, str]:
    try:
        text = os.readlink(full)  # noqa: PTH115  (bytes: no locale has a say in it)
        return text.decode("utf-8", "surrogateescape"), ""
    except OSError as error:
        return "", errno_name(error)


def listed_type(entry: os.DirEntry[bytes]) -> EntryType:
    """Return what the folder itself says of an entry that ``lstat`` may not look at."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return "dir"
        return "symlink" if entry.is_symlink() else "file"
    except OSError:
        return "file"
