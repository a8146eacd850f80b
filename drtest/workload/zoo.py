"""Makes the things of the zoo (model.zoo) on disk, and finds out what this machine cannot give."""

# Text paths and os throughout, as in the rest of the workload.
# ruff: noqa: PTH101, PTH102, PTH211

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from drtest.chance import Seed
from drtest.model.scenario import SourceEntry, Zoo
from drtest.model.zoo import THINGS, Need, ZooThing
from drtest.workload.content import text
from drtest.workload.disk import below, create, relative, write
from drtest.workload.layout import stream, time_before

NAME_BYTES = 240
DEPTH = 40
_NS = 10**9
_YEAR_2100_S = 4_102_444_800
_SPARSE_BYTES = 1 << 20
_NAMED_OWNER = (1, 1)  # daemon on every Linux
_NUMBERED_OWNER = (54_321, 54_322)  # no distribution gives these a name
_NULL, _LOOP_0 = (1, 3), (7, 0)  # admin-guide/devices.txt of the kernel


class LeftOut(NamedTuple):
    """A thing that is not built here, why, and whether somebody asked for it by name."""

    zoo: str  # the path of its entry
    thing: ZooThing
    why: str
    is_by_name: bool


def left_out(source: Sequence[SourceEntry], lacking: Mapping[Need, str]) -> Iterator[LeftOut]:
    """Yield each thing of *source* that needs what *lacking* says this machine has not got."""
    for entry in source:
        if not isinstance(entry, Zoo):
            continue
        for thing in entry.things or THINGS:
            needs = THINGS[thing].needs
            if needs is not None and needs in lacking:
                why = f"needs {needs}: {lacking[needs]}"
                yield LeftOut(entry.path, thing, why, entry.things is not None)


def lacks(folder: Path) -> dict[Need, str]:
    """Try in *folder* what things need; return why for each need that is not met."""
    probes: dict[Need, Callable[[str], None]] = {
        "root": _try_owner,
        "device nodes": lambda path: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(*_NULL)),
        "extended attributes": _try_xattr,
        "any bytes in names": lambda path: create(f"{path}\udce9", (b"",), mode=0o600, mtime_s=1),
    }
    found: dict[Need, str] = {}
    with tempfile.TemporaryDirectory(dir=folder, prefix="zoo-") as place:
        for need, attempt in probes.items():
            try:
                attempt(f"{place}/probe-{len(found)}-{need.partition(' ')[0]}")
            except OSError as error:
                found[need] = error.strerror or str(error)
    return found


def _try_owner(path: str) -> None:
    if os.geteuid() != 0:
        raise PermissionError(0, "drtest runs as an ordinary user")
    create(path, (b"",), mode=0o600, mtime_s=1)
    os.chown(path, *_NUMBERED_OWNER)  # refused in a user namespace that maps few owners


def _try_xattr(path: str) -> None:
    create(path, (b"",), mode=0o600, mtime_s=1)
    os.setxattr(path, "user.drtest", b"1")


class Keeper:
    """Makes one thing in a folder of its own; ``close`` gives inner folders their looks."""

    def __init__(self, root: str, folder: str, seed: Seed, at_s: int) -> None:
        self.root = root
        self.home = folder  # relative to the root, there already
        self.seed = seed
        self.at_s = at_s
        self._folders: list[tuple[str, int]] = []

    def make(self, thing: ZooThing) -> None:
        """Make *thing*; a path of it that is there already is a FileExistsError."""
        _MAKERS[thing](self)
        for path, mode in reversed(self._folders):  # the deepest first: each moves its parent
            os.chmod(self.full(path), mode)
            self.date(path)

    def full(self, path: str) -> str:
        """Return the absolute path of *path*, which is relative to the thing's folder."""
        return f"{self.root}/{below(self.home, path)}"

    def date(self, path: str, mtime_ns: int | None = None) -> None:
        """Give *path* an mtime of the year before, by the seed, or the one that is said."""
        if mtime_ns is None:
            rng = stream(self.seed, "time", below(self.home, path)).rng()
            mtime_ns = time_before(self.at_s, rng) * _NS
        os.utime(self.full(path), ns=(mtime_ns, mtime_ns), follow_symlinks=False)

    def file(
        self, path: str, *, mode: int = 0o644, mtime_ns: int | None = None, size_bytes: int = -1
    ) -> None:
        """Write a file with some text, by the seed."""
        rng = stream(self.seed, "content", below(self.home, path)).rng()
        size_bytes = rng.randint(100, 3000) if size_bytes < 0 else size_bytes
        create(self.full(path), (text(size_bytes, rng),), mode=mode, mtime_s=1)
        self.date(path, mtime_ns)

    def folder(self, path: str, *, mode: int = 0o755) -> None:
        """Make a folder; it gets mode and mtime at the end."""
        os.mkdir(self.full(path), 0o700)
        self._folders.append((path, mode))

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        os.symlink(target, self.full(path))
        self.date(path)

    def node(self, path: str, kind: int, mode: int, device: tuple[int, int] = (0, 0)) -> None:
        """Make a fifo, a socket or a device; mknod makes sockets too, and no path is too long."""
        os.mknod(self.full(path), kind | 0o600, os.makedev(*device))
        os.chmod(self.full(path), mode)
        self.date(path)


def build_zoo(
    entry: Zoo,
    root: str,
    seed: Seed,
    *,
    at_s: int,
    need_folder: Callable[[str], None],
    without: frozenset[tuple[str, ZooThing]],
) -> None:
    """Make *entry* below *root*; *without* names (path of a zoo, thing) that are left out."""
    need_folder(relative(entry.path))
    for thing in entry.things or THINGS:
        if (entry.path, thing) in without:
            continue
        home = below(relative(entry.path), thing)
        need_folder(home)
        Keeper(root, home, seed, at_s).make(thing)


# ---------------------------------------------------------------- the things


def _names(*names: str) -> Callable[[Keeper], None]:
    def make(keeper: Keeper) -> None:
        for name in names:
            keeper.file(name)

    return make


def _long_name(keeper: Keeper) -> None:
    keeper.file("f" * NAME_BYTES)
    keeper.file("é" * (NAME_BYTES // 2))  # as many bytes in half the characters
    keeper.folder("d" * NAME_BYTES)
    keeper.file("d" * NAME_BYTES + "/" + "g" * NAME_BYTES)


def _deep_path(keeper: Keeper) -> None:
    path = ""
    for number in range(DEPTH):
        path = below(path, f"level-{number}")
        keeper.folder(path)
    keeper.file(f"{path}/at-the-bottom")


def _empty_file(keeper: Keeper) -> None:
    keeper.file("empty", size_bytes=0)


def _mode_000(keeper: Keeper) -> None:
    keeper.file("closed", mode=0)
    keeper.folder("locked", mode=0)
    keeper.file("locked/inside")


def _setgid(keeper: Keeper) -> None:
    keeper.file("program", mode=0o2755)
    keeper.folder("shared", mode=0o2775)


def _device(keeper: Keeper) -> None:
    keeper.node("null", stat.S_IFCHR, 0o666, _NULL)
    keeper.node("loop0", stat.S_IFBLK, 0o660, _LOOP_0)


def _hard_link(keeper: Keeper) -> None:
    keeper.file("one")
    os.link(keeper.full("one"), keeper.full("two"))


def _sparse(keeper: Keeper) -> None:
    keeper.file("sparse", size_bytes=4096)
    with open(keeper.full("sparse"), "r+b") as file:  # noqa: PTH123
        file.truncate(_SPARSE_BYTES - 4096)  # a hole in the middle, and data behind it
        file.seek(0, os.SEEK_END)
        file.flush()
        write(file.fileno(), b"the end of it\n")
    keeper.date("sparse")


def _symlink_folder(keeper: Keeper) -> None:
    keeper.folder("folder")
    keeper.file("folder/file")
    keeper.link("link", "folder")


def _mtime_past(keeper: Keeper) -> None:
    keeper.file("1960", mtime_ns=-315_619_200 * _NS)
    keeper.file("one second before 1970", mtime_ns=-_NS)


def _mtime_sub_second(keeper: Keeper) -> None:
    second = time_before(keeper.at_s, stream(keeper.seed, "time", keeper.home).rng()) * _NS
    keeper.file("half", mtime_ns=second + _NS // 2)
    keeper.file("last", mtime_ns=second + _NS - 10)  # duplicity makes the next second of it


def _xattr(keeper: Keeper) -> None:
    keeper.file("file")
    keeper.folder("folder")
    for path in ("file", "folder"):
        os.setxattr(keeper.full(path), "user.origin", b"https://example.org/\0binary too")


def _other_owner(keeper: Keeper) -> None:
    for name, owner in (("with a name", _NAMED_OWNER), ("number only", _NUMBERED_OWNER)):
        keeper.file(name, mode=0o640)
        os.chown(keeper.full(name), *owner)


_MAKERS: dict[ZooThing, Callable[[Keeper], None]] = {
    "unicode": _names(
        "caf\u00e9", "cafe\u0301", "\u65e5\u672c\u8a9e", "\u05d0\u05d1.txt", "\U0001f4be"
    ),
    "non-utf-8": _names("caf\udce9", "\udcff\udcfe"),
    "newline": _names("two\nlines", "ends with one\n", "\ttab\rand\x1b[31mescape"),
    "quote": _names('"double"', "'single'", "$HOME `id`", "a;b&c|d"),
    "backslash": _names("back\\slash", "\\n", "ends with\\", "\\x41"),
    "trailing-space": _names("space ", " space", "dot.", ".hidden", "   "),
    "glob": _names("*", "?", "[a-z]", "{a,b}", "!not", "-rf", "**"),
    "long-name": _long_name,
    "deep-path": _deep_path,
    "empty-file": _empty_file,
    "empty-folder": lambda keeper: keeper.folder("empty"),
    "mode-000": _mode_000,
    "setuid": lambda keeper: keeper.file("program", mode=0o4755),
    "setgid": _setgid,
    "sticky": lambda keeper: keeper.folder("tmp", mode=0o1777),
    "fifo": lambda keeper: keeper.node("fifo", stat.S_IFIFO, 0o620),
    "socket": lambda keeper: keeper.node("socket", stat.S_IFSOCK, 0o666),
    "device": _device,
    "hard-link": _hard_link,
    "sparse": _sparse,
    "symlink-dangling": lambda keeper: keeper.link("dangling", "nowhere/at all"),
    "symlink-folder": _symlink_folder,
    "symlink-loop": lambda keeper: keeper.link("loop", "loop"),
    "symlink-absolute": lambda keeper: keeper.link("absolute", "/etc/hostname"),
    "mtime-past": _mtime_past,
    "mtime-future": lambda keeper: keeper.file("2100", mtime_ns=_YEAR_2100_S * _NS),
    "mtime-sub-second": _mtime_sub_second,
    "xattr": _xattr,
    "other-owner": _other_owner,
}
