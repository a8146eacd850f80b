"""The parent's side: starts the gateway's process, opens and closes listeners in it."""

from __future__ import annotations

import os
import select
import shutil
import socket
import sys
import tempfile
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
from drtest.gateway.conversation import Conversation, Silence, Trip
from drtest.gateway.listener import Mode
from drtest.gateway.toxics import written
from drtest.model.toxic import Toxic

START_LIMIT_S = 30.0
REPLY_LIMIT_S = 30.0


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
class Counted:
    """What one toxic has met: different requests that fit its trigger, the bytes of their bodies,
    and attempts that it hit.
    """

    seen: int
    sent_bytes: int
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
        self._conversation: Conversation | None = None

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
        child, talk = self._child, self._conversation
        return child is not None and talk is not None and not talk.is_over and child.is_alive()

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
        reply = self._ask(
            "listen",
            number=self._talk().open_channel(on_trip),
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
            Counted(seen=one["seen"], sent_bytes=one["sent_bytes"], fired=one["fired"])
            for one in reply["toxics"]
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
            sock, _ = door.accept()
        sock.setblocking(True)
        self._conversation = Conversation(sock)
        self._gone = os.pidfd_open(self._child.pid)

    def _stop(self) -> None:
        child, talk = self._child, self._conversation
        if talk is not None:
            talk.hang_up()
        if child is not None:
            child.stop()
        if talk is not None:
            talk.close()
        if self._gone is not None:
            os.close(self._gone)
        self._child = self._conversation = self._gone = None

    # the conversation

    def _talk(self) -> Conversation:
        if self._conversation is None:
            raise EnvironmentFault("the gateway is not running")
        return self._conversation

    def _ask(
        self,
        command: str,
        *,
        limit_s: float = REPLY_LIMIT_S,
        number: int | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        talk = self._talk()
        if not self.is_alive:
            raise self._fault("has died")
        try:
            reply = talk.ask(command, limit_s=limit_s, number=number, **fields)
        except Silence as why:
            raise self._fault(str(why)) from why
        if "error" in reply:
            raise EnvironmentFault(f"the gateway could not {command}: {reply['error']}")
        return reply

    def _fault(self, what: str) -> EnvironmentFault:
        tail = "".join(f"\n    {line}" for line in self.log_tail()[-5:])
        return EnvironmentFault(f"the gateway {what}{tail}")


def _python_path() -> dict[str, str]:
    # The child's environment is empty, and drtest may be importable by PYTHONPATH alone.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
