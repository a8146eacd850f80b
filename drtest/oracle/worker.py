"""The second process of a capture: looks at the folders that it is asked for.

``main(PIPE)``: questions come by standard input, answers go to the named pipe. It says that it is
ready, is told the tree and its stat cache, and then answers each list of folders with what lies in
each of them, in that order. It ends with its other end (``second``). Whatever is imported here is
waited for by every large capture: nothing that is not needed.
"""

from __future__ import annotations

import gc
import marshal
import os

from drtest.oracle import wire
from drtest.oracle.folder import Known, look
from drtest.oracle.memory import Memory


def main(pipe: str) -> None:
    """Serve the capture that reads *pipe*, until it has enough."""
    # It lives for one capture, and what it makes holds no cycles: collecting would find nothing.
    gc.disable()
    line = os.open(pipe, os.O_WRONLY)
    try:
        wire.put(line, wire.READY)
        hello = wire.get(0)
        if hello is None:
            return
        top, cache = hello
        memory = Memory(os.fsdecode(cache[0]) if cache else "")
        while (folders := wire.get(0)) is not None:
            for folder in folders:
                known = Known(*memory.of(folder), cache[1]) if cache else None
                error, *rest, items, stats = look(top, folder, known)
                rows = None if items is None else marshal.dumps(items)
                # What is as it was is not sent at all.
                wire.put(line, (error, *rest, rows, stats if rows else b""))
    except BrokenPipeError:
        return
