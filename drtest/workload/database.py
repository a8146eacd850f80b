"""A real SQLite database in the source: made, written to and copied as an application would.

Written by the standard library's sqlite3. The same seed gives the same bytes with the same version
of SQLite; its header names that version.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Literal

from drtest.workload.disk import opened

Write = Literal["edit", "append", "grow", "rewrite"]
WRITES: tuple[Write, ...] = ("edit", "append", "grow", "rewrite")
_APPLICATION_ID = 0x64727465  # "drte": how a database of drtest's own is told from any other
_MAGIC, _HEADER_BYTES, _ID_AT = b"SQLite format 3\0", 100, 68  # sqlite.org/fileformat.html, 1.3
_ROW_BYTES = 1024  # in the file: four rows fill a page of 4096
_BODY_BYTES = 950
_NUMBERS = 1 << 24, 1 << 31  # each takes four bytes, so that an update moves no row
# No file beside the database, no file for sorting, nothing on its pages but what was put there.
_PRAGMAS = (
    "PRAGMA journal_mode = MEMORY",
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",
)


def create(full: str, size_bytes: int, rng: Random, *, mode: int, mtime_s: int) -> None:
    """Make a database of about *size_bytes* at *full*: orders, and behind them an index.

    One that is there is a FileExistsError.
    """
    Path(full).touch(mode=0o600, exist_ok=False)
    with closing(_connect(full)) as database, database:
        database.execute("PRAGMA page_size = 4096")
        database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, number INT, body BLOB)")
        _insert(database, max(4, size_bytes // _ROW_BYTES), rng)
        # Last, so that it lies at the file's end: far from the rows that it must agree with.
        database.execute("CREATE INDEX by_number ON orders (number)")
    Path(full).chmod(mode)
    os.utime(full, (mtime_s, mtime_s))


def is_own(full: str) -> bool:
    """Whether the file at *full* is a database that ``create`` made, whatever became of it."""
    with opened(full) as fd:
        head = os.pread(fd, _HEADER_BYTES, 0)
    return head.startswith(_MAGIC) and head[_ID_AT : _ID_AT + 4] == _APPLICATION_ID.to_bytes(4)


def write(full: str, how: Write, rng: Random) -> bool:
    """Commit one transaction; return whether there is a sound database of drtest's own at *full*.

    ``edit`` gives some orders another number, the first and the last among them: the table at the
    file's beginning and the index at its end must agree afterwards. ``append`` adds a few,
    ``grow`` as many as there are. ``rewrite`` changes what is in some, and neither size nor mtime.
    """
    if not is_own(full):
        return False
    seen = os.lstat(full)
    try:
        with opened(full), closing(_connect(full)) as database, database:
            (count,) = database.execute("SELECT count(*) FROM orders").fetchone()
            match how:
                case "edit" | "rewrite":
                    some = {1, count, *(rng.randint(1, count) for _ in range(3))}
                    for row in sorted(some):
                        _update(database, row, how, rng)
                case "append":
                    _insert(database, rng.randint(1, 4), rng)
                case "grow":
                    _insert(database, max(64, count), rng)
    except sqlite3.DatabaseError:
        return False  # cut short, or overwritten in its middle: no program can write to it
    if how == "rewrite":
        os.utime(full, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    return True


def copy(full: str, to: str) -> bool:
    """Copy the database at *full* to *to* by SQLite's own backup; return whether that could be.

    It reads in a transaction, so the copy is one state whoever writes meanwhile.
    """
    if not is_own(full):
        return False
    try:
        with opened(full), closing(_connect(full)) as source, closing(_connect(to)) as target:
            source.backup(target)
    except sqlite3.DatabaseError:
        return False
    return True


def _update(
    database: sqlite3.Connection, row: int, how: Literal["edit", "rewrite"], rng: Random
) -> None:
    if how == "edit":
        database.execute(
            "UPDATE orders SET number = ? WHERE id = ?", (rng.randrange(*_NUMBERS), row)
        )
    else:
        database.execute(
            "UPDATE orders SET body = ? WHERE id = ?", (rng.randbytes(_BODY_BYTES), row)
        )


def _insert(database: sqlite3.Connection, rows: int, rng: Random) -> None:
    database.executemany(
        "INSERT INTO orders (number, body) VALUES (?, ?)",
        ((rng.randrange(*_NUMBERS), rng.randbytes(_BODY_BYTES)) for _ in range(rows)),
    )


def _connect(full: str) -> sqlite3.Connection:
    database = sqlite3.connect(full)
    try:
        for pragma in _PRAGMAS:
            database.execute(pragma)
    except BaseException:
        database.close()
        raise
    return database
