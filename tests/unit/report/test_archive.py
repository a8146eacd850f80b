"""The folders of runs, what is written into them, and what is left after a crash."""

from __future__ import annotations

import json
import os
import stat
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from support.results import SETTINGS, STARTED_AT, run, scenario
from support.texts import hostile

from drtest.errors import DrtestError, EnvironmentFault, UsageError
from drtest.model.events import FaultSeen, StepFinished, StepStarted
from drtest.report.archive import Archive, latest, runs, slug
from drtest.report.document import document
from drtest.report.events import FILE, EventWriter, read_events

AT = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
STARTED = StepStarted(index=1, at=AT, what="backup")
FINISHED = StepFinished(index=1, at=AT, elapsed_s=1.5)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.create(tmp_path / "reports", STARTED_AT)


@pytest.fixture
def history(archive: Archive) -> Iterator[EventWriter]:
    with archive.events(archive.scenario_folder("a", 1)) as writer:
        yield writer


def test_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    made = [Archive.create(tmp_path, STARTED_AT).folder for _ in range(11)]
    assert [path.name for path in made[:3]] == [
        "2026-04-01T041209Z",
        "2026-04-01T041209Z-2",
        "2026-04-01T041209Z-3",
    ]
    assert runs(tmp_path) == tuple(made)  # -10 comes after -9
    assert latest(tmp_path) == made[-1]


def test_what_is_no_run_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "2026-04-01T041209Z").write_text("a file")
    (tmp_path / "2026-04-01T041209Z.old").mkdir()
    assert runs(tmp_path) == () == runs(tmp_path / "absent")
    assert latest(tmp_path) is None


def test_a_root_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="not a folder"):
        Archive.create(tmp_path / "file", STARTED_AT)
    with pytest.raises(UsageError, match="Not a directory"):
        Archive.create(tmp_path / "file" / "below", STARTED_AT)
    with pytest.raises(UsageError, match="no report can be written below /proc"):
        Archive.create(Path("/proc/reports"), STARTED_AT)


def test_scenario_folders_are_numbered_and_stay_inside(archive: Archive) -> None:
    assert archive.scenario_folder("First full, and restore", 1).name == "01-first-full-and-restore"
    for number, name in enumerate(["../../etc", "", "日本", "x" * 300, "a\nb"], start=2):
        folder = archive.scenario_folder(name, number)
        assert folder.parent == archive.folder and folder.is_dir()
    assert archive.scenario_folder("a", 9) != archive.scenario_folder("a", 9)


@given(hostile)
def test_slugs_are_safe(name: str) -> None:
    made = slug(name)
    assert 0 < len(made) <= 48
    assert set(made) <= set(string.ascii_lowercase + string.digits + "-")
    assert not made.startswith("-") and not made.endswith("-")


def test_histories_are_found_in_the_order_of_their_numbers(archive: Archive) -> None:
    folders = [archive.scenario_folder("a", number) for number in (100, 2, 10)]
    for folder in folders:
        archive.events(folder).close()
    (archive.folder / "notes").mkdir()
    assert [path.name for path in archive.scenario_folders()] == ["02-a", "10-a", "100-a"]


def test_events_come_back(history: EventWriter) -> None:
    history.write(STARTED)
    history.write(FINISHED)
    # Not closed yet: what was written is there for whoever looks after a crash.
    assert list(read_events(history.path)) == [STARTED, FINISHED]
    lines = history.path.read_text().splitlines()
    assert json.loads(lines[0])["schema_version"] == 1
    assert json.loads(lines[2]) == {
        "event": "StepFinished",
        "index": 1,
        "at": "2026-01-01T03:00:00Z",
        "elapsed_s": 1.5,
    }


def test_a_line_that_was_broken_off_is_left_out_and_told(history: EventWriter) -> None:
    history.write(STARTED)
    whole = history.path.stat().st_size
    history.write(FINISHED)
    for size in range(whole + 1, history.path.stat().st_size):
        os.truncate(history.path, size)
        *kept, told = read_events(history.path)
        assert kept == [STARTED]
        assert isinstance(told, FaultSeen) and told.code == "interrupted"
        assert "line 3" in told.message
        with history.path.open("ab") as file:
            file.write(b" " * 500)


def test_a_history_without_a_line_is_told(history: EventWriter) -> None:
    os.truncate(history.path, 0)
    assert [event.code for event in read_events(history.path)] == ["interrupted"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('{"file": "drtest events", "schema_version": 99}', "line 1: .*schema version 99"),
        ('{"event": "StepFinished"}', "line 1: not an event history"),
        ("nonsense", "line 1: not JSON"),
        ('{"file": "drtest events", "schema_version": 1}\n{"event": "X"}', "line 2: .*'X'"),
    ],
)
def test_a_history_of_another_kind_is_refused(tmp_path: Path, lines: str, why: str) -> None:
    path = tmp_path / FILE
    path.write_text(lines + "\n")
    with pytest.raises(DrtestError, match=why):
        list(read_events(path))


def test_a_history_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DrtestError, match="cannot be read"):
        list(read_events(tmp_path / FILE))


def test_a_history_is_never_begun_twice(history: EventWriter) -> None:
    with pytest.raises(EnvironmentFault, match="File exists"):
        EventWriter(history.path)


def test_a_closed_history_takes_no_more(history: EventWriter) -> None:
    history.close()
    history.close()
    with pytest.raises(ValueError, match="is closed"):
        history.write(STARTED)


def test_a_full_disk_is_told() -> None:
    # /dev/full is not a new file, so the writer is led to it.
    writer = object.__new__(EventWriter)
    writer.path, writer._redact, writer._size = Path("/dev/full"), str, 0
    writer._fd = os.open("/dev/full", os.O_WRONLY)
    with writer, pytest.raises(EnvironmentFault, match="No space left"):
        writer.write(STARTED)


def test_the_document_is_written_whole_and_replaced(archive: Archive) -> None:
    archive.write_run(run(scenario("first")))
    path = archive.write_run(run(scenario("caf\udce9")))
    assert path == archive.run_file and path.name == "run.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert archive.read_run() == document(run(scenario("caf\udce9")))
    assert [entry.name for entry in archive.folder.iterdir()] == ["run.json"]


def test_settings_outlive_a_crash(archive: Archive) -> None:
    archive.write_settings(SETTINGS, STARTED_AT)
    assert archive.read_settings() == (SETTINGS, STARTED_AT)


def test_a_stored_run_is_opened_and_nothing_else(archive: Archive, tmp_path: Path) -> None:
    for folder in (tmp_path / "absent", archive.folder):
        with pytest.raises(UsageError):
            Archive.open(folder)
    with pytest.raises(DrtestError, match="cannot be read"):
        archive.read_run()
    archive.events(archive.scenario_folder("broken off", 1)).close()
    assert Archive.open(archive.folder).scenario_folders()


def test_nothing_secret_is_kept(tmp_path: Path) -> None:
    archive = Archive.create(
        tmp_path, STARTED_AT, redact=lambda text: text.replace('top"secret', "[redacted]")
    )
    folder = archive.scenario_folder("a", 1)
    with archive.events(folder) as history:
        history.write(
            FaultSeen(code="store-failed", message='top"secret', evidence={"a": 'top"secret'})
        )
    archive.write_run(run(scenario("a", why='top"secret')))
    archive.write_scenario(folder, 'why: top"secret\n')
    for file in archive.folder.rglob("*"):
        assert file.is_dir() or b"secret" not in file.read_bytes()
