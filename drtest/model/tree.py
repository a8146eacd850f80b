"""What the oracle knows of one path, and one difference between two trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

EntryType = Literal["file", "dir", "symlink", "fifo", "socket", "block", "char"]


class Entry(NamedTuple):
    """One path of a tree as ``lstat`` and a reader saw it; give its fields by name.

    A tuple, since large trees are made of them: it is made in a sixth of the time that a dataclass
    takes, and compared without a line of Python. ``_replace`` makes a changed one.

    ``path`` is relative to the tree's root with ``/`` between its parts, the root itself is ``.``;
    bytes that are not UTF-8 are kept by surrogateescape. Trees are sorted by ``sort_key``.
    """

    path: str
    type: EntryType
    mode: int  # permission bits with setuid, setgid and sticky: 0o7777
    uid: int
    gid: int
    mtime_ns: int
    size_bytes: int = 0  # files only
    digest: str = ""  # blake3 of the content, hex; files only
    target: str = ""  # symlinks only
    device: tuple[int, int] | None = None  # major, minor; block and char only
    link_group: str = ""  # the first path (sorted) of its hard-link group; "" where nlink is 1
    has_holes: bool = False  # fewer blocks allocated than its size needs
    xattrs: str = ""  # blake3 of the sorted names and values, hex; "" where there are none
    error: str = ""  # errno name where the path could not be read ("EACCES"), digest "" then
    selected: bool = True  # by drtest's own model of the policy's rules
    protected: bool = True  # by objectives.protect

    @property
    def sort_key(self) -> bytes:
        """The order of every stored tree: by the bytes of the path, root first."""
        return sort_key(self.path)


def sort_key(path: str) -> bytes:
    """Return the bytes that trees are sorted by; ``.`` sorts before everything."""
    return b"" if path == "." else path.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact in which a restored tree is not the truth.

    ``code`` is a finding code of the family *restored*, or ``known-loss`` with its ``kind``
    (``hard-link``, ``xattr``, ``hole``, ``sub-second-mtime``, ``symlink-mtime``,
    ``pre-1970-mtime``, ``socket``). ``want`` and ``got`` are absent where the path is.
    """

    code: str
    path: str
    want: Entry | None
    got: Entry | None
    kind: str = ""
