"""The gateway's own process: ``python -m drtest.gateway.server CONTROL-SOCKET LOG FOLDER``.

It connects to the Unix socket of the drtest process that started it, takes commands from there as
JSON lines and ends when that connection ends, so that it never outlives its parent. Commands carry
an ``id`` that the reply repeats: ``listen``, ``close``, ``measure``, ``release``, ``count``. By
itself it says which exchange a toxic holds (``trip``; its ``channel`` is the ``listen``'s id).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from drtest.gateway.authority import make_authority
from drtest.gateway.classify import routing_headers
from drtest.gateway.horizon import Horizon
from drtest.gateway.listener import Listener, Upstream
from drtest.gateway.requestlog import Labels, LogBroken, RequestLog
from drtest.gateway.rules import RefuseWrites, Rule
from drtest.gateway.toxics import Armed, Tripwires, arm

BUNDLE = "gateway-ca.pem"

Message = dict[str, Any]


class Server:
    """Listeners by number, and the commands that make and end them."""

    def __init__(self, log: RequestLog, folder: Path, *, tell: Callable[[Message], None]) -> None:
        self._log = log
        self._folder = folder
        self._tripwires = Tripwires(tell)
        self._armed: dict[int, list[Armed]] = {}
        self._listeners: dict[int, Listener] = {}
        self._closing: dict[int, asyncio.Future[bool]] = {}
        self._tls: Any = None

    async def obey(self, message: Message) -> Message:
        """Carry out one command and return the fields of its reply."""
        match message["do"]:
            case "listen":
                return self._listen(message)
            case "close":
                return {"is_quiet": await self._close(message["listener"], message["wait_s"])}
            case "measure":
                return _measures()
            case "release":
                self._tripwires.release(message["trip"])
                return {}
            case "count":
                armed = self._armed.get(message["listener"], [])
                return {"toxics": [_counted(one) for one in armed]}
            case other:
                raise ValueError(f"the gateway knows no command {other}")

    async def end(self) -> None:
        """Close what is still open."""
        for number in list(self._listeners):
            await self._close(number, 0.0)
        self._log.close()

    def _listen(self, message: Message) -> Message:
        mode = message["mode"]
        bundle = self._folder / BUNDLE
        if mode == "tls" and self._tls is None:
            self._tls = make_authority(bundle)
        armed = [
            arm(
                told,
                trip=functools.partial(self._tripwires.trip, channel=message["id"], rule=number),
            )
            for number, told in enumerate(message["toxics"])
        ]
        rules: list[Rule] = [*([RefuseWrites()] if message["read_only"] else []), *armed]
        if message["listing"]:
            rules.append(Horizon(Path(message["listing"])))
        listener = Listener(
            labels=Labels(
                scenario=message["scenario"],
                step=message["step"],
                phase=message["phase"],
                simulated_at=datetime.fromisoformat(message["simulated_at"]),
            ),
            mode=mode,
            upstream=Upstream.of(message["upstream"], authority=message["authority"]),
            log=self._log,
            tls=self._tls if mode == "tls" else None,
            rules=rules,
            on_crash=_crashed,
        )
        self._listeners[listener.number] = listener
        if armed:
            self._armed[listener.number] = armed
        return {"listener": listener.number, "port": listener.port, "bundle": str(bundle)}

    async def _close(self, number: int, wait_s: float) -> bool:
        listener = self._listeners.pop(number, None)
        self._armed.pop(number, None)
        if listener is not None:
            self._closing[number] = asyncio.ensure_future(listener.close(wait_s=wait_s))
        # a second close waits for the first; one that is over is over
        closing = self._closing.get(number)
        return await closing if closing is not None else True


def _counted(one: Armed) -> Message:
    return {"seen": one.seen, "sent_bytes": one.sent_bytes, "fired": one.fired}


def _measures() -> Message:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # not ru_maxrss: it begins with the peak of the process that this one was forked from
    status = Path("/proc/self/status").read_text(encoding="ascii")
    sizes = {
        line.split()[0]: int(line.split()[1]) * 1024
        for line in status.splitlines()
        if " kB" in line
    }
    return {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rss_bytes": sizes["VmRSS:"],
        "peak_rss_bytes": sizes["VmHWM:"],
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208  (its own is one)
    }


def _crashed(error: BaseException) -> None:
    traceback.print_exception(error)
    if isinstance(error, LogBroken):
        # Nothing may pass uncounted: better no gateway, and a scenario that is UNVERIFIED.
        _die(error)


def _die(error: BaseException) -> NoReturn:
    sys.stderr.write(f"gateway: {error}\n")
    sys.stderr.flush()
    os._exit(70)


async def serve(control: Path, log: Path, folder: Path) -> None:
    """Obey the parent until it closes the control connection or sends SIGTERM."""
    requests = RequestLog(log)  # there before the parent is told that the gateway runs
    reader, writer = await asyncio.open_unix_connection(str(control))

    def tell(message: Message) -> None:
        writer.write(json.dumps(message).encode() + b"\n")

    server = Server(requests, folder, tell=tell)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    running: set[asyncio.Task[None]] = set()

    async def answer(message: Message) -> None:
        try:
            reply = await server.obey(message)
        except (OSError, ValueError) as error:
            reply = {"error": str(error)}
        except LogBroken as error:
            _die(error)
        except Exception as error:  # a mistake in here: the parent must not wait for a reply
            traceback.print_exception(error)
            reply = {"error": f"{type(error).__name__}: {error}"}
        tell({"id": message["id"], **reply})
        await writer.drain()

    async def read() -> None:
        while line := await reader.readline():
            task = asyncio.create_task(answer(json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)

    reading = asyncio.create_task(read())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    reading.cancel()
    await server.end()
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


def main(argv: list[str]) -> None:
    """Run the process; see the module's docstring."""
    control, log, folder = (Path(text) for text in argv)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    routing_headers()  # read botocore's model now, not while the first request waits
    gc.freeze()
    asyncio.run(serve(control, log, folder))


if __name__ == "__main__":
    main(sys.argv[1:])
