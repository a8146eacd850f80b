"""How large files are: one draw, and an estimate for a whole source."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from decimal import Context, Decimal
from random import Random
from typing import assert_never

from drtest.model.scenario import (
    CopyOf,
    Database,
    FileSet,
    LiteralFile,
    Size,
    SourceEntry,
    Symlink,
    Zoo,
)
from drtest.workload.disk import faults, require_copyable

ZOO_BYTES = 4 << 20  # of one whole zoo at most, holes counted
_DECIMAL = Context(prec=12)


def draw_size(size: Size, rng: Random) -> int:
    """Return one size in bytes. ``about`` is a lognormal of sigma 1, cut at ``high_bytes``."""
    match size.shape:
        case "fixed":
            return size.low_bytes
        case "uniform":
            return rng.randint(size.low_bytes, size.high_bytes)
        case "about":
            # Sum of 12 uniforms for the normal and decimal's exp, which is rounded correctly:
            # libm's log and exp may differ in the last bit between machines, and so would a size.
            normal = sum(rng.getrandbits(32) for _ in range(12)) / 2**32 - 6
            factor = _DECIMAL.exp(Decimal(normal))
            return min(int(factor * size.low_bytes), size.high_bytes)
        case _:
            assert_never(size.shape)


def size_estimate(source: Sequence[SourceEntry]) -> int:
    """Return the bytes of content that ``build`` will write at most, roughly.

    A CopyOf is walked (no content is read); one that does not exist is an EnvironmentFault.
    """
    return sum(_entry_bytes(entry) for entry in source)


def _entry_bytes(entry: SourceEntry) -> int:
    match entry:
        case FileSet(files=files, size=size):
            highest = files * size.high_bytes
            if size.shape != "about":
                return highest
            # The mean of the lognormal is 1.65 medians; a few files at the cut on top of that.
            return min(highest, 2 * files * size.low_bytes + 3 * size.high_bytes)
        case LiteralFile(content=content):
            return len(content.encode("utf-8", "surrogateescape"))
        case Symlink():
            return 0
        case Database(size_bytes=size_bytes):
            return size_bytes + size_bytes // 10  # its index, and how its pages are filled
        case CopyOf(of=of):
            return _tree_bytes(of)
        case Zoo():
            return ZOO_BYTES
        case _:
            assert_never(entry)


def _tree_bytes(of: str) -> int:
    top = require_copyable(of)
    if not stat.S_ISDIR(top.st_mode):
        return top.st_size
    total_bytes, linked, folders = 0, set[tuple[int, int]](), [of]
    while folders:
        with faults(folders[-1]), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    seen = entry.stat(follow_symlinks=False)
                    if (seen.st_dev, seen.st_ino) not in linked:
                        total_bytes += seen.st_size
                    if seen.st_nlink > 1:
                        linked.add((seen.st_dev, seen.st_ino))
    return total_bytes
