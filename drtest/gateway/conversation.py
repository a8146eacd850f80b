"""What the parent and the gateway's process say to each other: JSON lines on a Unix socket.

The parent asks, each question with an ``id`` that the answer repeats; by itself the process says
which exchange a toxic holds now. The other end is drtest.gateway.server.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_GONE: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """An exchange that a toxic holds now, until ``Gateway.release``. *rule* counts from 0."""

    number: int
    rule: int
    operation: str
    key: str
    attempt: int


class Silence(Exception):
    """There is no answer, and why; what was asked may or may not have been done."""


class Conversation:
    """Asks from any thread; a thread of its own listens until either side hangs up."""

    def __init__(self, control: socket.socket) -> None:
        self.is_over = False  # the process may need a moment more to be gone
        self._control = control
        self._writing = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._ids = itertools.count(1)
        self._channels: dict[int, Callable[[Trip], None]] = {}
        self._reader = threading.Thread(target=self._read, name="gateway-control", daemon=True)
        self._reader.start()

    def open_channel(self, on_trip: Callable[[Trip], None] | None) -> int:
        """Return the number of a question whose toxics will tell *on_trip* what they hold."""
        number = next(self._ids)
        if on_trip is not None:
            self._channels[number] = on_trip
        return number

    def ask(
        self, command: str, *, limit_s: float, number: int | None = None, **fields: Any
    ) -> dict[str, Any]:
        """Return the fields of the answer; Silence where none comes within *limit_s*.

        *number* is from ``open_channel``. An answer that tells of a mistake has ``error``.
        """
        number = next(self._ids) if number is None else number
        answer: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._waiting[number] = answer
        line = json.dumps({"id": number, "do": command, **fields}).encode() + b"\n"
        try:
            if self.is_over:
                raise Silence("has died")
            with self._writing:
                self._control.sendall(line)
            reply = answer.get(timeout=limit_s)
        except OSError as error:
            self.is_over = True
            raise Silence("has died") from error
        except queue.Empty:
            raise Silence(f"gave no answer to {command!r} in {limit_s:.0f} s") from None
        finally:
            self._waiting.pop(number, None)
        if reply is _GONE:
            raise Silence("has died")
        return reply

    def hang_up(self) -> None:
        """Say that nothing more will be asked; the process ends by this."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Wait for what is still being said, and close the socket. ``hang_up`` comes first."""
        self._reader.join()
        self._control.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError), self._control.makefile("rb") as lines:
            for line in lines:
                reply = json.loads(line)
                if "trip" in reply:
                    self._tripped(reply)
                    continue
                waiting = self._waiting.get(reply["id"])
                if waiting is not None:
                    waiting.put(reply)
        self.is_over = True
        for waiting in list(self._waiting.values()):
            waiting.put(_GONE)

    def _tripped(self, said: dict[str, Any]) -> None:
        told = self._channels.get(said["channel"])
        if told is not None:
            told(
                Trip(
                    number=said["trip"],
                    rule=said["rule"],
                    operation=said["operation"],
                    key=said["key"],
                    attempt=said["attempt"],
                )
            )
