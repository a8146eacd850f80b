"""What a child reads and writes: input of any length, and the end of an output of any length."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator


class Tail:
    """A pipe that is read as fast as it fills, and the last bytes that came through it."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.kept = bytearray()
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)

    def take(self) -> bool:
        """Keep what is there by now, a pipe's fill at most; return whether there was anything."""
        try:
            part = os.read(self.reader, 1 << 16)
        except BlockingIOError:
            return False
        self.kept += part
        del self.kept[: -self.most_bytes]
        return bool(part)

    def close(self) -> bytes:
        """Take what is left, a few fills at most: a child that got away may go on for ever."""
        os.close(self.writer)
        for _ in range(64):
            if not self.take():
                break
        os.close(self.reader)
        return bytes(self.kept)


@contextlib.contextmanager
def given(data: bytes) -> Iterator[int]:
    """A readable descriptor that gives *data* and then ends; a file in memory never blocks."""
    if not data:
        yield subprocess.DEVNULL
        return
    memory = os.memfd_create("stdin")
    try:
        os.write(memory, data)
        os.lseek(memory, 0, os.SEEK_SET)
        yield memory
    finally:
        os.close(memory)
