"""Evil deeds on random restores: each spoils what a real restore made, and says success.

``support.evil`` writes a wrapper program for one known tree; here any tree is met, so a deed looks
for something that it can spoil and says whether it did. A deed that did nothing is no deed.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from drtest.oracle.capture import capture
from drtest.process import Completed, Runner

Deed = Callable[[Path, Random], bool]
DEEDS: dict[str, Deed] = {}
EARLIER = "restores the first point"


def deed(name: str) -> Callable[[Deed], Deed]:
    """Register what spoils the tree (or file) at a path; False where nothing there can be."""

    def keep(spoil: Deed) -> Deed:
        DEEDS[name] = spoil
        return spoil

    return keep


def _paths(root: Path) -> list[Path]:
    return [root, *sorted(root.rglob("*"))] if root.is_dir() and not root.is_symlink() else [root]


def _files(root: Path, *, least_bytes: int = 0) -> list[Path]:
    return [
        path
        for path in _paths(root)
        if path.is_file() and not path.is_symlink() and path.stat().st_size >= least_bytes
    ]


def _keeping(path: Path, change: Callable[[Path], object], *, root: Path) -> bool:
    """Change *path* and set back the times that the change moved, its folder's too."""
    before, above = os.lstat(path), os.lstat(path.parent)
    change(path)
    if path.exists() and not path.is_symlink():
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    if path != root:
        os.utime(path.parent, ns=(above.st_atime_ns, above.st_mtime_ns))
    return True


def _one(paths: Sequence[Path], rng: Random) -> Path | None:
    return rng.choice(paths) if paths else None


@deed("drops a file")
def _(root: Path, rng: Random) -> bool:
    path = _one(_files(root), rng)
    return path is not None and _keeping(path, os.unlink, root=root)


@deed("adds a file")
def _(root: Path, rng: Random) -> bool:
    folders = [path for path in _paths(root) if path.is_dir() and not path.is_symlink()]
    folder = _one(folders, rng)
    if folder is None:
        return False
    before = os.lstat(folder)
    (folder / "brought along").write_text("x")
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))
    return True


@deed("flips a byte")
def _(root: Path, rng: Random) -> bool:
    path = _one(_files(root, least_bytes=1), rng)

    def flip(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)

    return path is not None and _keeping(path, flip, root=root)


@deed("cuts a file short")
def _(root: Path, rng: Random) -> bool:
    path = _one(_files(root, least_bytes=1), rng)
    return path is not None and _keeping(
        path, lambda one: os.truncate(one, rng.randrange(one.stat().st_size)), root=root
    )


@deed("swaps two files")
def _(root: Path, rng: Random) -> bool:
    files = _files(root)
    first = _one(files, rng)
    if first is None:
        return False
    one = first.read_bytes()
    second = _one([path for path in files if path.read_bytes() != one], rng)
    if second is None:
        return False
    other = second.read_bytes()
    _keeping(first, lambda path: path.write_bytes(other), root=root)
    return _keeping(second, lambda path: path.write_bytes(one), root=root)


@deed("changes a mode")
def _(root: Path, rng: Random) -> bool:
    inner = [path for path in _paths(root) if path != root and not path.is_symlink()]
    path = _one(inner, rng)
    if path is None:
        return False
    path.chmod((os.lstat(path).st_mode & 0o7777) ^ 0o001)
    return True


@deed("changes an mtime")
def _(root: Path, rng: Random) -> bool:
    path = _one(_files(root), rng)
    if path is None:
        return False
    seen = os.lstat(path)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns + rng.randrange(1, 10**6) * 10**9))
    return True


@deed("changes an owner")
def _(root: Path, rng: Random) -> bool:
    path = _one(_files(root), rng) if os.getuid() == 0 else None
    if path is None:
        return False
    seen = os.lstat(path)
    os.chown(path, seen.st_uid + 7, seen.st_gid)
    path.chmod(seen.st_mode & 0o7777)  # a new owner takes setuid away
    return True


@deed("changes a link")
def _(root: Path, rng: Random) -> bool:
    path = _one([path for path in _paths(root) if path.is_symlink()], rng)
    if path is None:
        return False
    seen, target = os.lstat(path), path.readlink()

    def relink(path: Path) -> None:
        path.unlink()
        path.symlink_to(f"{target}x")
        os.lchown(path, seen.st_uid, seen.st_gid)

    return _keeping(path, relink, root=root)


@deed("makes a file a folder")
def _(root: Path, rng: Random) -> bool:
    path = _one(_files(root), rng)

    def become(path: Path) -> None:
        path.unlink()
        path.mkdir()

    return path is not None and _keeping(path, become, root=root)


@deed("restores half")
def _(root: Path, rng: Random) -> bool:
    for path in (files := _files(root)[rng.randrange(2) :: 2]):
        _keeping(path, os.unlink, root=root)
    return bool(files)


@deed("restores nothing")
def _(root: Path, _rng: Random) -> bool:
    if root.is_dir() and not root.is_symlink():
        if not any(root.iterdir()):
            return False  # an empty folder was all that there was
        shutil.rmtree(root)
        root.mkdir()
    else:
        root.unlink()
    return True


@dataclass(slots=True, kw_only=True)
class Evil:
    """A runner that does one deed at the ``nth`` restore that succeeds (from 0), once.

    ``first_at`` is the instant of the first backup in Unix seconds, for the deeds that need it.
    """

    real: Runner
    deed: str
    nth: int
    first_at: int
    rng: Random
    done: bool = False
    _left: int = field(init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left = self.nth

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        timeout_s: float,
        kill_when: int | None = None,
    ) -> Completed:
        """Run *argv* as ``real`` does; see the class."""

        def call(words: Sequence[str]) -> Completed:
            return self.real(words, env=env, log=log, timeout_s=timeout_s, kill_when=kill_when)

        ended = call(argv)
        if argv[1] != "restore" or ended.status != 0:
            return ended
        with self._guard:
            is_it = self._left == 0
            self._left -= 1
        if is_it:
            root = Path(argv[-1])
            if self.deed == EARLIER:
                ended = self._earlier(list(argv), root, call)
            else:
                self.done = DEEDS[self.deed](root, self.rng)
        return ended

    def _earlier(
        self, argv: list[str], root: Path, call: Callable[[Sequence[str]], Completed]
    ) -> Completed:
        """Restore the first point instead; a deed only where that is another tree."""
        right = _seen(root)
        if root.is_dir() and not root.is_symlink():
            shutil.rmtree(root)
        else:
            root.unlink()
        if "--time" in argv:
            at = argv.index("--time")
            del argv[at : at + 2]
        ended = call([*argv[:2], "--time", str(self.first_at), *argv[2:]])
        self.done = ended.status != 0 or right != _seen(root)
        return ended


def _seen(root: Path) -> list[object]:
    """What two restores of one state have in common: a link's mtime is that of its restore."""
    return [
        (
            (one.path, one.type, one.mode, one.uid, one.gid, one.digest, one.target),
            0 if one.type == "symlink" else one.mtime_ns,
        )
        for one in capture(root)
    ]


NAMES = [*DEEDS, EARLIER]
