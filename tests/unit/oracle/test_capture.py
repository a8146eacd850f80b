"""A tree on disk, as the oracle sees it."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import NAMES, NS

from drtest.errors import DrtestError
from drtest.model.tree import Entry
from drtest.oracle import content
from drtest.oracle.capture import capture
from drtest.oracle.path import Row
from drtest.oracle.recall import StatCache


def seen(root: Path, **options: object) -> dict[str, Entry]:
    entries = list(capture(root, **options))  # type: ignore[arg-type]
    keys = [one.sort_key for one in entries]
    assert keys == sorted(set(keys))
    return {one.path: one for one in entries}


def digest(data: bytes) -> str:
    return blake3(data).hexdigest()


def test_every_type_is_seen_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    (tmp_path / "f").chmod(0o4750)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "empty").touch()
    (tmp_path / "l").symlink_to("to/nowhere\udcff")
    os.mkfifo(tmp_path / "p")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
    os.utime(tmp_path / "f", ns=(5, 1_234_567_890_123_456_789))
    tree = seen(tmp_path)
    assert {path: one.type for path, one in tree.items()} == {
        ".": "dir",
        "d": "dir",
        "d/empty": "file",
        "f": "file",
        "l": "symlink",
        "p": "fifo",
        "s": "socket",
    }
    assert tree["f"].mode == 0o4750
    assert tree["f"].mtime_ns == 1_234_567_890_123_456_789
    assert (tree["f"].size_bytes, tree["f"].digest) == (7, digest(b"content"))
    assert (tree["f"].uid, tree["f"].gid) == (os.getuid(), os.getgid())
    assert (tree["d/empty"].size_bytes, tree["d/empty"].digest) == (0, digest(b""))
    assert (tree["l"].target, tree["l"].digest) == ("to/nowhere\udcff", "")
    assert {one.error for one in tree.values()} == {""}


def test_device_numbers_are_seen() -> None:
    (null,) = capture(Path("/dev/null"))
    assert (null.path, null.type, null.device) == (".", "char", (1, 3))


def test_siblings_and_content_of_folders_are_in_one_order(tmp_path: Path) -> None:
    for path in ("a/b", "a-b/c", "a.d", "a0", "a/-", "A", "ab"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    assert [one.path for one in capture(tmp_path)] == [
        ".",
        "A",
        "a",
        "a-b",
        "a-b/c",
        "a.d",
        "a/-",
        "a/b",
        "a0",
        "ab",
    ]


@settings(max_examples=25)
@given(st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), max_size=12))
def test_hostile_names_are_all_seen_in_order(paths: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for parts in paths:
            root.joinpath(*parts).mkdir(parents=True, exist_ok=True)
        every = {"/".join(parts[: n + 1]) for parts in paths for n in range(len(parts))}
        assert set(seen(root)) == {".", *every}


@pytest.mark.parametrize("size", [content._AT_ONCE - 1, content._AT_ONCE, content._AT_ONCE + 1])
def test_content_is_digested_whole_at_any_size(tmp_path: Path, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    (tmp_path / "f").write_bytes(data[:size])
    assert seen(tmp_path)["f"].digest == digest(data[:size])


def test_a_file_that_grew_since_it_was_looked_at_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"short")
    before = file.lstat()
    file.write_bytes(b"x" * 100_000)
    with file.open("rb") as opened:
        assert content.held(opened.fileno(), before)[0] == digest(b"x" * 100_000)


def test_hard_links_are_a_group_named_by_its_first_path(tmp_path: Path) -> None:
    (tmp_path / "z").write_text("one")
    (tmp_path / "d").mkdir()
    os.link(tmp_path / "z", tmp_path / "d" / "y")
    os.link(tmp_path / "z", tmp_path / "e")
    (tmp_path / "alone").write_text("one")
    tree = seen(tmp_path)
    assert {path: one.link_group for path, one in tree.items() if one.link_group} == {
        "d/y": "d/y",
        "e": "d/y",
        "z": "d/y",
    }


def test_a_file_with_holes_is_told_from_a_full_one(tmp_path: Path) -> None:
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(1 << 22)
    (tmp_path / "full").write_bytes(b"\0" * (1 << 20))
    (tmp_path / "small").write_bytes(b"x")
    tree = seen(tmp_path)
    if (tmp_path / "holes").lstat().st_blocks * 512 >= 1 << 22:
        pytest.skip("this file system keeps no holes")
    assert tree["holes"].has_holes
    assert tree["holes"].digest == digest(b"\0" * (1 << 22))
    assert not tree["full"].has_holes and not tree["small"].has_holes


def test_extended_attributes_are_one_digest_in_any_order(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).touch()
    try:
        for name, pairs in {
            "a": [("user.x", b"1"), ("user.y", b"2")],
            "b": [("user.y", b"2"), ("user.x", b"1")],
            "c": [("user.x", b"2"), ("user.y", b"1")],
        }.items():
            for key, value in pairs:
                os.setxattr(tmp_path / name, key, value)
    except OSError:
        pytest.skip("this file system keeps no user attributes")
    tree = seen(tmp_path)
    assert tree["a"].xattrs == tree["b"].xattrs != tree["c"].xattrs
    assert tree["a"].xattrs and tree["c"].xattrs
    assert tree["d"].xattrs == tree["."].xattrs


def test_a_change_that_is_declared_as_not_compared_changes_no_entry(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    before = seen(tmp_path)
    was = file.lstat()
    os.utime(file, ns=(1, was.st_mtime_ns))  # atime and ctime
    os.link(file, tmp_path / "g")  # ctime and link count
    (tmp_path / "g").unlink()
    twin = tmp_path / "twin"
    twin.write_text("x")
    os.utime(twin, ns=(1, was.st_mtime_ns))
    twin.replace(file)  # inode and birth time
    os.utime(tmp_path, ns=(1, before["."].mtime_ns))
    assert seen(tmp_path) == before
    assert file.lstat().st_ctime_ns != was.st_ctime_ns
    assert file.lstat().st_ino != was.st_ino


def test_reading_leaves_the_access_time_alone(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    os.utime(file, ns=(1 * NS, 2 * NS))
    seen(tmp_path)
    assert file.lstat().st_atime_ns == 1 * NS


@contextmanager
def as_ordinary_user(owned: Path) -> Iterator[None]:
    """Run as nobody where the tests run as root, to whom nothing is unreadable."""
    if os.geteuid() != 0:
        yield
        return
    for path in (owned, *owned.rglob("*")):
        os.chown(path, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_cannot_be_read_says_why() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to nobody
        root = Path(folder)
        for name in ("d", "names-only"):
            (root / name).mkdir()
            (root / name / "inside").write_text("x")
        (root / "f").write_text("x")
        with as_ordinary_user(root):
            (root / "f").chmod(0)
            (root / "d").chmod(0)
            (root / "names-only").chmod(0o400)
            tree = seen(root)
            for name in ("d", "names-only"):
                (root / name).chmod(0o700)
    assert (tree["f"].error, tree["f"].digest, tree["f"].size_bytes) == ("EACCES", "", 1)
    assert (tree["d"].error, tree["d"].type) == ("EACCES", "dir")
    assert "d/inside" not in tree
    hidden = tree["names-only/inside"]
    assert (hidden.error, hidden.type, hidden.uid) == ("EACCES", "file", -1)


def test_a_name_too_long_to_be_opened_is_named_and_not_fatal(tmp_path: Path) -> None:
    """Root meets no EACCES; a path beyond PATH_MAX can be made by steps, and opened by none."""
    part = "n" * 200
    home = os.open(tmp_path, os.O_RDONLY)
    try:
        at = os.dup(home)
        for _ in range(25):
            os.mkdir(part, dir_fd=at)
            below = os.open(part, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        os.close(at)
        errors = {one.error for one in capture(tmp_path)}
    finally:
        os.close(home)
    assert errors == {"", "ENAMETOOLONG"}


def test_a_fifo_that_took_a_files_place_does_not_block(tmp_path: Path) -> None:
    file = tmp_path / "f"
    os.mkfifo(file)
    assert content.read(os.fsencode(file)) == (None, ("", False, "", "ESTALE"))
    file.unlink()
    file.symlink_to("elsewhere")
    assert content.read(os.fsencode(file)) == (None, ("", False, "", "ELOOP"))


def test_a_root_that_is_no_folder_is_one_entry(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    (tmp_path / "l").symlink_to("f")
    assert [(one.path, one.type) for one in capture(tmp_path / "f")] == [(".", "file")]
    assert [(one.path, one.type) for one in capture(tmp_path / "l")] == [(".", "symlink")]


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DrtestError, match="cannot be captured"):
        list(capture(tmp_path / "nothing"))


def test_flags_see_the_stream_before_it_leaves(tmp_path: Path) -> None:
    (tmp_path / "f").touch()

    def only_root(entries: Iterator[Entry]) -> Iterator[Entry]:
        return (one for one in entries if one.path == ".")

    assert list(seen(tmp_path, flags=only_root)) == ["."]


# ---------------------------------------------------------------- the stat cache


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> StatCache:
    return StatCache(tmp_path_factory.mktemp("cache") / "stat-cache")


def _settled(root: Path) -> None:
    """Wait until a file written now is later than the tick of everything below *root*."""
    newest = max(path.lstat().st_ctime_ns for path in [root, *root.rglob("*")])
    probe = root.parent / "probe"
    while True:
        probe.touch()
        if probe.lstat().st_ctime_ns > newest + 40_000_000:
            probe.unlink()
            return


def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    for name in ("a", "a-b/c", "b/a", "\udcff", "z"):
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text(name, errors="surrogateescape")
    _settled(root)
    first = seen(root, cache=cache)
    read: list[bytes] = []
    really = content.read

    def watched(full: bytes) -> tuple[os.stat_result | None, content.Content]:
        read.append(full)
        return really(full)

    monkeypatch.setattr(content, "read", watched)
    assert seen(root, cache=cache) == first
    assert read == []
    assert seen(root, cache=cache, paranoid=True) == first
    assert len(read) == 5


def test_a_rewritten_file_is_read_again_whatever_its_mtime_says(
    tmp_path: Path, cache: StatCache
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    file = root / "f"
    file.write_text("old")
    was = file.lstat()
    _settled(root)
    seen(root, cache=cache)
    file.write_text("new")
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert seen(root, cache=cache)["f"].digest == digest(b"new")


def test_a_file_rewritten_in_the_tick_of_its_capture_is_read_again(
    tmp_path: Path, cache: StatCache
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    file = root / "f"
    for number in range(50):
        text = f"{number:03d}"
        file.write_text(text)
        os.utime(file, ns=(0, 0))
        assert seen(root, cache=cache)["f"].digest == digest(text.encode())


CHANGES: dict[str, Callable[[Path], object]] = {
    "mode": lambda root: (root / "d/f").chmod(0o600),
    "mode of a folder": lambda root: (root / "d").chmod(0o700),
    "mtime": lambda root: os.utime(root / "d/f", ns=(0, 1)),
    "mtime of a folder": lambda root: os.utime(root / "d", ns=(0, 1)),
    "another name": lambda root: os.link(root / "d/f", root / "z"),
    "one name less": lambda root: (root / "twin").unlink(),
    "two files swapped": lambda root: [
        (root / a).rename(root / b) for a, b in (("d/f", "x"), ("d/g", "d/f"), ("x", "d/g"))
    ],
    "target": lambda root: [(root / "link").unlink(), (root / "link").symlink_to("other")],
    "file for a folder": lambda root: [(root / "d/e").rmdir(), (root / "d/e").touch()],
    "folder for a file": lambda root: [(root / "d/f").unlink(), (root / "d/f").mkdir()],
    "folder for a symlink": lambda root: [(root / "link").unlink(), (root / "link").mkdir()],
    "moved folder": lambda root: (root / "d").rename(root / "moved"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_shows_in_spite_of_the_cache(
    tmp_path: Path, cache: StatCache, change: str
) -> None:
    root = tmp_path / "root"
    (root / "d/e").mkdir(parents=True)
    for name in ("d/f", "d/g", "one"):
        (root / name).write_text(name)
    os.link(root / "one", root / "twin")
    (root / "link").symlink_to("d")
    _settled(root)
    before = seen(root, cache=cache)
    assert seen(root, cache=cache) == before
    CHANGES[change](root)
    after = seen(root, cache=cache)
    assert after == seen(root) != before


def test_a_row_is_an_entry_but_for_its_link() -> None:
    assert [{"link": "link_group"}.get(name, name) for name in Row._fields] == [*Entry._fields]
    plain = Row(path="p", type="file")
    for name, default in Entry._field_defaults.items():
        assert getattr(plain, {"link_group": "link"}.get(name, name)) == default


def test_gone_and_new_files_do_not_confuse_the_cache(tmp_path: Path, cache: StatCache) -> None:
    root = tmp_path / "root"
    for name in "abcdef":
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(name)
    _settled(root)
    seen(root, cache=cache)
    (root / "b").unlink()
    (root / "a2").write_text("a2")
    (root / "f").rename(root / "0")
    tree = seen(root, cache=cache)
    assert {path: one.digest for path, one in tree.items() if one.type == "file"} == {
        name: digest(text.encode())
        for name, text in {"0": "f", "a": "a", "a2": "a2", "c": "c", "d": "d", "e": "e"}.items()
    }


@pytest.mark.parametrize("text", ["", "garbage\n", '{"format": "drtest-stat-cache"', "\0\xff"])
def test_a_cache_that_cannot_be_read_is_no_cache(
    tmp_path: Path, cache: StatCache, text: str
) -> None:
    (tmp_path / "f").write_text("x")
    cache.file.write_text(text)
    assert seen(tmp_path, cache=cache)["f"].digest == digest(b"x")


def test_a_capture_that_was_not_finished_leaves_the_old_cache(
    tmp_path: Path, cache: StatCache
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "f").write_text("x")
    _settled(root)
    seen(root, cache=cache)
    before = cache.file.read_bytes()
    broken_off = capture(root, cache=cache)
    next(broken_off)
    del broken_off
    assert cache.file.read_bytes() == before
    assert [file.name for file in cache.file.parent.iterdir()] == ["stat-cache"]
