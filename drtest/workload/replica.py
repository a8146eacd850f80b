"""A copy of the user's own tree: read as it is, never written, no link followed."""

# Text paths and os throughout: a tree may hold a million files.
# ruff: noqa: PTH102, PTH115, PTH211

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress

from drtest.errors import EnvironmentFault
from drtest.workload.disk import faults, require_copyable


def check_copyable(of: str, root: str) -> None:
    """Raise an EnvironmentFault where *of* is absent, a link, or lies in *root* or around it."""
    require_copyable(of)
    source, target = os.path.realpath(of), os.path.realpath(root)
    if os.path.commonpath((source, target)) in (source, target):
        raise EnvironmentFault(
            f"copy-of: {of} and the workspace {root} lie one in the other; a copy would hold itself"
        )


def replicate(of: str, to: str) -> None:
    """Copy *of*, a file or a folder, to *to*, which is absent and lies elsewhere.

    Kept: content, modes, mtimes in ns, symbolic links, hard links within the copy, fifos, extended
    attributes where the file system takes them; owners and device nodes where the user may set
    them. Sockets are left out. Holes are filled. Whatever cannot be read is an EnvironmentFault
    with its path, for a copy with gaps would be drilled as if it were the user's tree.
    """
    seen = require_copyable(of)
    with faults(of):
        _Copy(is_root=os.geteuid() == 0).run(of, to, seen)


class _Copy:
    """One copy under way; knows the hard links it has met."""

    def __init__(self, *, is_root: bool) -> None:
        self.is_root = is_root
        self.linked: dict[tuple[int, int], str] = {}

    def run(self, of: str, to: str, top: os.stat_result) -> None:
        if not stat.S_ISDIR(top.st_mode):
            self.one(of, to, top)
            return
        made = [(of, to, top)]
        os.mkdir(to, 0o700)
        waiting = [(of, to)]
        while waiting:
            source, target = waiting.pop()
            with os.scandir(source) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    seen = entry.stat(follow_symlinks=False)
                    path = f"{target}/{entry.name}"
                    if stat.S_ISDIR(seen.st_mode):
                        os.mkdir(path, 0o700)
                        made.append((entry.path, path, seen))
                        waiting.append((entry.path, path))
                    else:
                        self.one(entry.path, path, seen)
        # Folders last and deepest first: what was written into them moved their mtimes.
        for source, target, seen in reversed(made):
            self.attributes(source, target, seen)

    def one(self, of: str, to: str, seen: os.stat_result) -> None:
        identity = (seen.st_dev, seen.st_ino)
        if seen.st_nlink > 1 and identity in self.linked:
            os.link(self.linked[identity], to, follow_symlinks=False)
            return
        match stat.S_IFMT(seen.st_mode):
            case stat.S_IFREG:
                shutil.copyfile(of, to, follow_symlinks=False)
            case stat.S_IFLNK:
                os.symlink(os.readlink(of), to)
            case stat.S_IFIFO:
                os.mkfifo(to, 0o600)
            case stat.S_IFBLK | stat.S_IFCHR:
                try:
                    os.mknod(to, stat.S_IFMT(seen.st_mode) | 0o600, seen.st_rdev)
                except PermissionError:  # no CAP_MKNOD: an ordinary user, or a container
                    return
            case _:
                return
        if seen.st_nlink > 1:
            self.linked[identity] = to
        self.attributes(of, to, seen)

    def attributes(self, of: str, to: str, seen: os.stat_result) -> None:
        if self.is_root:
            with suppress(PermissionError):  # a user namespace maps only some owners
                os.chown(to, seen.st_uid, seen.st_gid, follow_symlinks=False)
        # After chown, which takes setuid away.
        shutil.copystat(of, to, follow_symlinks=False)
        # Reading moves nothing but atime; a folder's mtime is the one seen before it was listed.
        os.utime(to, ns=(seen.st_atime_ns, seen.st_mtime_ns), follow_symlinks=False)
