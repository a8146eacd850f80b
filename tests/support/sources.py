"""Source entries as Hypothesis draws them, and what a tree on disk looks like."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, get_args

from hypothesis import strategies as st

from drtest.model.scenario import ContentKind, FileSet, LiteralFile, Size, SourceEntry, Symlink

BUILT_AT = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
FOLDERS = ("/", "/srv", "/srv/www", "/srv/www/deep", "/etc", "/var/lib/mysql")


class Look(NamedTuple):
    """All that makes up one path, as lstat and a reader see it."""

    type: int
    mode: int
    mtime_ns: int
    content: str  # digest of a file, target of a link
    size_bytes: int


def look_at(root: Path) -> dict[str, Look]:
    """Return every path below *root* (the root is ".") with its look."""
    found = {".": look(root)}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            found[str(path.relative_to(root))] = look(path)
    return found


def look(path: Path) -> Look:
    """Return the look of one path."""
    seen = path.lstat()
    content, size_bytes = "", 0
    if stat.S_ISREG(seen.st_mode):
        content, size_bytes = hashlib.sha256(path.read_bytes()).hexdigest(), seen.st_size
    elif stat.S_ISLNK(seen.st_mode):
        content = str(path.readlink())
    return Look(
        stat.S_IFMT(seen.st_mode),
        stat.S_IMODE(seen.st_mode),
        seen.st_mtime_ns,
        content,
        size_bytes,
    )


def files_of(tree: dict[str, Look]) -> set[str]:
    """Return the paths of the regular files of a tree."""
    return {path for path, seen in tree.items() if stat.S_ISREG(seen.type)}


def fixed(size_bytes: int) -> Size:
    """Return the size ``size_bytes`` and no other."""
    return Size(shape="fixed", low_bytes=size_bytes, high_bytes=size_bytes)


@contextmanager
def stepped_down(folder: Path) -> Iterator[None]:
    """Be an ordinary user, who owns *folder*, as long as the block runs; who is one stays it."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, 65534, 65534)
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def sizes() -> st.SearchStrategy[Size]:
    """Draw a size of any shape, up to 40,000 bytes."""
    bounds = st.tuples(st.integers(0, 20_000), st.integers(0, 20_000))
    return st.one_of(
        st.integers(0, 40_000).map(fixed),
        bounds.map(lambda b: Size(shape="uniform", low_bytes=b[0], high_bytes=b[0] + b[1])),
        bounds.map(lambda b: Size(shape="about", low_bytes=b[0], high_bytes=b[0] + b[1])),
    )


@st.composite
def sources(draw: st.DrawFn, *, least_files: int = 0) -> tuple[SourceEntry, ...]:
    """Draw a source without conflicts: overlapping sets, literal files and links among them."""
    paths = draw(st.lists(st.sampled_from(FOLDERS), min_size=1, max_size=4, unique=True))
    entries: list[SourceEntry] = [
        FileSet(
            path=path,
            files=draw(st.integers(least_files, 8)),
            size=draw(sizes()),
            kind=draw(st.sampled_from(get_args(ContentKind))),
            depth=draw(st.integers(0, 3)),
        )
        for path in paths
    ]
    for number in range(draw(st.integers(0, 2))):
        entries.append(
            LiteralFile(
                path=f"{draw(st.sampled_from(FOLDERS)).rstrip('/')}/literal {number}",
                content=draw(st.text(st.characters(exclude_categories=("Cs",)), max_size=50)),
                mode=draw(st.sampled_from((0o600, 0o644, 0o755, 0o444))),
            )
        )
    if draw(st.booleans()):
        entries.append(Symlink(path="/etc/a-link", target=draw(st.sampled_from(("/etc", "x")))))
    return tuple(draw(st.permutations(entries)))
