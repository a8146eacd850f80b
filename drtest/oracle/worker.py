"""``python -m drtest.oracle.worker SOCKET``: looks at the folders that a capture asks for.

Connects, is told the tree and its stat cache, and then answers each list of folders with what lies
in each of them, in that order. It ends with its other end (``second``).
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
from pathlib import Path

from drtest.oracle import wire
from drtest.oracle.folder import Known, look, place
from drtest.oracle.memory import Memory


def main(path: str) -> None:
    """Serve the capture that listens at *path*, until it has enough."""
    # It lives for one capture, and what it makes holds no cycles: collecting would find nothing.
    gc.disable()
    with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(ConnectionError):
        line.connect(path)
        hello = wire.get(line)
        if hello is None:
            return
        top, cache = hello
        file = Path(os.fsdecode(cache[0])) if cache and cache[0] else None
        with Memory(file) as memory:
            while (folders := wire.get(line)) is not None:
                for folder in folders:
                    known = Known(memory.of(folder), cache[1]) if cache else None
                    found = look(place(top, folder), known)
                    wire.put(line, tuple(found))


if __name__ == "__main__":
    main(sys.argv[1])
