"""Which files a FileSet has: names, folders, sizes, modes and times, before anything is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from drtest.chance import Seed
from drtest.model.scenario import FileSet
from drtest.workload.disk import below, relative
from drtest.workload.size import draw_size
from drtest.workload.words import EXTENSIONS, FOLDERS, STEMS

_YEAR_S = 365 * 86400
_FILES_PER_FOLDER = 12
_FILE_MODES = (0o644,) * 12 + (0o640, 0o640, 0o600, 0o755)
_FOLDER_MODES = (0o755,) * 7 + (0o750,)


class PlannedFile(NamedTuple):
    """One file to be written; ``path`` is relative to the tree's root."""

    path: str
    size_bytes: int
    mode: int
    mtime_s: int


def stream(seed: Seed, purpose: str, path: str) -> Seed:
    """Return the stream of one *path*; names that are not UTF-8 have one too."""
    return seed.child(purpose).child(path.encode("utf-8", "backslashreplace").decode())


def folders(entry: FileSet, seed: Seed) -> list[str]:
    """Return the folders of *entry*, its own path first, each after the one it lies in."""
    rng = stream(seed, "folders", relative(entry.path)).rng()
    top = relative(entry.path)
    found, depths, taken = [top], [0], {top}
    wanted = entry.files // _FILES_PER_FOLDER + 1 if entry.depth else 0
    inner = [0]  # the folders that may have folders in them
    for _ in range(wanted):
        above = rng.choice(inner)
        name = rng.choice(FOLDERS)
        path = below(found[above], name)
        if path in taken:
            path = below(found[above], f"{name}-{len(found)}")
        taken.add(path)
        found.append(path)
        depths.append(depths[above] + 1)
        if depths[-1] < entry.depth:
            inner.append(len(found) - 1)
    return found


def files(entry: FileSet, within: list[str], seed: Seed, *, at_s: int) -> Iterator[PlannedFile]:
    """Yield the files of *entry*, spread over the folders *within* and the year before *at_s*."""
    rng = stream(seed, "files", relative(entry.path)).rng()
    tag = _tag(entry)
    for number in range(entry.files):
        yield planned(
            entry, rng.choice(within), f"{tag}{number:x}", rng, mtime_s=time_before(at_s, rng)
        )


def planned(entry: FileSet, folder: str, token: str, rng: Random, *, mtime_s: int) -> PlannedFile:
    """Return one file of the kind that *entry* has, in *folder*; *token* makes its name unique."""
    name = f"{rng.choice(STEMS[entry.kind])}-{token}{rng.choice(EXTENSIONS[entry.kind])}"
    return PlannedFile(
        path=below(folder, name),
        size_bytes=draw_size(entry.size, rng),
        mode=rng.choice(_FILE_MODES),
        mtime_s=mtime_s,
    )


def time_before(at_s: int, rng: Random) -> int:
    """Return an instant of the year before *at_s*, never before 1970 (duplicity cannot keep it)."""
    return max(1, at_s - 1 - rng.randrange(_YEAR_S))


def folder_look(path: str, seed: Seed, *, at_s: int) -> tuple[int, int]:
    """Return mode and mtime (s) of a generated folder: by its path alone, whoever asks for it."""
    rng = stream(seed, "folder", path).rng()
    return rng.choice(_FOLDER_MODES), time_before(at_s, rng)


def _tag(entry: FileSet) -> str:
    # Sets may overlap (/srv and /srv/www): what each names must not meet what another names.
    return hashlib.blake2b(relative(entry.path).encode("utf-8", "surrogateescape")).hexdigest()[:4]
