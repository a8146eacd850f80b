"""The parent's side: starts the gateway's process, opens and closes listeners in it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import select
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from drtest import process
from drtest.clock import monotonic_s
from drtest.errors import EnvironmentFault
from drtest.gateway.listener import Mode
from drtest.gateway.toxics import written
from drtest.model.toxic import Toxic

START_LIMIT_S = 30.0
REPLY_LIMIT_S = 30.0

_GONE: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One port for one duplicity process.

    ``environment`` is what that process must be given beside its credentials, ``endpoint_url`` what
    stands behind ``--s3-endpoint-url``.
    """

    number: int
    port: int
    endpoint_url: str
    environment: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """An exchange that a toxic holds now, until ``Gateway.release``. *rule* counts from 0."""

    number: int
    rule: int
    operation: str
    key: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one toxic has met: different requests that fit its trigger, and attempts it hit."""

    seen: int
    fired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What the gateway's process has used so far."""

    cpu_s: float
    rss_bytes: int
    peak_rss_bytes: int
    descriptors: int


class Gateway:
    """The proxy between duplicity and the store, in a process of its own; a context manager.

    Enter it from a thread that lives as long as it does (see drtest.process). All methods may be
    called from several threads. EnvironmentFault where the process did not start, has died or does
    not answer: the current scenario is then UNVERIFIED, since requests may have gone uncounted.
    """

    def __init__(self, folder: Path, *, log: Path) -> None:
        self.folder = folder
        self.log = log
        self._child: process.Child | None = None
        self._gone: int | None = None
        self._control: socket.socket | None = None
        self._is_lost = False  # the conversation is over; the process may need a moment to be gone
        self._writing = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._ids = itertools.count(1)
        self._channels: dict[int, Callable[[Trip], None]] = {}
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        # A path of its own: a socket's may have no more than 107 bytes, the folder's has many.
        place = Path(tempfile.mkdtemp(prefix="drtest-gateway-"))
        try:
            self._start(place / "control")
        except BaseException:
            self._stop()
            raise
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs and can be spoken to."""
        return self._child is not None and not self._is_lost and self._child.is_alive()

    @property
    def gone(self) -> int:
        """A descriptor that can be read once the process has ended; closed with the gateway."""
        if self._gone is None:
            raise EnvironmentFault("the gateway is not running")
        return self._gone

    def log_tail(self) -> tuple[str, ...]:
        """Return the last lines that the process wrote about its own troubles."""
        return self._child.log_tail() if self._child is not None else ()

    def listen(
        self,
        *,
        upstream: str,
        mode: Mode = "plain",
        scenario: str,
        step: str,
        phase: str,
        simulated_at: datetime,
        read_only: bool = False,
        authority: Path | None = None,
        listing: Path | None = None,
        toxics: Sequence[Toxic] = (),
        on_trip: Callable[[Trip], None] | None = None,
    ) -> Listener:
        """Open a port that leads to *upstream*, the URL of the store.

        *plain*: http in. *tls*: https in, with an authority made for the run. In both an http or
        https *upstream* is spoken to as it says. *forward*: the client is given the store's own
        host over http and this port as its proxy; the only mode in which a signature for another
        host than 127.0.0.1 holds. *authority*: certificates to trust upstream instead of the
        system's. A *read_only* port refuses all but GET and HEAD by itself.
        *listing*, by ``write_listing``, is what this port's listings show instead of the store's.
        *toxics* are armed on this port alone, asked in their order. *on_trip* is told of each
        exchange that one of them holds; it runs in the gateway's own thread and must not wait
        (``queue.put`` is a good one). Release what is held, or close the port.
        ValueError for an *upstream* that is no URL.
        """
        parts = urlsplit(upstream)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{upstream} is no http or https URL of a store")
        if simulated_at.tzinfo is None:
            raise ValueError("simulated_at needs a timezone")
        channel = next(self._ids)
        if on_trip is not None:
            self._channels[channel] = on_trip
        reply = self._ask(
            "listen",
            number=channel,
            toxics=[written(toxic) for toxic in toxics],
            upstream=upstream,
            mode=mode,
            scenario=scenario,
            step=step,
            phase=phase,
            simulated_at=simulated_at.isoformat(),
            read_only=read_only,
            authority=str(authority or ""),
            listing=str(listing or ""),
        )
        here = f"127.0.0.1:{reply['port']}"
        environment: dict[str, str] = {}
        match mode:
            case "plain":
                endpoint_url = f"http://{here}"
            case "tls":
                endpoint_url = f"https://{here}"
                environment["AWS_CA_BUNDLE"] = reply["bundle"]
            case "forward":
                endpoint_url = f"http://{parts.netloc}"
                # https too, which the gateway refuses: a client that strays from http must fail
                # and not reach the store uncounted
                environment["http_proxy"] = environment["https_proxy"] = f"http://{here}"
        return Listener(
            number=reply["listener"],
            port=reply["port"],
            endpoint_url=endpoint_url,
            environment=environment,
        )

    def close(self, listener: Listener, *, wait_s: float = 10.0) -> bool:
        """Close a port once its exchanges are finished and written, at most *wait_s* from now.

        True where all had ended by themselves; what had not is cut and written as it stands.
        Idempotent, also after the gateway's end.
        """
        if self._child is None:
            return True
        reply = self._ask(
            "close",
            limit_s=wait_s + REPLY_LIMIT_S,
            listener=listener.number,
            wait_s=wait_s,
        )
        return bool(reply["is_quiet"])

    def release(self, trip: Trip) -> None:
        """Let go of a held exchange. Idempotent; one that has ended meanwhile is fine."""
        self._ask("release", trip=trip.number)

    def count(self, listener: Listener) -> tuple[Counted, ...]:
        """Return what each toxic of an open port has met so far, in their order."""
        reply = self._ask("count", listener=listener.number)
        return tuple(
            Counted(seen=seen, fired=fired)
            for seen, fired in zip(reply["seen"], reply["fired"], strict=True)
        )

    def measure(self) -> Measures:
        """Return what the process has used: CPU, resident memory, open descriptors."""
        reply = self._ask("measure")
        return Measures(
            cpu_s=reply["cpu_s"],
            rss_bytes=reply["rss_bytes"],
            peak_rss_bytes=reply["peak_rss_bytes"],
            descriptors=reply["descriptors"],
        )

    # the process

    def _start(self, control: Path) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.bind(str(control))
            door.listen(1)
            door.setblocking(False)
            self._child = process.start(
                [
                    sys.executable,
                    "-m",
                    "drtest.gateway.server",
                    str(control),
                    str(self.log.absolute()),
                    str(self.folder.absolute()),
                ],
                env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, **_python_path()},
                log=self.folder / "gateway.log",
            )
            deadline = monotonic_s() + START_LIMIT_S
            while not select.select([door], [], [], 0.05)[0]:
                if not self._child.is_alive() or monotonic_s() > deadline:
                    raise self._fault("did not start")
            self._control, _ = door.accept()
        self._gone = os.pidfd_open(self._child.pid)
        self._control.setblocking(True)
        self._reader = threading.Thread(target=self._read, name="gateway-control", daemon=True)
        self._reader.start()

    def _stop(self) -> None:
        child, control, reader = self._child, self._control, self._reader
        if control is not None:
            with contextlib.suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)
        if child is not None:
            child.stop()
        if reader is not None:
            reader.join()
        if control is not None:
            control.close()
        if self._gone is not None:
            os.close(self._gone)
        self._child = self._control = self._reader = self._gone = None

    # the conversation

    def _ask(
        self,
        command: str,
        *,
        limit_s: float = REPLY_LIMIT_S,
        number: int | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        control = self._control
        if control is None:
            raise EnvironmentFault("the gateway is not running")
        number = next(self._ids) if number is None else number
        answer: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._waiting[number] = answer
        line = json.dumps({"id": number, "do": command, **fields}).encode() + b"\n"
        try:
            if not self.is_alive:
                raise self._fault("has died")
            with self._writing:
                control.sendall(line)
            reply = answer.get(timeout=limit_s)
        except OSError as error:
            self._is_lost = True
            raise self._fault("has died") from error
        except queue.Empty:
            raise self._fault(f"gave no answer to {command!r} in {limit_s:.0f} s") from None
        finally:
            self._waiting.pop(number, None)
        if reply is _GONE:
            raise self._fault("has died")
        if "error" in reply:
            raise EnvironmentFault(f"the gateway could not {command}: {reply['error']}")
        return reply

    def _read(self) -> None:
        control = self._control
        assert control is not None
        with contextlib.suppress(OSError), control.makefile("rb") as lines:
            for line in lines:
                reply = json.loads(line)
                if "trip" in reply:
                    self._tripped(reply)
                    continue
                waiting = self._waiting.get(reply["id"])
                if waiting is not None:
                    waiting.put(reply)
        self._is_lost = True
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

    def _fault(self, what: str) -> EnvironmentFault:
        tail = "".join(f"\n    {line}" for line in self.log_tail()[-5:])
        return EnvironmentFault(f"the gateway {what}{tail}")


def _python_path() -> dict[str, str]:
    # The child's environment is empty, and drtest may be importable by PYTHONPATH alone.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
