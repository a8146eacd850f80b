"""A real SQLite database: the same from the same seed, sound after each write, torn by halves."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drtest.chance import Seed
from drtest.model.scenario import Database, LiteralFile, Mutation, PathTarget
from drtest.workload import build, database, mutate
from drtest.workload.database import WRITES, Write

AT = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
SIZE_BYTES = 2 << 20
SOURCE = (
    Database(path="/srv/orders.db", size_bytes=64 << 10),
    LiteralFile(path="/srv/hosts", content="localhost\n", mode=0o600),
)


def made(folder: Path, *, size_bytes: int = SIZE_BYTES, seed: int = 1) -> Path:
    file = folder / "orders.db"
    database.create(str(file), size_bytes, Seed(value=seed).rng(), mode=0o640, mtime_s=1_000)
    return file


def said(file: Path) -> str:
    """The first line of SQLite's own check."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
        try:
            return str(opened.execute("PRAGMA integrity_check").fetchone()[0])
        except sqlite3.DatabaseError as problem:
            return str(problem)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        file = made(tmp_path / name)
        for how in WRITES:
            assert database.write(str(file), how, Seed(value=7).rng())
        files.append(file)
    assert files[0].read_bytes() == files[1].read_bytes()
    (tmp_path / "three").mkdir()
    assert made(tmp_path / "three", seed=2).read_bytes() != files[0].read_bytes()


def test_it_is_as_large_as_was_asked_for(tmp_path: Path) -> None:
    file = made(tmp_path)
    assert SIZE_BYTES <= file.stat().st_size < SIZE_BYTES * 1.1
    assert (file.stat().st_mode & 0o777, file.stat().st_mtime) == (0o640, 1_000)
    assert [path.name for path in tmp_path.iterdir()] == ["orders.db"]


@pytest.mark.parametrize("how", WRITES)
def test_each_write_is_sound_and_leaves_no_other_file(how: Write, tmp_path: Path) -> None:
    file = made(tmp_path)
    before = file.read_bytes()
    file.chmod(0o440)
    assert database.write(str(file), how, Seed(value=3).rng())
    assert said(file) == "ok"
    assert file.read_bytes() != before
    assert file.stat().st_mode & 0o777 == 0o440
    assert [path.name for path in tmp_path.iterdir()] == ["orders.db"]
    if how == "rewrite":
        assert (file.stat().st_size, file.stat().st_mtime) == (len(before), 1_000)


@pytest.mark.parametrize("percent", [10, 30, 50, 70, 90])
def test_a_file_of_two_moments_is_torn(percent: int, tmp_path: Path) -> None:
    file = made(tmp_path)
    before = file.read_bytes()
    database.write(str(file), "edit", Seed(value=3).rng())
    cut = len(before) * percent // 100
    file.write_bytes(before[:cut] + file.read_bytes()[cut:])
    assert said(file) != "ok"


@pytest.mark.parametrize(
    "content", [b"", b"plain", b"SQLite format 3\0" + bytes(100)], ids=["empty", "text", "another"]
)
def test_what_is_not_its_own_is_left_to_others(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert not database.write(str(file), "edit", Seed(value=1).rng())
    assert not database.copy(str(file), str(tmp_path / "copy"))
    assert file.read_bytes() == content
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("size", [101, 5_000])
def test_one_that_is_cut_short_is_no_database_any_more(size: int, tmp_path: Path) -> None:
    file = made(tmp_path)
    os.truncate(file, size)
    assert not database.write(str(file), "edit", Seed(value=1).rng())
    assert not database.copy(str(file), str(tmp_path / "copy"))


def test_mutations_write_to_it_and_copy_it(tmp_path: Path) -> None:
    root = tmp_path / "src"
    build(SOURCE, root, seed=Seed(value=1), at=AT)
    file = root / "srv/orders.db"

    def change(verb: str, path: str, step: int) -> dict[str, int]:
        mutation = Mutation(verb=verb, targets=(PathTarget(path=path),))  # type: ignore[arg-type]
        return mutate((mutation,), SOURCE, root, seed=Seed(value=1), step=step, at=AT)

    assert change("copy", "/srv", 1) == {"copy": 2}
    first = (root / "srv/orders.db.copy").read_bytes()
    assert change("edit", "/srv/orders.db", 2) == {"edit": 1}
    assert said(file) == "ok"
    assert (root / "srv/orders.db.copy").read_bytes() == first
    assert change("copy", "/srv/orders.db", 3) == {"copy": 1}

    assert said(root / "srv/orders.db.copy") == "ok"
    assert (root / "srv/orders.db.copy").read_bytes() != first
    assert (root / "srv/hosts.copy").read_text() == "localhost\n"
    assert {path.name for path in (root / "srv").iterdir()} == {
        "hosts",
        "hosts.copy",
        "orders.db",
        "orders.db.copy",
    }
    copies = [(root / f"srv/{name}").stat() for name in ("hosts.copy", "orders.db.copy")]
    assert [one.st_mode & 0o777 for one in copies] == [0o600, 0o640]
    assert {one.st_mtime for one in copies} == {AT.timestamp()}
