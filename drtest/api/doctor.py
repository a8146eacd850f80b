"""Looks whether this machine can run drills, and says what mends what it cannot."""

from __future__ import annotations

import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from drtest.api.options import GIB, Options, cache_folder
from drtest.clock import monotonic_s
from drtest.duplicity.versions import find
from drtest.errors import DrtestError
from drtest.keys.keyring import gpg_version
from drtest.store import stores

OPEN_FILES = 1024  # duplicity ends with status 37 below that (facts 1.7)
ROOM_BYTES = 2 * GIB
_ABSENT_IS_FINE = frozenset({"seaweedfs", "minio", "endpoint", "aws"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing looked at. ``mend`` is a command where there is one."""

    state: Literal["ok", "absent", "wrong"]
    text: str
    mend: str = ""


def examine(options: Options) -> list[Line]:
    """Return one line for each thing, the worst last, so that it stands above the prompt."""
    lines = [*_python(), *_gpg(), *_duplicity(options), *_stores(), *_room(options), *_limits()]
    return sorted(lines, key=lambda line: ["ok", "absent", "wrong"].index(line.state))


def _python() -> Iterator[Line]:
    text = f"python {platform.python_version()}"
    if sys.platform != "linux":
        yield Line(state="wrong", text=f"{text} on {sys.platform}: drtest runs on Linux only")
    else:
        yield Line(state="ok", text=text)


def _gpg() -> Iterator[Line]:
    try:
        yield Line(state="ok", text=f"gpg {gpg_version()}")
    except DrtestError:
        yield Line(state="wrong", text="gpg is missing", mend="apt-get install gnupg")


def _duplicity(options: Options) -> Iterator[Line]:
    started = monotonic_s()
    try:
        found = find(options.duplicity, cache=cache_folder())
        starts = monotonic_s() - started
        boto3 = f", boto3 {found.boto3}" if found.boto3 else ""
        where = f"{found.version}{boto3}, {found.program}, starts in {starts:.1f} s"
        yield Line(state="ok", text=f"duplicity {where}")
        yield Line(state="ok", text="clock: simulated time reaches duplicity (--current-time)")
    except DrtestError as problem:
        yield Line(state="wrong", text=f"duplicity {options.duplicity}: {problem}")


def _stores() -> Iterator[Line]:
    for name, make in sorted(stores().items()):
        if name in {"endpoint", "aws"}:
            continue  # nothing to look at without an address
        started = monotonic_s()
        try:
            store = make()
            with tempfile.TemporaryDirectory(prefix="drtest-doctor-") as folder:
                try:
                    store.start(Path(folder))
                    took = monotonic_s() - started
                    yield Line(
                        state="ok", text=f"store {name} {store.version}, starts in {took:.1f} s"
                    )
                finally:
                    store.stop()
        except DrtestError as problem:
            state: Literal["absent", "wrong"] = "absent" if name in _ABSENT_IS_FINE else "wrong"
            first = str(problem).splitlines()[0]
            yield Line(state=state, text=f"store {name}: {first}")


def _room(options: Options) -> Iterator[Line]:
    parent = options.work_parent
    try:
        free = shutil.disk_usage(parent).free
    except OSError as problem:
        yield Line(state="wrong", text=f"{parent}: {problem.strerror}", mend="--work DIR")
        return
    text = f"{free / GIB:.1f} GiB free in {parent}"
    if free < ROOM_BYTES:
        wanted = f"; the shipped scenarios want {ROOM_BYTES / GIB:.0f} GiB"
        yield Line(state="wrong", text=text + wanted, mend="drtest run --work DIR")
    else:
        yield Line(state="ok", text=text)


def _limits() -> Iterator[Line]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        yield Line(
            state="wrong",
            text=f"open files limit {soft}, duplicity needs {OPEN_FILES}",
            mend=f"ulimit -n {OPEN_FILES}",
        )
    else:
        yield Line(state="ok", text=f"open files limit {soft}")
