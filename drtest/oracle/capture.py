"""The disk as it is now, as a sorted stream of entries."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from drtest.errors import DrtestError
from drtest.model.tree import Entry
from drtest.oracle.ahead import LARGE, Ahead
from drtest.oracle.folder import UNKNOWN, single
from drtest.oracle.recall import StatCache

Flags = Callable[[Iterator[Entry]], Iterator[Entry]]
"""Marks ``selected`` and ``protected`` on a sorted stream and keeps its order."""


def capture(
    root: Path,
    *,
    cache: StatCache | None = None,
    flags: Flags | None = None,
    paranoid: bool = False,
    large: int = LARGE,
) -> Iterator[Entry]:
    """Yield *root* (as ``.``) and every path below it, in the order of ``Entry.sort_key``.

    Symlinks are not followed. Files that *cache* knows unchanged are not read again; *paranoid*
    reads every one. What cannot be read has ``error`` set and no digest; what cannot even be looked
    at has uid and gid -1. *flags* sees the stream before it leaves. Behind *large* paths a second
    process helps. A *root* that is no folder is one entry. A *root* that is not there is a
    DrtestError.
    """
    entries = _entries(root, cache=cache, paranoid=paranoid, large=large)
    return entries if flags is None else flags(entries)


def _entries(root: Path, *, cache: StatCache | None, paranoid: bool, large: int) -> Iterator[Entry]:
    """Go through the folders in the order of the bytes of whole paths: ``a``, ``a-b``, ``a/c``.

    So the content of a folder comes after those siblings that sort before ``name/``. The listings
    of the folders that are open, and of some that come next, are all that is held in memory.
    """
    top = os.fsencode(root)
    try:
        status = os.lstat(top)
    except OSError as error:
        raise DrtestError(f"{root} cannot be captured: {error.strerror}") from error
    groups: dict[tuple[int, int], str] = {}  # (device, inode) -> first path; linked files only
    if not stat.S_ISDIR(status.st_mode):
        yield _entry(".", tuple(single(".", top, status)), groups)
        return
    remembering = nullcontext() if cache is None else cache.renewed(recalls=not paranoid)
    with remembering as recall, Ahead(top, recall, large=large) as ahead:
        found = ahead.folder("")
        yield _entry(".", tuple(single(".", top, status)), groups, found.error)
        inside = {"": found.items}  # folders that were listed and not gone through yet
        going = [("", iter(inside.pop("")))]
        while going:
            prefix, items = going[-1]
            for item in items:
                if isinstance(item, str):
                    path = prefix + item
                    going.append((f"{path}/", iter(inside.pop(path))))
                    break
                path = prefix + item[0]
                unlisted = ""
                if item[1] == "dir" and item[3] != UNKNOWN:
                    found = ahead.folder(path)
                    unlisted, inside[path] = found.error, found.items
                yield _entry(path, item, groups, unlisted)
            else:
                going.pop()


def _entry(
    path: str, row: tuple[Any, ...], groups: dict[tuple[int, int], str], error: str = ""
) -> Entry:
    """Return the entry of a ``folder.Row``; *error* is one of listing it."""
    # Taken apart at once: a large capture spends a third of its time in this function.
    _, kind, mode, uid, gid, mtime_ns, size, digest, target, device, link, holes, xattrs, own = row
    return Entry(
        path=path,
        type=kind,
        mode=mode,
        uid=uid,
        gid=gid,
        mtime_ns=mtime_ns,
        size_bytes=size,
        digest=digest,
        target=target,
        device=device,
        link_group="" if link is None else groups.setdefault(link, path),
        has_holes=holes,
        xattrs=xattrs,
        error=error or own,
    )
