"""What failing drills leave to look at, until somebody decides whether it is kept."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from drtest.runner.workspace import remove_tree

# Sockets and locks of an agent that is gone.
_PASSING = shutil.ignore_patterns("S.*", ".#*", "*.lock")


@dataclass(slots=True, kw_only=True)
class Wreck:
    """The leavings of one scenario: ``folder`` is where they would be kept, mode 0700.

    Each drill leaves its restored trees, archive dir, output and throw-away GNUPGHOME, in a folder
    of its label: ``d3.2`` for restore 2 of drill 3. What they share lies beside.
    """

    folder: Path
    # Only throw-away keys are kept: one of the user's own is not to lie about in one place more.
    keeps_keys: bool = True
    labels: list[str] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def place(self, label: str) -> Path:
        """Return where the wreck of drill *label* lies if it is kept."""
        return self.folder / label

    def has_drill(self, number: int) -> bool:
        """Whether any restore of a drill failed."""
        return any(label.startswith(f"d{number}.") for label in self.labels)

    def add(self, label: str, machine: Path, gnupg: Path) -> None:
        """Move a drill's machine here; the GNUPGHOME must have no agent any more."""
        with self._guard:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.labels.append(label)
        place = self.place(label)
        remove_tree(place)
        shutil.move(machine, place, copy_function=_copy)
        if self.keeps_keys and gnupg.exists():
            shutil.copytree(gnupg, place / "gnupg", ignore=_PASSING)

    def add_common(self, name: str, tree: Path) -> None:
        """Copy what all drills share (the source) once, and only where there is a wreck."""
        if self.labels and tree.exists():
            shutil.copytree(
                tree, self.folder / name, symlinks=True, dirs_exist_ok=True, copy_function=_copy
            )

    def write(self, name: str, lines: Iterable[str]) -> None:
        """Write a text for its owner alone, where there is a wreck."""
        if not self.labels:
            return
        path = self.folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def size_bytes(tree: Path) -> int:
    """Return how much the files of a tree hold; 0 where there is none."""
    return sum(
        path.lstat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink()
    )


def _copy(one: str, other: str, *, follow_symlinks: bool = True) -> None:
    """Copy a file, or make a pipe, socket or device anew: reading those would fail or wait."""
    seen = os.lstat(one)
    if stat.S_ISREG(seen.st_mode) or stat.S_ISLNK(seen.st_mode):
        shutil.copy2(one, other, follow_symlinks=follow_symlinks)
    else:
        os.mknod(other, seen.st_mode, seen.st_rdev)
