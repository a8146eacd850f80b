"""Messages between the two processes of a capture: marshalled values, each with its length."""

from __future__ import annotations

import marshal
import socket
from typing import Any

_LENGTH_BYTES = 4


def put(line: socket.socket, value: Any) -> None:
    """Send one value of plain types; OSError where nobody reads."""
    data = marshal.dumps(value)
    line.sendall(len(data).to_bytes(_LENGTH_BYTES, "big") + data)


def get(line: socket.socket) -> Any:
    """Receive one value; None where the other end is gone."""
    try:
        head = line.recv(_LENGTH_BYTES, socket.MSG_WAITALL)
        size = int.from_bytes(head, "big")
        data = line.recv(size, socket.MSG_WAITALL) if len(head) == _LENGTH_BYTES else b""
    except ConnectionError:
        return None
    return marshal.loads(data) if data and len(data) == size else None  # noqa: S302  (our own)
