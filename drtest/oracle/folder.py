"""One folder as it is now: what it lists, each path's ``lstat`` and what it holds.

All of it in plain values, so that another process can find it (``worker``) and send it.
"""

from __future__ import annotations

import errno
import marshal
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from drtest.oracle import content
from drtest.oracle.content import errno_name

if TYPE_CHECKING:  # a worker starts in half the time without what an Entry is made with
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
_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR})
UNKNOWN = -1  # uid and gid of a path that lstat could not look at: nothing of it is compared


class Row(NamedTuple):
    """One path of a folder; but for ``name`` and ``link``, the fields of an Entry."""

    name: str
    type: EntryType
    mode: int = 0
    uid: int = UNKNOWN
    gid: int = UNKNOWN
    mtime_ns: int = 0
    size_bytes: int = 0
    digest: str = ""
    target: str = ""
    device: tuple[int, int] | None = None
    link: tuple[int, int] | None = None  # device and inode, where it has several names
    has_holes: bool = False
    xattrs: str = ""
    error: str = ""


class Found(NamedTuple):
    """A folder's content in the order in which a tree has it.

    ``items`` are the fields of a Row, or the name of a subfolder where its own content belongs:
    after those siblings that sort before ``name/``. ``error`` is an errno name where the folder
    cannot be listed. ``memory`` is what ``look`` wants to be given at the next capture.
    """

    error: str
    items: list[tuple[Any, ...] | str]
    memory: bytes


class Known(NamedTuple):
    """What is remembered of a folder's files, and from when on a change could be missed."""

    memory: bytes  # of the last capture; b"" where there is none
    too_new_ns: int  # a file whose ctime is this or later is not remembered


def look(full: bytes, known: Known | None = None) -> Found:
    """Return what lies in the folder *full*; files that are *known* unchanged are not read.

    A path that vanishes between listing and ``lstat`` is not in it.
    """
    try:
        with os.scandir(full) as listing:
            entries = list(listing)
    except OSError as error:
        return Found(errno_name(error), [], b"")
    old: dict[str, tuple[Any, ...]] = {}
    if known is not None and known.memory:
        old = {row[0]: row for row in marshal.loads(known.memory)}  # noqa: S302  (our own bytes)
    keyed: list[tuple[bytes, tuple[Any, ...] | str]] = []
    held: tuple[Any, ...]
    kept: list[tuple[Any, ...]] = []
    same = 0
    for entry in entries:
        raw = entry.name
        name = raw.decode("utf-8", "surrogateescape")
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            if error.errno not in _VANISHED:
                row = Row(name, _listed_type(entry), error=errno_name(error))
                keyed.append((raw, tuple(row)))
            continue
        if stat.S_ISREG(status.st_mode):
            was = old.get(name)
            if was is not None and was[1:6] == _identity(status):
                held = was[6:]
                kept.append(was)
                same += 1
            else:
                held = content.read(entry.path, status)
                if known is not None and not held[3] and status.st_ctime_ns < known.too_new_ns:
                    kept.append((name, *_identity(status), *held))
            keyed.append((raw, _file(name, status, held)))
            continue
        row = other(name, entry.path, status)
        keyed.append((raw, tuple(row)))
        if row.type == "dir":
            keyed.append((raw + b"/", name))
    keyed.sort()  # no two names are equal, so what stands behind them is never compared
    items = [item for _, item in keyed]
    if known is None or not kept:
        return Found("", items, b"")
    is_same = same == len(kept) == len(old)
    return Found("", items, known.memory if is_same else marshal.dumps(kept))


def other(name: str, full: bytes, status: os.stat_result) -> Row:
    """Return the row of what is no regular file."""
    kind = _TYPES[stat.S_IFMT(status.st_mode)]
    target, error = _target(full) if kind == "symlink" else ("", "")
    is_device = kind in ("block", "char")
    return Row(
        name=name,
        type=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        mtime_ns=status.st_mtime_ns,
        target=target,
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else None,
        link=(status.st_dev, status.st_ino) if kind != "dir" and status.st_nlink > 1 else None,
        xattrs=content.read_xattrs(full),
        error=error,
    )


def single(name: str, full: bytes, status: os.stat_result) -> Row:
    """Return the row of a path that no folder was asked for, of any type."""
    if stat.S_ISREG(status.st_mode):
        return Row(*_file(name, status, content.read(full, status)))
    return other(name, full, status)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _file(name: str, status: os.stat_result, held: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the fields of a Row, in its order; a bare tuple is made in half the time."""
    digest, has_holes, xattrs, error = held
    return (
        name,
        "file",
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        status.st_size,
        digest,
        "",
        None,
        (status.st_dev, status.st_ino) if status.st_nlink > 1 else None,
        has_holes,
        xattrs,
        error,
    )


def _target(full: bytes) -> tuple[str, str]:
    try:
        text = os.readlink(full)  # noqa: PTH115  (bytes: no locale has a say in it)
        return text.decode("utf-8", "surrogateescape"), ""
    except OSError as error:
        return "", errno_name(error)


def _listed_type(entry: os.DirEntry[bytes]) -> EntryType:
    """Return what the folder itself says of an entry that ``lstat`` may not look at."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return "dir"
        return "symlink" if entry.is_symlink() else "file"
    except OSError:
        return "file"


def place(top: bytes, path: str) -> bytes:
    """Return the name to open *path* by, which is relative to *top* ("" for it)."""
    if not path:
        return top
    return os.path.join(top, path.encode("utf-8", "surrogateescape"))  # noqa: PTH118  (bytes)
