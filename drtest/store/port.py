"""Free ports from the OS, and whose a listening port is."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

_LISTEN = "0A"


def free(count: int) -> tuple[int, ...]:
    """Return *count* different ports of 127.0.0.1 that were free a moment ago.

    Another process may take one before it is used: whoever uses them tries again then. All are
    held at once, so that none comes twice.
    """
    with contextlib.ExitStack() as held:
        ports = []
        for _ in range(count):
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(int(probe.getsockname()[1]))
        return tuple(ports)


def free_pair(offset: int) -> tuple[int, int]:
    """Return two free ports *offset* apart, for a server that reckons one from the other."""
    while True:
        for low in free(8):
            with contextlib.suppress(OSError, OverflowError), socket.socket() as probe:
                probe.bind(("127.0.0.1", low + offset))
                return low, low + offset


def is_listened_on_by(port: int, pid: int) -> bool:
    """Whether the process *pid* itself listens on *port* of 127.0.0.1.

    An answer on the port is not enough: it may be another server's that took it first.
    /proc/net/tcp gives the socket's inode (proc(5)), /proc/PID/fd whose it is. Of a process that
    has ended, and of one that may do more than this one, only root may look at that: no.
    """
    inodes = _listening_inodes(port)
    if not inodes:
        return False
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if str(descriptor.readlink()) in inodes:
                    return True
    return False


def _listening_inodes(port: int) -> frozenset[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not os.path.exists(table):  # noqa: PTH110  (IPv6 may be off)
            continue
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return frozenset(inodes)
