"""What a file holds: digest, holes, extended attributes."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from blake3 import blake3

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE = 1 << 18  # up to this size a file is read in one call: faster than streaming it
_BLOCK = 1 << 20
_STAT_BLOCK = 512  # what st_blocks counts, whatever the file system's own block is


class Content(NamedTuple):
    """What reading a file gave; ``error`` is an errno name and then the digest is empty."""

    digest: str = ""  # blake3, hex
    has_holes: bool = False
    xattrs: str = ""  # blake3 of the sorted names and values, hex; "" where there are none
    error: str = ""


def read(full: bytes, status: os.stat_result) -> Content:
    """Return the content of the regular file *full*, whose ``lstat`` was *status*.

    Never follows a symlink and never blocks on a fifo that took the file's place; the access time
    is left alone where the kernel allows that (owner or root).
    """
    try:
        descriptor = _open(full)
    except OSError as error:
        return Content(error=errno_name(error), xattrs=read_xattrs(full))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return Content(error="ESTALE", xattrs=read_xattrs(full))
        has_holes = _has_holes(descriptor, status)
        return Content(
            digest=_digest(descriptor, status.st_size),
            has_holes=has_holes,
            xattrs=read_xattrs(descriptor),
        )
    except OSError as error:
        return Content(error=errno_name(error), xattrs=read_xattrs(full))
    finally:
        os.close(descriptor)


def read_xattrs(full: bytes | int) -> str:
    """Return one digest over all extended attributes that this user can see, "" for none.

    *full* is a path, and no symlink is followed; or a descriptor, which spares looking it up.

    ACLs (``system.posix_acl_*``) and capabilities (``security.capability``) are among them.
    """
    follow = isinstance(full, int)  # a descriptor is what it is; Python wants it said so
    try:
        names = sorted(os.listxattr(full, follow_symlinks=follow))
    except OSError:
        return ""
    if not names:
        return ""
    hasher = blake3()
    for name in names:
        try:
            value = os.getxattr(full, name, follow_symlinks=follow)
        except OSError:
            continue
        for part in (os.fsencode(name), value):
            hasher.update(
                len(part).to_bytes(8, "big")
            )  # a length before each: no two lists collide
            hasher.update(part)
    return hasher.hexdigest()


def errno_name(error: OSError) -> str:
    """Return ``EACCES`` and the like; the number where it has no name."""
    number = error.errno or 0
    return errno.errorcode.get(number, str(number))


def _open(full: bytes) -> int:
    try:
        return os.open(full, _FLAGS | os.O_NOATIME)
    except PermissionError:
        return os.open(full, _FLAGS)  # O_NOATIME is refused to who is neither owner nor root


def _digest(descriptor: int, size_bytes: int) -> str:
    if size_bytes <= _AT_ONCE:
        data = os.read(descriptor, size_bytes + 1)  # a larger buffer costs more than the read
        hasher = blake3(data)
        if len(data) <= size_bytes:
            return hasher.hexdigest()
    else:
        hasher = blake3(max_threads=blake3.AUTO)
    while data := os.read(descriptor, _BLOCK):
        hasher.update(data)
    return hasher.hexdigest()


def _has_holes(descriptor: int, status: os.stat_result) -> bool:
    """Return whether blocks are missing because nothing was ever written there.

    Fewer blocks than bytes can also mean compression or a small file kept inside its inode, so the
    file system is asked where the first hole is (``lseek(2)``, SEEK_HOLE; the end of the file is
    always one).
    """
    if status.st_blocks * _STAT_BLOCK >= status.st_size:
        return False
    try:
        first_hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
    except OSError:
        return False
    os.lseek(descriptor, 0, os.SEEK_SET)
    return first_hole < status.st_size
