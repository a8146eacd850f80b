"""One folder as it is now: what it lists, each path's ``lstat`` and what it holds.

All of it in plain values, so that another process can find it (``worker``) and send it.
"""

from __future__ import annotations

import errno
import marshal
import os
import stat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from drtest.oracle import content
from drtest.oracle.content import errno_name
from drtest.oracle.path import ERROR, LINK, TYPE, UID, UNKNOWN, Row, file_row, listed_type, single

if TYPE_CHECKING:
    from collections.abc import Callable

_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR})

Identity = tuple[int, ...]
"""What ``lstat`` says, but for access time and blocks: the same again, and nothing has changed."""

_identity: Callable[[os.stat_result], Identity] = attrgetter(
    *("st_dev", "st_ino", "st_nlink", "st_mode", "st_uid", "st_gid"),
    *("st_size", "st_mtime_ns", "st_ctime_ns"),
)


Item = tuple[Any, ...] | str
"""The columns of a Row, or the path of a subfolder where its own content belongs: after those
siblings that sort before ``name/``."""


class Known(NamedTuple):
    """What is remembered of a folder, and from when on a change could be missed.

    Both are marshalled, and b"" where there is nothing: ``rows`` are items, ``stats`` is what
    ``look`` wants to be given at the next capture.
    """

    stats: bytes
    rows: bytes
    too_new_ns: int  # a path whose ctime is this or later is not remembered


class Found(NamedTuple):
    """A folder's content in the order in which a tree has it, relative to the tree's top."""

    error: str  # an errno name where it cannot be listed
    paths: int  # how many
    folders: list[str]
    is_plain: bool  # no subfolder and no path that has several names
    items: list[Item] | bytes | None  # bytes: marshalled; None: the rows that were known
    stats: bytes  # to be remembered, if there is something


def look(top: bytes, path: str, known: Known | None = None) -> Found:
    """Return what lies in the folder *path* below *top*; what is *known* unchanged is not read.

    A path that vanishes between listing and ``lstat`` is not in it.
    """
    try:
        with os.scandir(place(top, path)) as listing:
            entries = list(listing)
    except OSError as error:
        return Found(errno_name(error), 0, [], True, [], b"")
    prefix = f"{path}/" if path else ""
    if known is None or not known.stats:
        return _gathered(prefix, entries, {}, {}, known)
    names, identities, folders, is_plain = marshal.loads(known.stats)  # noqa: S302  (our own bytes)
    try:
        # All at once: most folders are as they were, and the comparison is one line of C.
        is_same = [_identity(entry.stat(follow_symlinks=False)) for entry in entries] == identities
    except OSError:
        is_same = False
    if is_same and [entry.name for entry in entries] == names:
        count = len(names)
        return Found("", count, folders, is_plain, None, known.stats)
    before = marshal.loads(known.rows)  # noqa: S302  (likewise)
    rows = {row[0]: row for row in before if type(row) is tuple}
    return _gathered(prefix, entries, dict(zip(names, identities, strict=True)), rows, known)


def _gathered(
    prefix: str,
    entries: list[os.DirEntry[bytes]],
    old: dict[bytes, Identity | None],
    rows: dict[str, tuple[Any, ...]],
    known: Known | None,
) -> Found:
    """Look at *entries* one by one; those whose identity is the *old* one are in *rows* already."""
    too_new_ns = 0 if known is None else known.too_new_ns
    keyed: list[tuple[bytes, Item]] = []
    names: list[bytes] = []
    identities: list[Identity | None] = []
    folders: list[str] = []
    has_links = False
    for entry in entries:
        raw = entry.name
        path = prefix + raw.decode("utf-8", "surrogateescape")
        identity = old.get(raw)
        if identity is not None and identity == _identity_of(entry):
            row = rows[path]
        else:
            seen = _seen(entry, path, too_new_ns)
            if seen is None:
                continue
            row, identity = seen
        keyed.append((raw, row))
        names.append(raw)
        identities.append(identity)
        if row[TYPE] == "dir" and row[UID] != UNKNOWN:
            keyed.append((raw + b"/", path))
            folders.append(path)
        elif row[LINK]:
            has_links = True
    keyed.sort()  # no two names are equal, so what stands behind them is never compared
    items = [item for _, item in keyed]
    is_plain = not folders and not has_links
    stats = b""
    if any(identities):
        stats = marshal.dumps((names, identities, folders, is_plain))
    return Found("", len(names), folders, is_plain, items, stats)


def _identity_of(entry: os.DirEntry[bytes]) -> Identity | None:
    try:
        return _identity(entry.stat(follow_symlinks=False))
    except OSError:
        return None


def _seen(
    entry: os.DirEntry[bytes], path: str, too_new_ns: int
) -> tuple[tuple[Any, ...], Identity | None] | None:
    """Return the row of *entry*, and its identity if it may be remembered; None where it is gone.

    What the listing calls a file is opened unseen: that gives its status without a second look-up.
    """
    held = status = None
    try:
        if entry.is_file(follow_symlinks=False):
            status, held = content.read(entry.path)
        if status is None:
            status = entry.stat(follow_symlinks=False)
    except OSError as error:
        if error.errno in _VANISHED:
            return None
        return tuple(Row(path, listed_type(entry), error=errno_name(error))), None
    if held is not None and stat.S_ISREG(status.st_mode):
        row = file_row(path, status, held)
    else:
        row = single(path, entry.path, status)
    is_lasting = status.st_ctime_ns < too_new_ns and not row[ERROR]
    return row, _identity(status) if is_lasting else None


def place(top: bytes, path: str) -> bytes:
    """Return the name to open *path* by, which is relative to *top* ("" for it)."""
    if not path:
        return top
    return os.path.join(top, path.encode("utf-8", "surrogateescape"))  # noqa: PTH118  (bytes)
