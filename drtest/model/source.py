"""What lies in the source, and what changes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from drtest.model.zoo import ZooThing

COPY = ".copy"  # what the verb copy puts behind a file's name
SMALLEST_DATABASE, LARGEST_DATABASE = 16 << 10, 1 << 30

ContentKind = Literal["text", "random", "zeros", "mixed", "database", "log"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the files of a set are: ``4 KiB``, ``1 KiB to 64 KiB`` or ``about 4 KiB``."""

    shape: Literal["fixed", "uniform", "about"]
    low_bytes: int  # fixed: the size; uniform: the smallest; about: the median of a lognormal
    high_bytes: int  # fixed: the same; uniform: the largest; about: the cut (``max``)

    def __post_init__(self) -> None:
        if not 0 <= self.low_bytes <= self.high_bytes:
            raise ValueError("a size needs 0 <= low <= high")
        if self.shape == "fixed" and self.low_bytes != self.high_bytes:
            raise ValueError("a fixed size has one number")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSet:
    """Many generated files below ``path``."""

    path: str
    files: int
    size: Size
    kind: ContentKind = "text"
    depth: int = 2  # folders nest at most this deep below path
    line: int = 0

    def __post_init__(self) -> None:
        need_absolute(self.path)
        if self.files < 0 or self.depth < 0:
            raise ValueError("files and depth are not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralFile:
    """One file whose content stands in the scenario."""

    path: str
    content: str
    mode: int = 0o644
    line: int = 0

    def __post_init__(self) -> None:
        need_absolute(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symlink:
    """One symbolic link; ``target`` is stored as it is written."""

    path: str
    target: str
    line: int = 0

    def __post_init__(self) -> None:
        need_absolute(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOf:
    """A copy of the user's own tree at ``of`` (read, never written), placed at ``path``."""

    path: str
    of: str
    line: int = 0

    def __post_init__(self) -> None:
        need_absolute(self.path)
        need_absolute(self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoo:
    """The odd things of ``model.zoo`` below ``path``, each in a folder of its name.

    ``things`` None is all of them: what the machine cannot give is then left out and told. A thing
    that is asked for by name and cannot be had is ``capability-missing``.
    """

    path: str
    things: tuple[ZooThing, ...] | None = None
    line: int = 0

    def __post_init__(self) -> None:
        need_absolute(self.path)
        if self.things is not None and len(set(self.things)) != len(self.things):
            raise ValueError("each thing of the zoo is named once")
        if self.things == ():
            raise ValueError("a zoo has at least one thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A real SQLite database in one file, of about ``size_bytes``."""

    path: str
    size_bytes: int
    line: int = 0

    def __post_init__(self) -> None:
        need_absolute(self.path)
        if not SMALLEST_DATABASE <= self.size_bytes <= LARGEST_DATABASE:
            raise ValueError("a database has 16 KiB at least, and 1 GiB at most")


SourceEntry = FileSet | LiteralFile | Symlink | CopyOf | Zoo | Database


MutationVerb = Literal[
    "edit",
    "append",
    "grow",
    "add",
    "rename",
    "recase",
    "swap",
    "move",
    "replace",
    "copy",
    "delete",
    "truncate",
    "rewrite",
    "chmod",
    "chown",
    "touch",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of all files of the source together, at least one: ``3%`` is 0.03."""

    of_files: float

    def __post_init__(self) -> None:
        if not 0 < self.of_files <= 1:
            raise ValueError("a share is more than 0% and at most 100%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of files, chosen by the seed."""

    files: int

    def __post_init__(self) -> None:
        if self.files < 0:
            raise ValueError("a count is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTarget:
    """One path of the source, absolute as the user writes it."""

    path: str

    def __post_init__(self) -> None:
        need_absolute(self.path)


MutationTarget = Share | Count | PathTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One kind of change to the source, and what it hits."""

    verb: MutationVerb
    targets: tuple[MutationTarget, ...]
    line: int = 0


def need_absolute(path: str) -> None:
    """Raise ValueError where *path* is not absolute, or climbs."""
    if not path.startswith("/") or ".." in PurePosixPath(path).parts or "\0" in path:
        raise ValueError(f"{path!r} is not an absolute path without '..'")
