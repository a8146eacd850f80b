"""The run archive: one folder a run under ``reports/``.

2026-04-01T041209Z/        a second run in the same second gets -2
    settings.json          what the run was told, written when it starts
    baseline.json          the figures of --baseline, where one was named
    run.json               the verdict (run.schema.json), written when it ends
    index.html             the same as a page to forward
    01-first-full/         one folder a scenario
        scenario.yaml      the scenario as it was run
        events.jsonl       its history; beside it the side files that events name
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drtest.errors import DrtestError, OutOfSpace, UsageError
from drtest.model.baseline import Baseline
from drtest.model.run import RunResult, Settings
from drtest.report import codec
from drtest.report.disk import is_full, writing
from drtest.report.document import document
from drtest.report.events import FILE, EventWriter

RUN_FILE = "run.json"
PAGE_FILE = "index.html"
SCENARIO_FILE = "scenario.yaml"
_SETTINGS_FILE = "settings.json"
_BASELINE_FILE = "baseline.json"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{6}Z)(?:-(\d+))?", re.ASCII)
_SLUG_LENGTH = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    settings: Settings
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One run's folder. ``redact`` is applied to every text that is written into it."""

    folder: Path
    redact: Callable[[str], str] = str

    @classmethod
    def create(
        cls, root: Path, started_at: datetime, *, redact: Callable[[str], str] = str
    ) -> Archive:
        """Make the folder of a run that began at *started_at*, below *root* (made if absent).

        UsageError where *root* cannot be written, OutOfSpace where the disk is full.
        """
        name = started_at.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
        try:
            root.mkdir(parents=True, exist_ok=True)
            return cls(folder=_make_new(root, name), redact=redact)
        except OSError as error:
            if is_full(error):
                raise OutOfSpace(f"no room for a report below {root}") from error
            why = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
            raise UsageError(f"no report can be written below {root}: {why}") from error

    @classmethod
    def open(cls, folder: Path, *, redact: Callable[[str], str] = str) -> Archive:
        """Return the archive of a run that was stored; UsageError where *folder* holds none."""
        if not folder.is_dir():
            raise UsageError(f"{folder} is not the folder of a run")
        archive = cls(folder=folder, redact=redact)
        if not (archive.run_file.exists() or archive.scenario_folders()):
            raise UsageError(f"{folder} holds neither {RUN_FILE} nor the history of a scenario")
        return archive

    def discard(self) -> None:
        """Remove the folder of a run that never began; what is not empty stays."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    @property
    def run_file(self) -> Path:
        """Where the verdict stands once the run has ended."""
        return self.folder / RUN_FILE

    def scenario_folder(self, name: str, number: int) -> Path:
        """Make and return the folder of the *number*-th scenario: ``01-first-full-and-restore``."""
        with writing(self.folder):
            return _make_new(self.folder, f"{number:02d}-{slug(name)}")

    def scenario_folders(self) -> tuple[Path, ...]:
        """Return the folders that hold a history, in the order of their numbers."""
        found = (path.parent for path in self.folder.glob(f"*/{FILE}"))
        return tuple(sorted(found, key=lambda path: (_number(path.name), path.name)))

    def events(self, folder: Path) -> EventWriter:
        """Start the history in *folder*, a scenario's."""
        return EventWriter(folder / FILE, redact=self.redact)

    def write_scenario(self, folder: Path, yaml_text: str) -> Path:
        """Keep the scenario as it was run, so that it can be judged again."""
        return write_text(folder / SCENARIO_FILE, self.redact(yaml_text))

    def write_settings(self, settings: Settings, started_at: datetime) -> Path:
        """Keep what the run was told; a run that is broken off can then still be told."""
        started = _Started(settings=settings, started_at=started_at)
        return self._write_json(self.folder / _SETTINGS_FILE, codec.plain(started))

    def read_settings(self) -> tuple[Settings, datetime]:
        """Return what the run was told and when it began; DrtestError where it is not there."""
        path = self.folder / _SETTINGS_FILE
        started = codec.build(_Started, _read_json(path))
        return started.settings, started.started_at

    def write_baseline(self, baseline: Baseline) -> Path:
        """Keep what the run is held against, so that it can be judged again without it."""
        return self._write_json(self.folder / _BASELINE_FILE, codec.plain(baseline))

    def read_baseline(self) -> Baseline | None:
        """Return what the run is held against, None where it is nothing."""
        path = self.folder / _BASELINE_FILE
        return codec.build(Baseline, _read_json(path)) if path.exists() else None

    def write_run(self, run: RunResult) -> Path:
        """Write run.json, whole or not at all; an older one is replaced."""
        return self._write_json(self.run_file, document(run))

    def read_run(self) -> dict[str, Any]:
        """Return the document of run.json; DrtestError where there is none that can be read."""
        data = _read_json(self.run_file)
        if not isinstance(data, dict):
            raise DrtestError(f"{self.run_file} is not the document of a run")
        return data

    def _write_json(self, path: Path, data: object) -> Path:
        text = codec.dumps(codec.map_text(data, self.redact), indent=2)
        return write_text(path, text + "\n")


def runs(root: Path) -> tuple[Path, ...]:
    """Return the folders of runs below *root*, oldest first; none where *root* is absent."""
    if not root.is_dir():
        return ()
    named = ((_NAME.fullmatch(path.name), path) for path in root.iterdir() if path.is_dir())
    found = [(name[1], int(name[2] or 1), path) for name, path in named if name]
    return tuple(path for _, _, path in sorted(found))


def latest(root: Path) -> Path | None:
    """Return the folder of the newest run below *root*, None where there is none."""
    return next(reversed(runs(root)), None)


def slug(name: str) -> str:
    """Return *name* as a part of a path: ``[a-z0-9-]`` only, never empty, at most 48 long."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")
    return words[:_SLUG_LENGTH].rstrip("-") or "scenario"


def _make_new(parent: Path, name: str) -> Path:
    """Make a folder that was not there: *name*, or *name* with -2, -3 ... behind it."""
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()  # fails where it exists: two runs at once cannot share one
        except FileExistsError:
            number += 1
        else:
            return folder


def _number(name: str) -> int:
    digits = name.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def write_text(path: Path, text: str) -> Path:
    """Write *text* to *path*, whole or not at all; OutOfSpace or EnvironmentFault where not."""
    with writing(path):
        fd, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
                os.fchmod(fd, 0o644)  # mkstemp's 0600 would hide the report from CI's collector
                file.write(text)
                file.flush()
                os.fsync(fd)
            Path(scratch).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(scratch).unlink()
            raise
    return path


def _read_json(path: Path) -> Any:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DrtestError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return codec.loads(text)
    except DrtestError as error:
        raise DrtestError(f"{path}: {error}") from error
