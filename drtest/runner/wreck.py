"""What failing drills leave to look at, until somebody decides whether it is kept."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path

from drtest.runner.workspace import remove_tree


@dataclass(slots=True, kw_only=True)
class Wreck:
    """The leavings of one scenario: ``folder`` is where they would be kept, mode 0700.

    Each drill leaves its restored trees, archive dir, output and throw-away GNUPGHOME.
    """

    folder: Path
    labels: list[str] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def place(self, label: str) -> Path:
        """Return where the wreck of drill *label* lies if it is kept."""
        return self.folder / label

    def add(self, label: str, machine: Path, gnupg: Path) -> None:
        """Move a drill's machine here; the GNUPGHOME must have no agent any more."""
        with self._guard:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.labels.append(label)
        place = self.place(label)
        remove_tree(place)
        shutil.move(machine, place, copy_function=_copy)
        if gnupg.exists():
            shutil.copytree(gnupg, place / "gnupg", ignore=shutil.ignore_patterns("S.*"))

    def add_common(self, name: str, tree: Path) -> None:
        """Copy what all drills share (the source) once, and only where there is a wreck."""
        if self.labels and tree.exists():
            shutil.copytree(
                tree, self.folder / name, symlinks=True, dirs_exist_ok=True, copy_function=_copy
            )

    def discard(self) -> None:
        """Remove what was left: everything turned out as expected."""
        remove_tree(self.folder)


def _copy(one: str, other: str, *, follow_symlinks: bool = True) -> None:
    """Copy a file, or make a pipe, socket or device anew: reading those would fail or wait."""
    seen = os.lstat(one)
    if stat.S_ISREG(seen.st_mode) or stat.S_ISLNK(seen.st_mode):
        shutil.copy2(one, other, follow_symlinks=follow_symlinks)
    else:
        os.mknod(other, seen.st_mode, seen.st_rdev)
