"""A store that drtest starts as a child process: ports, readiness, its end."""

from __future__ import annotations

import contextlib
import http.client
import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from drtest import clock, process
from drtest.errors import StoreFailed
from drtest.store import port as ports
from drtest.store.client import Credentials
from drtest.store.interface import Store

DATA = "data"  # the sub-folder for objects, of servers that keep them on disk
READY_WITHIN_S = 20.0
_LOOK_EVERY_S = 0.02
_STARTS = 3  # how often to try again when a port was taken in between
_HARDLY_ANY_ROOM_BYTES = 64 * 1024 * 1024
# moto, MinIO, SeaweedFS
_PORT_TAKEN = ("already in use", "is in use by another", "port allocation failed")


class Server(Store):
    """Everything of a child-process store but its command line, environment and probe."""

    ports_wanted: ClassVar[int] = 1  # the first is S3's
    stop_grace_s: ClassVar[float] = 5.0

    def __init__(self, *, region: str = "us-east-1") -> None:
        super().__init__(credentials=Credentials.throw_away(), region=region)
        self._child: process.Child | None = None
        self._port = 0
        self._folder: Path | None = None

    @abstractmethod
    def command(self, folder: Path, ports: tuple[int, ...]) -> tuple[str, ...]:
        """The command line; configuration files that it names are written here."""

    @abstractmethod
    def environment(self, folder: Path) -> Mapping[str, str]:
        """The whole environment of the child, secrets included."""

    @abstractmethod
    def is_ready_answer(self, status: int) -> bool:
        """Whether an HTTP *status* of ``probe_path`` means that S3 requests will be served."""

    probe_path: ClassVar[str] = "/"

    @property
    def endpoint_url(self) -> str:
        """``http://127.0.0.1:PORT``; a RuntimeError before ``start``."""
        if not self._port:
            raise RuntimeError(f"{self.name} was not started")
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of the child, for whoever measures it or ends it on purpose."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._child.pid

    def start(self, folder: Path) -> None:
        """Start the child and wait until it answers; see the interface."""
        if self._child is not None:
            raise RuntimeError(f"{self.name} was started before: make a new one")
        self._folder = folder.absolute()
        for attempt in range(1, _STARTS + 1):
            chosen = self.choose_ports()
            self._port = chosen[0]
            self._child = process.start(
                self.command(folder, chosen),
                env=self.environment(folder),
                log=folder / f"{self.name}.log",
                cwd=folder,
            )
            try:
                self._wait_until_ready()
            except StoreFailed:
                self.stop()
                if attempt < _STARTS and self._lost_its_port():
                    continue
                raise
            except BaseException:
                self.stop()
                raise
            return

    def is_alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.is_alive()

    def open_gone(self) -> int | None:
        """A descriptor of the child; None where there is none any more."""
        try:
            return os.pidfd_open(self.pid)
        except (ProcessLookupError, RuntimeError):
            return None

    def log_tail(self, lines: int = 20) -> tuple[str, ...]:
        """The last lines of the child's output."""
        return self._child.log_tail(lines) if self._child else ()

    def is_full(self, said: str = "") -> bool:
        """Also where its disk has hardly any room left, whatever it says or doesn't.

        MinIO refuses what is larger than the room without a line in its log.
        """
        room_bytes = self._room_bytes()
        return super().is_full(said) or (
            room_bytes is not None and room_bytes < _HARDLY_ANY_ROOM_BYTES
        )

    def _room_bytes(self) -> int | None:
        """Free bytes where the child keeps its objects, as it sees the disks; None if it's gone."""
        if self._folder is None or self._child is None:
            return None
        below = self._folder.relative_to("/")
        for place in (below / DATA, below):
            with contextlib.suppress(OSError):
                disk = os.statvfs(Path(f"/proc/{self.pid}/root") / place)
                return disk.f_bavail * disk.f_frsize
        return None

    def stop(self) -> None:
        """End the child and what it started, and close the client. Idempotent."""
        super().stop()
        if self._child is not None:
            self._child.stop(grace_s=self.stop_grace_s)

    def choose_ports(self) -> tuple[int, ...]:
        """Ports that were free a moment ago, as many as ``command`` wants."""
        return ports.free(self.ports_wanted)

    def _lost_its_port(self) -> bool:
        tail = "\n".join(self.log_tail(100)).lower()
        return any(said in tail for said in _PORT_TAKEN)

    def _wait_until_ready(self) -> None:
        deadline = clock.monotonic_s() + READY_WITHIN_S
        while clock.monotonic_s() < deadline:
            if not self.is_alive():
                raise self._failed("did not start")
            # Whose the port is comes first: a stranger that took it may answer just as well.
            if ports.is_listened_on_by(self._port, self.pid) and self._answers():
                return
            clock.pause(_LOOK_EVERY_S)
        raise self._failed(f"was not ready within {READY_WITHIN_S:.0f} s")

    def _answers(self) -> bool:
        try:
            return self.is_ready_answer(self._ask("GET", self.probe_path))
        except (OSError, http.client.HTTPException):
            return False

    def _ask(self, method: str, path: str, body: bytes | None = None) -> int:
        """Send one unsigned request and return the status of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request(method, path, body)
            return connection.getresponse().status
        finally:
            connection.close()
