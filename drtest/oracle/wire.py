"""Messages between the two processes of a capture: marshalled values, each with its length."""

from __future__ import annotations

import marshal
import os
from typing import Any

READY = "ready"
_LENGTH_BYTES = 4


def put(pipe: int, value: Any) -> None:
    """Send one value of plain types; BrokenPipeError where nobody reads."""
    data = marshal.dumps(value)
    left = memoryview(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
    while left:
        left = left[os.write(pipe, left) :]


def get(pipe: int) -> Any:
    """Receive one value; None where the other end is gone."""
    head = _read(pipe, _LENGTH_BYTES)
    data = _read(pipe, int.from_bytes(head, "big"))
    return marshal.loads(data) if data else None  # noqa: S302  (our own)


def _read(pipe: int, size: int) -> bytes:
    """Read *size* bytes; none where there are not so many."""
    data = os.read(pipe, size)
    while data and len(data) < size:
        more = os.read(pipe, size - len(data))
        data = data + more if more else b""
    return data
