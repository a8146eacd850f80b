"""The source tree in one step of the calendar: what lies where, and which entry it belongs to."""

# Text paths and os throughout: a tree may hold a million files.
# ruff: noqa: PTH101, PTH122

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random

from drtest.model.scenario import (
    ContentKind,
    CopyOf,
    Database,
    FileSet,
    LiteralFile,
    PathTarget,
    Size,
    SourceEntry,
)
from drtest.workload.disk import Listing, below, is_below, parent, relative, walk
from drtest.workload.edit import sniff
from drtest.workload.layout import PlannedFile, planned

_DEFAULT_SIZE = Size(shape="about", low_bytes=4096, high_bytes=64 * 1024)
_LONGEST_ENDING_BYTES = 16
_LONGEST_STEM_BYTES = 200  # of the 255 that a name may have


class Site:
    """A tree that is walked once in a step and then kept up to date by those who change it.

    ``at_s`` is the step's instant in Unix seconds, ``step`` its index.
    """

    def __init__(self, source: Sequence[SourceEntry], root: str, *, at_s: int, step: int) -> None:
        self.root = root
        self.at_s = at_s
        self.tree = walk(root)
        self.folders_changed: set[str] = set()
        self._entries = {relative(entry.path): entry for entry in source}
        self._step = f"{step:x}"
        self._named = 0  # names given in this step so far
        self._subfolders: dict[str, list[str]] | None = None
        self._homes: list[tuple[FileSet, list[str]]] | None = None

    def full(self, path: str) -> str:
        """Return the absolute path of *path*."""
        return f"{self.root}/{path}" if path else self.root

    def date(self, path: str) -> None:
        """Give *path* the step's instant as its mtime."""
        os.utime(self.full(path), (self.at_s, self.at_s), follow_symlinks=False)

    def close(self) -> None:
        """Date the folders whose entries changed, when nothing will move their mtime any more."""
        for path in self.folders_changed:
            if os.path.lexists(self.full(path)):
                self.date(path)

    def drop(self, path: str) -> None:
        """Forget *path* and all below it; the root stays."""

        def stays(other: str) -> bool:
            return not (is_below(other, path) or (other == path and path != ""))

        self.tree = Listing(
            files=list(filter(stays, self.tree.files)),
            folders=list(filter(stays, self.tree.folders)),
            others=list(filter(stays, self.tree.others)),
        )
        self._subfolders = self._homes = None

    def rename(self, moved: dict[str, str]) -> None:
        """Let the listing say that each path of *moved*, with all below it, lies elsewhere now.

        No path of *moved* lies below another.
        """

        def place(path: str) -> str:
            above = path
            while above:
                if above in moved:
                    return moved[above] + path[len(above) :]
                above = parent(above)
            return path

        tree = self.tree
        self.tree = Listing(
            files=list(map(place, tree.files)),
            folders=list(map(place, tree.folders)),
            others=list(map(place, tree.others)),
        )
        self.tree.sort()
        self.folders_changed = set(map(place, self.folders_changed))
        self._subfolders = self._homes = None

    def open_below(self, path: str) -> None:
        """Let the folder *path* and those in it be emptied; their modes go with them."""
        for folder in self.tree.folders:
            full = self.full(folder)
            is_in = is_below(folder, path) or (folder == path and path != "")
            if is_in and not os.access(full, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
                os.chmod(full, 0o700)

    def entry_paths(self) -> tuple[str, ...]:
        """Return the paths of the source's entries."""
        return tuple(self._entries)

    def owner(self, path: str) -> SourceEntry | None:
        """Return the entry that *path* belongs to: its own, or the nearest that is above it."""
        while True:
            entry = self._entries.get(path)
            if entry is not None or not path:
                return entry
            path = parent(path)

    def kind(self, path: str) -> ContentKind:
        """Return the kind of content that the file at *path* has."""
        entry = self.owner(path)
        return entry.kind if isinstance(entry, FileSet) else sniff(self.full(path))

    def folder_at(self, target: PathTarget) -> str:
        """Return the folder that *target* names; anything else is a ValueError."""
        path = relative(target.path)
        if path not in self.tree.folders:
            raise ValueError(f"{target.path} is not a folder of the source: nothing to add to")
        return path

    def new_place(self, rng: Random) -> str | None:
        """Return a folder for a new file, by the seed: in a large set more often than in a small.

        Only sets whose own folder is still there. A source without sets grows where its copies
        and literal files lie. None where there is no such folder.
        """
        homes = self._known_homes()
        if not homes:
            return None
        weights = [max(1, entry.files) for entry, _ in homes]
        return rng.choice(rng.choices(homes, weights=weights)[0][1])

    def new_file(self, folder: str, rng: Random) -> tuple[PlannedFile, ContentKind]:
        """Return a file that never was, for *folder*, as the entry it belongs to has them."""
        entry = self.owner(folder)
        like = entry if isinstance(entry, FileSet) else _home(folder)
        while True:
            self._named += 1
            # n is no hexadecimal digit: no name that build gives looks so.
            token = f"n{self._step}x{self._named:x}"
            plan = planned(like, folder, token, rng, mtime_s=self.at_s)
            if not os.path.lexists(self.full(plan.path)):
                return plan, like.kind

    def new_path(self, path: str, rng: Random) -> str:
        """Return a path that never was, for the file at *path*: there or in a folder beside it."""
        return self.new_path_in(self._folder_near(path, rng), path)

    def new_path_beside(self, path: str) -> str:
        """Return a path that never was, in the folder of *path*."""
        return self.new_path_in(parent(path), path)

    def new_path_in(self, folder: str, path: str) -> str:
        """Return a path in *folder* that never was, named after *path*."""
        stem, ending = os.path.splitext(path.rpartition("/")[2])
        if len(os.fsencode(ending)) > _LONGEST_ENDING_BYTES:
            ending = ""
        stem = os.fsdecode(os.fsencode(stem.partition("-")[0])[:_LONGEST_STEM_BYTES])
        while True:
            self._named += 1
            to = below(folder, f"{stem}-r{self._step}x{self._named:x}{ending}")
            if not os.path.lexists(self.full(to)):
                return to

    def _folder_near(self, path: str, rng: Random) -> str:
        here = parent(path)
        owner = self.owner(path)
        if owner is None or relative(owner.path) == here or rng.random() < 0.5:
            return here
        if self._subfolders is None:
            self._subfolders = {}
            for folder in self.tree.folders:
                if folder:
                    self._subfolders.setdefault(parent(folder), []).append(folder)
        beside = self._subfolders[parent(here)] if here else [here]
        # Never into another entry's folder: the kind of a file goes by the entry it lies in.
        return rng.choice([folder for folder in beside if self.owner(folder) is owner] or [here])

    def _known_homes(self) -> list[tuple[FileSet, list[str]]]:
        if self._homes is None:
            sets = [entry for entry in self._entries.values() if isinstance(entry, FileSet)]
            if not sets:
                places = [
                    path if isinstance(entry, CopyOf) else parent(path)
                    for path, entry in self._entries.items()
                    if isinstance(entry, CopyOf | LiteralFile | Database)
                ]
                sets = [_home(place) for place in dict.fromkeys(places)]
            inside = {relative(entry.path): list[str]() for entry in sets}
            for folder in self.tree.folders:
                entry = self.owner(folder)
                top = folder if entry is None else relative(entry.path)
                if top in inside and (folder == top or is_below(folder, top)):
                    inside[top].append(folder)
            # A set whose own folder was deleted takes no new files.
            self._homes = [
                (entry, inside[top])
                for entry in sets
                if (top := relative(entry.path)) in inside[top]
            ]
        return self._homes


def _home(path: str) -> FileSet:
    return FileSet(path=f"/{path}", files=1, size=_DEFAULT_SIZE)
