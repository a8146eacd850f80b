"""The shape of a source, and what a mutation makes of it: expectations, computed before a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import assert_never

from drtest.cost.sizes import BLOCK_BYTES, Content, signature_bytes
from drtest.model.scenario import (
    ContentKind,
    Count,
    FileSet,
    LiteralFile,
    Mutation,
    PathTarget,
    Share,
    Size,
    SourceEntry,
    Symlink,
)
from drtest.model.tree import Entry

# What gzip -6 (and gpg's zlib, the same) makes of drtest.workload's content, stored over original:
# 2 to 4 MiB of files of 64 KiB, blocks(kind, ...) of workload/content.py, zlib 1.2.13.
RATIO: dict[ContentKind, float] = {
    "text": 0.204,
    "random": 1.0003,
    "zeros": 0.001,
    "mixed": 0.634,
    "database": 0.553,
    "log": 0.183,
}
MOST_RATIO = 1.002  # no content grows more by deflate
# What one change of a file adds to a volume, before compression: two spans and the rest of the
# librsync blocks that they touch (workload/edit.py says what an edit is).
_DELTA_BYTES: dict[ContentKind, int] = {
    "text": 1_500,
    "random": 2_700,
    "zeros": 2_700,
    "mixed": 2_100,
    "database": 34_000,
    "log": 2_100,
}
_APPEND_BYTES, _PAGE_BYTES = 2_080, 16_384
_LEAST_GROWTH_BYTES, _MOST_GROWTH_BYTES = 65_536, 16 << 20
_FILES_PER_FOLDER = 12  # workload/layout.py
_PATH_BYTES = 32  # of a generated file, below the source's root
_DEVIATIONS = 8  # so many standard deviations above the mean is "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGroup:
    """Files of one kind: how many, how large, how well they compress."""

    files: float
    mean_bytes: float
    ratio: float  # stored over original
    delta_bytes: float  # stored bytes of one edited file
    append_bytes: float  # stored bytes of one appended piece
    largest_bytes: int
    spread_bytes: float = 0.0  # standard deviation of one file's size

    @property
    def size_bytes(self) -> float:
        """Bytes of all files."""
        return self.files * self.mean_bytes

    @property
    def most_bytes(self) -> float:
        """Bytes of all files, at most: eight standard deviations above the mean."""
        spread = _DEVIATIONS * self.spread_bytes * math.sqrt(self.files)
        return min(self.files * self.largest_bytes, self.size_bytes + spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShape:
    """What a prediction must know of a source; only what the policy selects belongs in it."""

    groups: tuple[FileGroup, ...]
    others: float = 0.0  # folders, links and the like
    path_bytes: float = _PATH_BYTES
    why_estimate: str = ""  # what the shape does not know, "" where it is the whole truth

    @property
    def files(self) -> float:
        """All files."""
        return sum(group.files for group in self.groups)

    @property
    def most_stored_bytes(self) -> float:
        """What a full of it stores at most, if nothing compresses, tar headers and all."""
        data = sum(group.most_bytes for group in self.groups)
        return data * MOST_RATIO + (self.files + self.others + 1) * 1024

    @property
    def most_metadata_bytes(self) -> float:
        """What signatures or manifest of a full of it take at most."""
        data = sum(group.most_bytes for group in self.groups)
        return data * 0.025 + (self.files + self.others + 1) * 1024

    def content(self) -> Content:
        """Return what a full stores."""
        return Content(
            stored_bytes=sum(group.size_bytes * group.ratio for group in self.groups),
            entries=self.files + self.others + 1,
            signatures_bytes=sum(
                group.files * signature_bytes(int(group.mean_bytes)) for group in self.groups
            ),
            path_bytes=self.path_bytes,
            block_stored_bytes=self.block_stored_bytes,
        )

    @property
    def block_stored_bytes(self) -> float:
        """Mean size of the blocks that content is handed on in, weighed by what is stored."""
        stored = sum(group.size_bytes * group.ratio for group in self.groups)
        if not stored:
            return BLOCK_BYTES
        return (
            sum(
                group.size_bytes * group.ratio * min(group.mean_bytes, BLOCK_BYTES) * group.ratio
                for group in self.groups
            )
            / stored
        )


NOTHING_CHANGED = Content(stored_bytes=0, entries=0, signatures_bytes=0, path_bytes=0)


def expected(source: Sequence[SourceEntry]) -> SourceShape:
    """Return the shape that *source* will have, from its description alone.

    What only the machine knows (a copy of a tree) counts as nothing, and the shape says so: pass
    ``observed`` of the recorded truth instead.
    """
    groups: list[FileGroup] = []
    others, why = 0.0, ""
    for entry in source:
        match entry:
            case FileSet(files=files, size=size, kind=kind, depth=depth):
                if files:
                    groups.append(_group(kind, files, size))
                others += (files // _FILES_PER_FOLDER + 1 if depth else 0) + entry.path.count("/")
            case LiteralFile(content=content):
                length = len(content.encode("utf-8", "surrogateescape"))
                fixed = Size(shape="fixed", low_bytes=length, high_bytes=length)
                groups.append(_group("text", 1, fixed))
                others += entry.path.count("/") - 1
            case Symlink():
                others += entry.path.count("/")
            case _:  # copies, zoos, databases, what is new: an estimate, never a wrong exactness
                why = f"what lies at {entry.path} is known only when it is built"
    return SourceShape(groups=tuple(groups), others=others, why_estimate=why)


def observed(entries: Iterable[Entry], *, ratio: float) -> SourceShape:
    """Return the shape of a recorded tree: what is selected of it, each file in one group.

    *ratio* is what compression makes of its content, stored over original.
    """
    files = size_bytes = largest = others = path_bytes = 0
    squares = 0
    for entry in entries:
        if not entry.selected or entry.error:
            continue
        path_bytes += len(entry.path)
        if entry.type != "file":
            others += 1
            continue
        files += 1
        size_bytes += entry.size_bytes
        squares += entry.size_bytes**2
        largest = max(largest, entry.size_bytes)
    if not files:
        return SourceShape(groups=(), others=others)
    mean = size_bytes / files
    group = FileGroup(
        files=files,
        mean_bytes=mean,
        ratio=ratio,
        delta_bytes=min(mean, _DELTA_BYTES["mixed"]) * ratio,
        append_bytes=_APPEND_BYTES * ratio,
        largest_bytes=largest,
        spread_bytes=math.sqrt(max(0.0, squares / files - mean**2)),  # of files still to be added
    )
    return SourceShape(groups=(group,), others=others, path_bytes=path_bytes / (files + others))


def mean_and_spread(size: Size) -> tuple[float, float]:
    """Return mean and standard deviation of one file's size, in bytes.

    ``about`` is a lognormal of sigma 1 whose median is ``low_bytes``, cut at ``high_bytes``; the
    spread is that of the uncut one, which is more.
    """
    low, high = size.low_bytes, size.high_bytes
    match size.shape:
        case "fixed":
            return float(low), 0.0
        case "uniform":
            return (low + high) / 2, (high - low) / math.sqrt(12)
        case "about":
            if low == 0:
                return 0.0, 0.0
            cut, normal = math.log(high / low), NormalDist()
            mean = low * math.exp(0.5) * normal.cdf(cut - 1) + high * (1 - normal.cdf(cut))
            return mean, low * math.sqrt(math.e * (math.e - 1))
        case _ as never:
            assert_never(never)


def _group(kind: ContentKind, files: int, size: Size) -> FileGroup:
    mean, spread = mean_and_spread(size)
    # A page or a span is stored as what it is; of zeros only what replaces them counts.
    changed_ratio = 1.0 if kind == "zeros" else RATIO[kind]
    added = _PAGE_BYTES if kind == "database" else _APPEND_BYTES
    return FileGroup(
        files=files,
        mean_bytes=mean,
        ratio=RATIO[kind],
        delta_bytes=min(mean, _DELTA_BYTES[kind]) * changed_ratio,
        append_bytes=added * RATIO[kind],
        largest_bytes=size.high_bytes,
        spread_bytes=spread,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a mutation leaves: the new shape, and what the next incremental stores of it."""

    shape: SourceShape
    content: Content
    most_bytes: float  # of the incremental's difftar, at most


def change(mutations: Sequence[Mutation], shape: SourceShape) -> Change:
    """Return what *mutations* should do to *shape*, drawn evenly from all of its files."""
    stored = entries = signatures = most = 0.0
    for mutation in mutations:
        files = min(_wanted(mutation, shape), shape.files if mutation.verb != "add" else math.inf)
        entries += files
        for group in shape.groups:
            part = files * group.files / shape.files if shape.files else 0.0
            whole, kept = group.mean_bytes * group.ratio, signature_bytes(int(group.mean_bytes))
            match mutation.verb:
                case "edit":
                    stored += part * group.delta_bytes
                    signatures += part * kept
                    most += part * (group.largest_bytes + 2 * _PAGE_BYTES)
                case "append":
                    stored += part * group.append_bytes
                    signatures += part * kept
                    most += part * (group.largest_bytes + _PAGE_BYTES)
                case "grow":
                    mean = group.mean_bytes
                    grown = min(max(2 * mean, _LEAST_GROWTH_BYTES), _MOST_GROWTH_BYTES)
                    stored += part * grown * group.ratio
                    signatures += part * signature_bytes(int(mean + grown))
                    most += part * (4 * group.largest_bytes + _MOST_GROWTH_BYTES)
                case "move":  # whole folders
                    moved = min(part * _FILES_PER_FOLDER, group.files)
                    stored += moved * whole
                    signatures += moved * kept
                    entries += 2 * moved
                    most += group.most_bytes
                case "add" | "copy" | "rename" | "recase" | "swap" | "replace":
                    stored += part * whole
                    signatures += part * kept
                    entries += 0.0 if mutation.verb in {"add", "copy", "swap"} else part
                    most += part * group.largest_bytes
                case "truncate" | "chmod" | "chown" | "touch":
                    signatures += part * kept
                    most += part * group.largest_bytes
                case "delete" | "rewrite":  # the latter is not seen by duplicity (facts 0.5)
                    pass
                case _ as never:
                    assert_never(never)
        if mutation.verb in {"add", "copy", "delete"}:
            shape = _resized(shape, -files if mutation.verb == "delete" else files)
        if mutation.verb in {
            "add",
            "copy",
            "delete",
            "rename",
            "recase",
            "move",
            "replace",
            "swap",
        }:
            entries += min(files, shape.others)  # the folders whose entries changed
    return Change(
        shape=shape,
        content=Content(
            stored_bytes=stored,
            entries=entries,
            signatures_bytes=signatures,
            path_bytes=shape.path_bytes,
            block_stored_bytes=shape.block_stored_bytes,
        ),
        most_bytes=most * MOST_RATIO + entries * 1024,
    )


def _wanted(mutation: Mutation, shape: SourceShape) -> float:
    total = 0.0
    for target in mutation.targets:
        match target:
            case Count(files=files):
                total += files
            case Share(of_files=share):
                total += max(1, int(share * shape.files + 0.5))
            case PathTarget():
                total += 1
            case _ as never:
                assert_never(never)
    return total


def _resized(shape: SourceShape, files: float) -> SourceShape:
    if not shape.files:
        return shape
    factor = max(0.0, 1 + files / shape.files)
    return replace(
        shape, groups=tuple(replace(group, files=group.files * factor) for group in shape.groups)
    )
