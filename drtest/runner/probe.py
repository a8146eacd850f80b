"""Runs a drill's probe in a restored tree: from an empty environment, without a network."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from drtest import process
from drtest.clock import monotonic_s
from drtest.duplicity.host import give
from drtest.duplicity.machine import Machine
from drtest.errors import ToolMissing
from drtest.model.events import Restored
from drtest.model.probe import Probe, Probed
from drtest.runner.bench import Stand

TAIL_BYTES = 64 * 1024  # of its output, in the log
TAIL_LINES, TAIL_COLUMNS = 20, 400  # of it, in the record
_LOOK_TIMEOUT_S = 60.0
# A database that is started to be asked listens at 127.0.0.1, which is down in a new name space.
_LOOPBACK = (
    "import fcntl,socket,struct;"
    "fcntl.ioctl(socket.socket(),0x8914,struct.pack('16sh14x',b'lo',1))"  # SIOCSIFFLAGS, IFF_UP
)
_INSIDE = '"$1" -I -S -c "$2" 2>/dev/null; shift 2; exec "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a probe is run and what it may know."""

    restored: Path  # what was restored: a folder, or one file
    machine: Machine
    scratch: Path  # its HOME and TMPDIR are made here
    point_at: datetime | None  # the restore point
    log: Path
    log_name: str

    @property
    def folder(self) -> Path:
        """Where it stands: in what was restored, or beside that where it is a single file."""
        is_folder = self.restored.is_dir() and not self.restored.is_symlink()
        return self.restored if is_folder else self.restored.parent

    def environment(self) -> dict[str, str]:
        """Return the whole environment: nothing of drtest's own, and no secret."""
        dressed = self.machine.dressed
        point = {} if self.point_at is None else {"DRTEST_POINT": self.point_at.isoformat()}
        return {
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(self.scratch / "home"),
            "TMPDIR": str(self.scratch / "tmp"),
            "DRTEST_RESTORED": str(self.restored),
            **point,
            **({} if dressed is None else dressed.env),
        }


def probed(
    probe: Probe,
    came: Restored,
    *,
    into: Path,
    stand: Stand,
    machine: Machine,
    point_at: datetime | None,
    label: str,
) -> Restored:
    """Return *came*, which lies at *into*, with what *probe* says of it.

    It is recorded by now, so the probe can't spoil the comparison. What did not come back can't be
    asked.
    """
    if came.call.status != 0 or not came.tree:
        return came
    log, name = stand.log(f"{label}-probe")
    place = Place(
        restored=into,
        machine=machine,
        scratch=machine.folder / f"{into.name}.probe",
        point_at=point_at,
        log=log,
        log_name=name,
    )
    limit_s = min(probe.limit.total_seconds(), stand.action_limit_s())
    with stand.bench.slots:
        stand.bench.check_stop()
        return replace(came, probed=run(probe, place, limit_s=limit_s))


def run(probe: Probe, place: Place, *, limit_s: float) -> Probed:
    """Run *probe* at *place* for *limit_s* at most and return how it went.

    What it left in its process group is killed. Raises Interrupted where the run is stopped.
    """
    redact, machine = place.machine.redact, place.machine
    command = tuple(redact(word) for word in probe.command)
    program = _program(probe.command[0], place.folder)
    if isinstance(program, str):
        return Probed(
            command=command, status=None, elapsed_s=0.0, limit_s=limit_s, problem=redact(program)
        )
    for folder in (place.scratch, place.scratch / "home", place.scratch / "tmp"):
        folder.mkdir(mode=0o700)
    dressed = machine.dressed
    if dressed is not None and dressed.owner is not None:
        give(place.scratch, dressed.owner)
    alone = isolation()
    prefix = (*(alone or ()), *(() if dressed is None else dressed.prefix))
    raw = machine.folder / "probe.log"
    started_s = monotonic_s()
    try:
        done = process.run(
            [*prefix, str(program), *probe.command[1:]],
            env=place.environment(),
            log=raw,
            timeout_s=limit_s,
            cwd=place.folder,
            tail_bytes=TAIL_BYTES,
        )
    except (ToolMissing, PermissionError, FileNotFoundError) as problem:
        return Probed(
            command=command,
            status=None,
            elapsed_s=monotonic_s() - started_s,
            limit_s=limit_s,
            is_isolated=alone is not None,
            problem=redact(str(problem)),
        )
    said = redact(raw.read_text(encoding="utf-8", errors="replace"))
    place.log.write_text(said, encoding="utf-8")
    return Probed(
        command=command,
        status=done.status,
        elapsed_s=round(done.elapsed_s, 3),
        limit_s=limit_s,
        timed_out=done.timed_out,
        is_isolated=alone is not None,
        tail=tuple(line[:TAIL_COLUMNS] for line in said.splitlines()[-TAIL_LINES:]),
        log=place.log_name,
    )


@cache
def isolation() -> tuple[str, ...] | None:
    """Return the words before a command that take its network away, None where nothing does.

    Root gets a network name space; an ordinary user one within a user name space, where the
    machine allows that. Each is tried once.
    """
    unshare = process.find("unshare", process.SYSTEM_PATH)
    if unshare is None:
        return None
    inside = ("/bin/sh", "-c", _INSIDE, "sh", sys.executable, _LOOPBACK)
    own = ("--user", "--map-current-user", "--keep-caps")
    for more in ((), own) if os.geteuid() == 0 else (own,):
        words = (str(unshare), *more, "--net", "--", *inside)
        if _works(words):
            return words
    return None


def _works(prefix: Sequence[str]) -> bool:
    with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
        done = process.run(
            [*prefix, "/bin/true"],
            env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH},
            log=Path(folder) / "log",
            timeout_s=_LOOK_TIMEOUT_S,
        )
    return done.status == 0


def _program(word: str, folder: Path) -> Path | str:
    """Return what *word* means to somebody in *folder*, or why it can't be executed."""
    if "/" not in word:
        found = process.find(word, process.SYSTEM_PATH)
        return found or f"{word} lies in no folder of {process.SYSTEM_PATH}"
    path = folder / word
    if not path.exists():
        return f"there is no {word}"
    if not path.is_file() or not os.access(path, os.X_OK):
        return f"{word} can't be executed"
    return path
