"""What a signal does to a run: it ends what runs, and leaves time to tell what is finished."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from drtest import process


@contextmanager
def signals_stop(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM end what runs, and leave time to report what is finished."""

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (as signal has it)
        if stop.is_set():
            typer.echo("still ending: stopping gpg-agents and the store", err=True)
        stop.set()
        process.stop_all()

    before = {one: signal.signal(one, handle) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, old in before.items():
            signal.signal(one, old)
