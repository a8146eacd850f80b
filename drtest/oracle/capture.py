"""The disk as it is now, as a sorted stream of entries."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from drtest.errors import DrtestError
from drtest.model.tree import Entry
from drtest.oracle.ahead import LARGE, Ahead, Folder
from drtest.oracle.path import LINK, TYPE, UID, UNKNOWN, single
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
    at has uid and gid -1. *flags* sees the stream before it leaves. Where there is more to do than
    *large* paths that are as they were, or a quarter as many that are read, a second process helps.
    A *root* that is no folder is one entry. A *root* that is not there is a DrtestError.
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
        yield _entry(single(".", top, status), groups)
        return
    remembering = nullcontext() if cache is None else cache.renewed(recalls=not paranoid)
    with remembering as recall, Ahead(top, recall, large=large) as ahead:
        found = ahead.folder("")
        yield _entry(single(".", top, status), groups, found.error)
        inside: dict[str, Folder] = {}  # folders that were listed and not gone through yet
        going = [iter(found.items)]
        while going:
            for item in going[-1]:
                if isinstance(item, str):
                    found = inside.pop(item)
                    if found.is_plain:  # as most folders are, and then no line of Python for each
                        yield from map(_made, found.items)
                        continue
                    going.append(iter(found.items))
                    break
                unlisted = ""
                if item[TYPE] == "dir" and item[UID] != UNKNOWN:
                    inside[item[0]] = found = ahead.folder(item[0])
                    unlisted = found.error
                yield _entry(item, groups, unlisted)
            else:
                going.pop()


_made: Callable[[Any], Entry] = partial(tuple.__new__, Entry)


def _entry(row: tuple[Any, ...], groups: dict[tuple[int, int], str], unlisted: str = "") -> Entry:
    """Return the entry of a row; *unlisted* is the error of listing it."""
    entry = _made(row)
    if row[LINK]:
        entry = entry._replace(link_group=groups.setdefault(row[LINK], entry.path))
    return entry._replace(error=unlisted) if unlisted else entry
