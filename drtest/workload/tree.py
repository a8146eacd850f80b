"""Builds the source tree from its description and one seed."""

# Text paths and os throughout: a tree may hold a million files.
# ruff: noqa: PTH101, PTH102, PTH106, PTH108, PTH211

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from drtest.chance import Seed
from drtest.model.scenario import (
    CopyOf,
    Database,
    FileSet,
    LiteralFile,
    SourceEntry,
    Symlink,
    Zoo,
)
from drtest.model.zoo import ZooThing
from drtest.workload import database
from drtest.workload.content import blocks
from drtest.workload.disk import (
    create,
    faults,
    parent,
    relative,
    require_copyable,
    whole_seconds,
)
from drtest.workload.layout import files, folder_look, folders, stream, time_before
from drtest.workload.replica import check_copyable, replicate
from drtest.workload.zoo import build_zoo

_SINGLE = LiteralFile | Symlink | Database  # each is one path, with nothing below it


def build(
    source: Sequence[SourceEntry],
    root: Path,
    *,
    seed: Seed,
    at: datetime,
    without: Collection[tuple[str, ZooThing]] = (),
) -> None:
    """Make the tree that *source* describes below *root*, which is absent or an empty folder.

    The user's ``/srv/www`` lies at ``root/srv/www``. Same source, seed and *at*: the same names,
    contents, modes and mtimes on any machine, whatever the umask; each path draws from a stream of
    its own, so one more entry changes no other. mtimes are whole seconds of the year before *at*.
    A CopyOf keeps what it copies. A literal file, a symlink or a database replaces a file that a
    FileSet or a CopyOf would put in its place; the bytes of a database are those of this machine's
    SQLite. *without* names things of a zoo (its path, the thing) that are left out.

    Two entries for one path, or a file where another entry needs a folder, is a ValueError that
    names both. What the machine cannot give (an unreadable ``of``, a full disk) is an
    EnvironmentFault.
    """
    refuse_conflicts(source)
    with faults(str(root)):
        _Builder(root, seed, whole_seconds(at), frozenset(without)).run(source)


def refuse_conflicts(source: Sequence[SourceEntry]) -> None:
    """Raise a ValueError for entries that cannot lie in one tree, as far as their paths show it."""
    owners: dict[str, SourceEntry] = {}
    for entry in source:
        path = relative(entry.path)
        if path in owners:
            raise ValueError(f"{name(owners[path])} and {name(entry)} stand for one path")
        owners[path] = entry
        if path == "" and isinstance(entry, _SINGLE):
            raise ValueError(f"{name(entry)}: the root is a folder")
    for path, entry in owners.items():
        above = path
        while above:
            above = parent(above)
            if isinstance(owners.get(above), _SINGLE):
                raise ValueError(f"{name(entry)} needs a folder where {name(owners[above])} lies")


def name(entry: SourceEntry) -> str:
    """Return how a message names *entry*: what it is and its path in the user's spelling."""
    words = {
        FileSet: "files",
        LiteralFile: "file",
        Symlink: "symlink",
        CopyOf: "copy",
        Zoo: "zoo",
        Database: "sqlite",
    }
    return f"{words[type(entry)]} {entry.path}"


class _Builder:
    """One build under way; folders get mode and mtime when all that lies in them is there."""

    def __init__(
        self, root: Path, seed: Seed, at_s: int, without: frozenset[tuple[str, ZooThing]]
    ) -> None:
        self.without = without
        self.root = str(root.absolute())
        self.seed = seed
        self.at_s = at_s
        self.made: set[str] = set()  # folders that are ours to dress, not those of a copy
        self.touched: dict[str, os.stat_result] = {}  # folders of a copy, as they were

    def run(self, source: Sequence[SourceEntry]) -> None:
        for entry in source:  # before the root is made: it might lie in the user's own tree
            if isinstance(entry, CopyOf):
                check_copyable(entry.of, self.root)
        Path(self.root).mkdir(parents=True, exist_ok=True)
        if any(Path(self.root).iterdir()):
            raise ValueError(f"{self.root} is not empty: a source is built from nothing")
        by_depth = sorted(source, key=lambda entry: relative(entry.path))
        if not any(isinstance(entry, CopyOf) and not relative(entry.path) for entry in source):
            self.made.add("")
        for entry in by_depth:
            if isinstance(entry, CopyOf):
                self.copy(entry)
        for entry in by_depth:
            if isinstance(entry, FileSet):
                self.generate(entry)
        for entry in by_depth:
            if isinstance(entry, Zoo):
                self.keep(entry)
        for entry in by_depth:
            if isinstance(entry, _SINGLE):  # last: they win over what lies there
                self.put(entry)
        self.dress()

    def copy(self, entry: CopyOf) -> None:
        path = relative(entry.path)
        full = self.full(path)
        if not path:
            if not stat.S_ISDIR(require_copyable(entry.of).st_mode):
                raise ValueError(f"{name(entry)}: the root is a folder, {entry.of} is not")
            # replicate makes its target, and an empty root is as good as none.
            os.rmdir(full)
        else:
            self.need_folder(parent(path), entry)
            if os.path.lexists(full):
                raise ValueError(f"{name(entry)} meets what another copy has put there")
        replicate(entry.of, full)

    def generate(self, entry: FileSet) -> None:
        within = folders(entry, self.seed)
        for folder in within:
            self.need_folder(folder, entry)
        for path, size_bytes, mode, mtime_s in files(entry, within, self.seed, at_s=self.at_s):
            rng = stream(self.seed, "content", path).rng()
            parts = blocks(entry.kind, size_bytes, rng, until_s=mtime_s)
            try:
                create(self.full(path), parts, mode=mode, mtime_s=mtime_s)
            except FileExistsError as error:
                raise ValueError(f"{name(entry)}: another entry has made /{path}") from error

    def keep(self, entry: Zoo) -> None:
        def need_folder(path: str) -> None:
            self.need_folder(path, entry)

        try:
            build_zoo(
                entry,
                self.root,
                self.seed,
                at_s=self.at_s,
                need_folder=need_folder,
                without=self.without,
            )
        except FileExistsError as error:
            raise ValueError(f"{name(entry)}: another entry lies where it has a thing") from error

    def put(self, entry: LiteralFile | Symlink | Database) -> None:
        path = relative(entry.path)
        full = self.full(path)
        self.need_folder(parent(path), entry)
        if os.path.lexists(full):
            if stat.S_ISDIR(os.lstat(full).st_mode):
                raise ValueError(f"{name(entry)} lies where another entry has a folder")
            os.unlink(full)
        mtime_s = time_before(self.at_s, stream(self.seed, "time", path).rng())
        if isinstance(entry, Symlink):
            os.symlink(entry.target, full)
            os.utime(full, (mtime_s, mtime_s), follow_symlinks=False)
        elif isinstance(entry, Database):
            rng = stream(self.seed, "content", path).rng()
            database.create(full, entry.size_bytes, rng, mode=0o640, mtime_s=mtime_s)
        else:
            content = entry.content.encode("utf-8", "surrogateescape")
            create(full, (content,), mode=entry.mode, mtime_s=mtime_s)

    def need_folder(self, path: str, entry: SourceEntry) -> None:
        """Make the folder *path* and those above it; one that is a link would lead outside."""
        if path in self.made or path in self.touched:
            return
        if path:
            self.need_folder(parent(path), entry)
        full = self.full(path)
        try:
            os.mkdir(full, 0o700)
        except FileExistsError as error:
            seen = os.lstat(full)
            if not stat.S_ISDIR(seen.st_mode):
                raise ValueError(
                    f"{name(entry)} needs a folder at /{path}, where another entry has none"
                ) from error
            self.touched[path] = seen
        else:
            self.made.add(path)

    def dress(self) -> None:
        for path in sorted(self.made | self.touched.keys(), reverse=True):
            full = self.full(path)
            if path in self.touched:
                seen = self.touched[path]
                os.utime(full, ns=(seen.st_atime_ns, seen.st_mtime_ns))
            else:
                mode, mtime_s = folder_look(path, self.seed, at_s=self.at_s)
                os.chmod(full, mode)
                os.utime(full, (mtime_s, mtime_s))

    def full(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root
