"""What one selection rule says of one path; a kind of rule is one class here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, assert_never

from drtest.model.tree import Entry
from drtest.oracle.glob import Glob

Says = Literal["include", "exclude", "scan"] | None
Word = Literal["include", "exclude"]


class Criterion(Protocol):
    """What one rule says of one path. A new kind of rule is one more implementation."""

    def says(self, name: str, entry: Entry) -> Says:
        """Return the rule's word on *entry*, whose absolute path is *name*."""
        ...


class Surroundings(Protocol):
    """What a rule may ask about a path beside what its entry says; paths relative to the root."""

    def holds(self, folder: str, name: str) -> bool:
        """Whether *folder* has an entry *name*, of any type."""
        ...

    def is_elsewhere(self, path: str) -> bool:
        """Whether *path* lies on another file system than the root."""
        ...


@dataclass(frozen=True, slots=True)
class Disk:
    """The source as it lies on the disk now. What cannot be looked at says no, as in duplicity."""

    root: Path

    def holds(self, folder: str, name: str) -> bool:
        """Whether *folder* lists *name*."""
        try:
            listed = os.listdir(self._full(folder))  # noqa: PTH208  (bytes: no locale in it)
        except OSError:
            return False
        return name.encode("utf-8", "surrogateescape") in listed

    def is_elsewhere(self, path: str) -> bool:
        """Whether ``st_dev`` of *path* is not that of the root."""
        try:
            return os.lstat(self._full(path)).st_dev != self.root.stat().st_dev
        except OSError:
            return False

    def _full(self, path: str) -> bytes:
        return os.path.join(  # noqa: PTH118  (bytes)
            os.fsencode(self.root), path.encode("utf-8", "surrogateescape")
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A source that was, of which the *paths* that rules ask for are known; one file system."""

    paths: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[Entry], names: frozenset[str]) -> Recorded:
        """Remember the *entries* that are called one of *names*."""
        return cls(
            frozenset(one.path for one in entries if one.path.rpartition("/")[2] in names)
            if names
            else frozenset()
        )

    def holds(self, folder: str, name: str) -> bool:
        """Whether *name* was seen in *folder*."""
        return f"{folder}/{name}" in self.paths

    def is_elsewhere(self, path: str) -> bool:  # noqa: ARG002  (truths do not hold it)
        """Not known of a recorded path."""
        return False


@dataclass(frozen=True, slots=True)
class GlobCriterion:
    """``--include`` and ``--exclude`` with a pattern."""

    action: Word
    glob: Glob

    def says(self, name: str, entry: Entry) -> Says:
        """Return the action where the pattern covers the path, ``scan`` where it leads to some."""
        match self.glob.reach(name, is_dir=entry.type == "dir"):
            case "covers":
                return self.action
            case "leads-to":
                return "scan" if self.action == "include" else None
            case None:
                return None
            case _ as unreachable:
                assert_never(unreachable)


@dataclass(slots=True)
class LiteralCriterion:
    """A path, all that lies below it, and (include) the folders on the way to it."""

    action: Word
    text: str
    folds: bool = False

    def __post_init__(self) -> None:
        if self.text != "/":
            self.text = self.text.removesuffix("/")
        if self.folds:
            self.text = self.text.casefold()

    def says(self, name: str, entry: Entry) -> Says:  # noqa: ARG002
        """Return the word on the absolute path *name*; nothing else matters."""
        name = name.casefold() if self.folds else name
        if name == self.text or name.startswith(f"{self.text}/"):
            return self.action
        return "scan" if self.action == "include" and self.text.startswith(f"{name}/") else None

    def reaches(self, name: str) -> bool:
        """Whether the folder *name* is covered or lies on the way."""
        name = name.casefold() if self.folds else name
        return f"{name}/".startswith(f"{self.text}/") or self.text.startswith(f"{name}/")


@dataclass(frozen=True, slots=True)
class RegexpCriterion:
    """A regular expression, searched for anywhere in the path. It never leads to anything."""

    action: Word
    pattern: re.Pattern[str]

    def says(self, name: str, entry: Entry) -> Says:  # noqa: ARG002
        """Return the action where *name* has it; what lies below a match must match itself."""
        return self.action if self.pattern.search(name) else None


@dataclass(frozen=True, slots=True)
class MarkerCriterion:
    """``--exclude-if-present``: a folder that has an entry of this name."""

    marker: str
    around: Surroundings

    def says(self, name: str, entry: Entry) -> Says:  # noqa: ARG002
        """Exclude a folder with the marker, and so all of it; say nothing of anything else."""
        is_marked = entry.type == "dir" and self.around.holds(entry.path, self.marker)
        return "exclude" if is_marked else None


@dataclass(frozen=True, slots=True)
class AgeCriterion:
    """``--exclude-older-than``: files alone, by their mtime."""

    before_s: int

    def says(self, name: str, entry: Entry) -> Says:  # noqa: ARG002
        """Exclude a file whose mtime, as a float as in duplicity, is less."""
        if entry.type != "file":
            return None
        seconds, rest = divmod(entry.mtime_ns, 1_000_000_000)
        return "exclude" if seconds + 1e-9 * rest < self.before_s else None


@dataclass(frozen=True, slots=True)
class DeviceCriterion:
    """``--exclude-device-files``."""

    def says(self, name: str, entry: Entry) -> Says:  # noqa: ARG002
        """Exclude block and character devices."""
        return "exclude" if entry.type in ("block", "char") else None


@dataclass(frozen=True, slots=True)
class MountCriterion:
    """``--exclude-other-filesystems``."""

    around: Surroundings

    def says(self, name: str, entry: Entry) -> Says:  # noqa: ARG002
        """Exclude what lies on another file system than the source's root."""
        return "exclude" if self.around.is_elsewhere(entry.path) else None


@dataclass(frozen=True, slots=True)
class Setting:
    """What rules are read against: where the source lies, when, and what is around its paths."""

    root: Path
    at: datetime | None = None  # of the backup; older-than alone needs it
    around: Surroundings = field(default_factory=Recorded)
