"""What a file holds: digest, holes, extended attributes."""

from __future__ import annotations

import errno
import os
import stat

from blake3 import blake3

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE = 1 << 18  # up to this size a file is read in one call: faster than streaming it
_BLOCK = 1 << 20
_STAT_BLOCK = 512  # what st_blocks counts, whatever the file system's own block is

Content = tuple[str, bool, str, str]
"""What reading a file gave, a bare tuple since there are many: the digest (blake3, hex), whether it
has holes, the digest of its extended attributes ("" for none), and an errno name where it could not
be read: the first is empty then."""


def read(full: bytes) -> tuple[os.stat_result | None, Content]:
    """Read the regular file *full*; return its status at that time with its content.

    No status, and an errno name, where there is no regular file that can be opened. Never follows a
    symlink and never blocks on a fifo that took the file's place; the access time is left alone
    where the kernel allows that (owner or root).
    """
    try:
        descriptor = _open(full)
    except OSError as error:
        return None, ("", False, read_xattrs(full), errno_name(error))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None, ("", False, read_xattrs(full), "ESTALE")
        try:
            return status, held(descriptor, status)
        except OSError as error:
            return status, ("", False, read_xattrs(descriptor), errno_name(error))
    finally:
        os.close(descriptor)


def held(descriptor: int, status: os.stat_result) -> Content:
    """Return what is in the open file *descriptor*, whose status was *status*; it may have grown.

    OSError where reading fails.
    """
    # Fewer blocks than bytes are rare: most files are not asked where their holes are.
    is_short = status.st_blocks * _STAT_BLOCK < status.st_size
    has_holes = is_short and _has_holes(descriptor, status.st_size)
    return _digest(descriptor, status.st_size), has_holes, read_xattrs(descriptor), ""


def read_xattrs(full: bytes | int) -> str:
    """Return one digest over all extended attributes that this user can see, "" for none.

    *full* is a path, and no symlink is followed; or a descriptor, which spares looking it up.

    ACLs (``system.posix_acl_*``) and capabilities (``security.capability``) are among them.
    """
    follow = isinstance(full, int)  # a descriptor is what it is; Python wants it said so
    try:
        names = os.listxattr(full, follow_symlinks=follow)
    except OSError:
        return ""
    if not names:
        return ""
    hasher = blake3()
    for name in sorted(names):
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


def _has_holes(descriptor: int, size_bytes: int) -> bool:
    """Return whether blocks are missing because nothing was ever written there.

    Fewer blocks than bytes can also mean compression or a small file kept inside its inode, so the
    file system is asked where the first hole is (``lseek(2)``, SEEK_HOLE; the end of the file is
    always one).
    """
    try:
        first_hole = os.lseek(descriptor, 0, os.SEEK_HOLE)
    except OSError:
        return False
    os.lseek(descriptor, 0, os.SEEK_SET)
    return first_hole < size_bytes
