"""Every path below a root, in the order of ``Entry.sort_key``, each with its ``lstat``."""

from __future__ import annotations

import errno
import heapq
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from drtest.errors import DrtestError
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


class Seen(NamedTuple):
    """One path as it was met: relative name, name to open it by, and what ``lstat`` said."""

    path: str
    full: bytes
    type: EntryType
    status: os.stat_result | None  # None: lstat failed, and ``error`` says how
    error: str = ""  # errno name of a failed lstat or of a folder that cannot be listed


def walk(root: Path) -> Iterator[Seen]:
    """Yield *root* as ``.`` and all that lies below it; symlinks are not followed.

    The order is by the bytes of the whole path: ``a``, ``a-b``, ``a/c``. So the content of a folder
    comes after those siblings that sort before ``name/``, and each folder is a heap in which the
    folder's content is one more item. Open folders' listings are all that is held in memory.
    A path that vanishes between listing and ``lstat`` is not in the tree.
    """
    top = os.fsencode(root)
    try:
        status = os.lstat(top)
    except OSError as error:
        raise DrtestError(f"{root} cannot be captured: {error.strerror}") from error
    kind = _TYPES[stat.S_IFMT(status.st_mode)]
    if kind != "dir":
        yield Seen(".", top, kind, status)
        return
    listing, failure = _list(top)
    yield Seen(".", top, kind, status, failure)
    folders = [("", listing)]
    while folders:
        prefix, heap = folders[-1]
        if not heap:
            folders.pop()
            continue
        name, item = heapq.heappop(heap)
        if isinstance(item, list):
            folders.append((prefix + name.decode("utf-8", "surrogateescape"), item))
            continue
        path = prefix + name.decode("utf-8", "surrogateescape")
        try:
            status = item.stat(follow_symlinks=False)
        except OSError as error:
            if error.errno not in _VANISHED:
                yield Seen(path, item.path, _listed_type(item), None, errno_name(error))
            continue
        kind = _TYPES[stat.S_IFMT(status.st_mode)]
        if kind != "dir":
            yield Seen(path, item.path, kind, status)
            continue
        listing, failure = _list(item.path)
        yield Seen(path, item.path, kind, status, failure)
        if listing:
            heapq.heappush(heap, (name + b"/", listing))


def errno_name(error: OSError) -> str:
    """Return ``EACCES`` and the like; the number where it has no name."""
    number = error.errno or 0
    return errno.errorcode.get(number, str(number))


# A folder's heap: (name, its listing entry), or (name + b"/", the heap of that subfolder).
# No two keys are equal, since no name holds a slash; so the second parts are never compared.
_Heap = list[tuple[bytes, "os.DirEntry[bytes] | _Heap"]]


def _list(folder: bytes) -> tuple[_Heap, str]:
    heap: _Heap = []
    try:
        with os.scandir(folder) as listing:
            heap.extend((entry.name, entry) for entry in listing)
    except OSError as error:
        return [], errno_name(error)
    heapq.heapify(heap)
    return heap, ""


def _listed_type(entry: os.DirEntry[bytes]) -> EntryType:
    """Return what the folder itself says of an entry that ``lstat`` may not look at."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return "dir"
        return "symlink" if entry.is_symlink() else "file"
    except OSError:
        return "file"
