"""The event history of one scenario on disk: append-only JSON Lines.

The first line says what the file is and its schema version; each line after it is one event, its
class under ``event`` beside its fields. A line is written at once and whole, so a crash costs at
most the last one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

from drtest.errors import DrtestError, EnvironmentFault
from drtest.model.events import SCHEMA_VERSION, Event, FaultSeen
from drtest.report import codec
from drtest.report.disk import writing

FILE = "events.jsonl"
KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}
_HEAD = "drtest events"


def encode(event: Event) -> dict[str, Any]:
    """Return *event* as plain JSON with its class under ``event``."""
    return {"event": type(event).__name__, **codec.plain(event)}


def decode(data: object) -> Event:
    """Return the event that ``encode`` took apart; DrtestError where there is none."""
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        raise DrtestError("not an event: no field 'event'")
    fields = dict(data)
    name = fields.pop("event")
    if name not in KINDS:
        raise DrtestError(f"unknown event {name!r}: written by another drtest?")
    event: Event = codec.build(KINDS[name], fields)
    return event


class EventWriter:
    """Appends events to one new file. Not shared between threads; close it, or use ``with``."""

    def __init__(self, path: Path, *, redact: Callable[[str], str] = str) -> None:
        """Make *path*, which must not exist. OutOfSpace or EnvironmentFault where it cannot be."""
        self.path = path
        self._redact = redact
        self._size = 0
        with writing(path):
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._append({"file": _HEAD, "schema_version": SCHEMA_VERSION})

    def write(self, event: Event) -> None:
        """Append *event*; when this returns, the line is with the operating system."""
        self._append(codec.map_text(encode(event), self._redact))

    def _append(self, data: dict[str, Any]) -> None:
        if self._fd < 0:
            raise ValueError(f"{self.path} is closed")
        line = codec.dumps(data).encode("ascii") + b"\n"
        try:
            with writing(self.path):
                left = memoryview(line)
                while left:
                    left = left[os.write(self._fd, left) :]
        except EnvironmentFault:
            # Half a line (a full disk) must not stand before the next whole one.
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
                os.lseek(self._fd, self._size, os.SEEK_SET)
            raise
        self._size += len(line)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> EventWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_events(path: Path) -> Iterator[Event]:
    """Yield the events of *path* in order, one line in memory at a time.

    Where the writer was broken off in its last line, that line is left out and a ``FaultSeen`` of
    code ``interrupted`` is yielded in its place, so that it is told where everything else is: in
    the verdict. Anything else that does not fit is a DrtestError with the line's number.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise DrtestError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        number = 0
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                yield _broken_off(path, f"in its line {number}")
                return
            try:
                data = codec.loads(line)
                if number == 1:
                    _check_head(data)
                    continue
                event = decode(data)
            except DrtestError as error:
                raise DrtestError(f"{path}, line {number}: {error}") from error
            yield event
        if number == 0:
            yield _broken_off(path, "before its first line")


def _broken_off(path: Path, where: str) -> FaultSeen:
    return FaultSeen(
        code="interrupted",
        subject="history",
        message=f"the event history ends {where}: drtest was stopped while it wrote",
        evidence={"file": path.name},
    )


def _check_head(data: object) -> None:
    if not isinstance(data, dict) or data.get("file") != _HEAD:
        raise DrtestError("not an event history of drtest")
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise DrtestError(
            f"events of schema version {version!r}; this drtest reads {SCHEMA_VERSION}"
        )
