"""The disk as it is now, as a sorted stream of entries."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

from drtest.model.tree import Entry
from drtest.oracle import content
from drtest.oracle.content import Content
from drtest.oracle.recall import Recall, StatCache
from drtest.oracle.walk import Seen, errno_name, walk

Flags = Callable[[Iterator[Entry]], Iterator[Entry]]
"""Marks ``selected`` and ``protected`` on a sorted stream and keeps its order."""

UNKNOWN = -1  # uid and gid of a path that lstat could not look at: nothing of it is compared


def capture(
    root: Path,
    *,
    cache: StatCache | None = None,
    flags: Flags | None = None,
    paranoid: bool = False,
) -> Iterator[Entry]:
    """Yield *root* (as ``.``) and every path below it, in the order of ``Entry.sort_key``.

    Files that *cache* knows unchanged are not read again; *paranoid* reads every one. What cannot
    be read has ``error`` set and no digest; what cannot even be looked at has uid and gid -1.
    *flags* sees the stream before it leaves. A *root* that is no folder is one entry. A *root* that
    is not there is a DrtestError.
    """
    entries = _entries(root, cache=cache, paranoid=paranoid)
    return entries if flags is None else flags(entries)


def _entries(root: Path, *, cache: StatCache | None, paranoid: bool) -> Iterator[Entry]:
    groups: dict[tuple[int, int], str] = {}  # (device, inode) -> first path; linked files only
    with nullcontext() if cache is None else cache.renewed() as recall:
        for seen in walk(root):
            if seen.status is None:
                yield Entry(
                    path=seen.path,
                    type=seen.type,
                    mode=0,
                    uid=UNKNOWN,
                    gid=UNKNOWN,
                    mtime_ns=0,
                    error=seen.error,
                )
                continue
            status = seen.status
            held = _held(seen, status, recall, paranoid=paranoid)
            target, error = _target(seen)
            group = ""
            if seen.type != "dir" and status.st_nlink > 1:
                group = groups.setdefault((status.st_dev, status.st_ino), seen.path)
            yield Entry(
                path=seen.path,
                type=seen.type,
                mode=stat.S_IMODE(status.st_mode),
                uid=status.st_uid,
                gid=status.st_gid,
                mtime_ns=status.st_mtime_ns,
                size_bytes=status.st_size if seen.type == "file" else 0,
                digest=held.digest,
                target=target,
                device=_device(seen, status),
                link_group=group,
                has_holes=held.has_holes,
                xattrs=held.xattrs,
                error=seen.error or held.error or error,
            )


def _held(seen: Seen, status: os.stat_result, recall: Recall | None, *, paranoid: bool) -> Content:
    if seen.type != "file":
        return Content(xattrs=content.read_xattrs(seen.full))
    if recall is not None and not paranoid and (known := recall.look(seen.path, status)):
        return known
    held = content.read(seen.full, status)
    if recall is not None:
        recall.keep(seen.path, status, held)
    return held


def _target(seen: Seen) -> tuple[str, str]:
    if seen.type != "symlink":
        return "", ""
    try:
        text = os.readlink(seen.full)  # noqa: PTH115  (bytes: no locale has a say in it)
        return text.decode("utf-8", "surrogateescape"), ""
    except OSError as error:
        return "", errno_name(error)


def _device(seen: Seen, status: os.stat_result) -> tuple[int, int] | None:
    if seen.type not in ("block", "char"):
        return None
    return os.major(status.st_rdev), os.minor(status.st_rdev)
