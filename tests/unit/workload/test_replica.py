from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.sources import BUILT_AT, fixed, look_at, stepped_down

from drtest.chance import Seed
from drtest.errors import EnvironmentFault
from drtest.model.scenario import (
    CopyOf,
    Count,
    FileSet,
    LiteralFile,
    Mutation,
    PathTarget,
    SourceEntry,
)
from drtest.workload import build, mutate, size_estimate

ODD_NAME = b"bytes \xff\xfe\n that are not text".decode("utf-8", "surrogateescape")


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A tree with one of each thing that a copy has to keep."""
    top = tmp_path / "original"
    (top / "sub/empty").mkdir(parents=True)
    (top / "plain").write_bytes(b"plain\n")
    (top / "sub/run").write_bytes(b"#!/bin/sh\n")
    (top / "sub/run").chmod(0o4755)
    (top / "sub/same").hardlink_to(top / "plain")
    (top / ODD_NAME).write_bytes(os.urandom(70_000))
    (top / "read only").write_text("x")
    (top / "read only").chmod(0o444)
    (top / "link").symlink_to("/nowhere/at all")
    (top / "link to folder").symlink_to("sub")
    os.mkfifo(top / "pipe", 0o640)
    for number, path in enumerate(sorted(top.rglob("*"))):
        stamp_ns = 1_600_000_000_123_456_789 + number * 10**9
        os.utime(path, ns=(stamp_ns, stamp_ns), follow_symlinks=False)
    (top / "sub").chmod(0o1755)
    os.utime(top, ns=(5 * 10**17 + 7, 5 * 10**17 + 7))
    return top


def copied(source: list[SourceEntry], root: Path) -> Path:
    build(source, root, seed=Seed(value=1), at=BUILT_AT)
    return root


def test_a_copy_keeps_all_attributes(original: Path, tmp_path: Path) -> None:
    root = copied([CopyOf(path="/home/user", of=str(original))], tmp_path / "root")
    assert look_at(root / "home/user") == look_at(original)
    assert (root / "home/user/plain").samefile(root / "home/user/sub/same")
    assert not (root / "home/user/plain").samefile(original / "plain")


def test_a_copy_may_be_the_whole_root_or_one_file(original: Path, tmp_path: Path) -> None:
    assert look_at(copied([CopyOf(path="/", of=str(original))], tmp_path / "a")) == look_at(
        original
    )
    root = copied([CopyOf(path="/etc/x", of=str(original / "plain"))], tmp_path / "b")
    assert (root / "etc/x").read_bytes() == b"plain\n"
    with pytest.raises(ValueError, match="root is a folder"):
        copied([CopyOf(path="/", of=str(original / "plain"))], tmp_path / "c")


def test_a_copy_keeps_owners_and_devices_where_the_user_may_set_them(
    original: Path, tmp_path: Path
) -> None:
    owner = (1234, 2345) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    for name in ("sub/run", "link", "sub"):
        os.chown(original / name, *owner, follow_symlinks=False)
    (original / "sub/run").chmod(0o6755)  # after chown, which takes these bits away
    try:
        os.mknod(original / "null", stat.S_IFCHR | 0o620, os.makedev(1, 3))
        has_device = True
    except PermissionError:
        has_device = False
    root = copied([CopyOf(path="/x", of=str(original))], tmp_path / "root")
    for name in ("sub/run", "link", "sub"):
        seen = (root / "x" / name).lstat()
        assert (seen.st_uid, seen.st_gid) == owner
    assert stat.S_IMODE((root / "x/sub/run").stat().st_mode) == 0o6755
    if has_device:
        seen, wanted = (root / "x/null").stat(), (original / "null").stat()
        assert (seen.st_mode, seen.st_rdev) == (wanted.st_mode, wanted.st_rdev)
        assert stat.S_ISCHR(seen.st_mode)


def test_a_user_without_rights_copies_what_may_be_read_and_hears_of_the_rest() -> None:
    with TemporaryDirectory() as folder, stepped_down(Path(folder)):
        secret = Path(folder, "tree/shut/secret")
        secret.parent.mkdir(parents=True)
        secret.write_text("x")
        secret.parent.chmod(0o500)
        source: list[SourceEntry] = [CopyOf(path="/x", of=f"{folder}/tree")]
        root = copied(source, Path(folder, "one"))
        assert look_at(root / "x") == look_at(Path(folder, "tree"))
        for shut in (secret, secret.parent):
            mode = stat.S_IMODE(shut.stat().st_mode)
            shut.chmod(0)
            with pytest.raises(EnvironmentFault, match=f"{shut}: Permission denied"):
                copied(source, Path(folder, f"without {shut.name}"))
            shut.chmod(mode)


def test_sockets_are_left_out(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(original)  # a socket's name has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a-socket")
        root = copied([CopyOf(path="/x", of=str(original))], tmp_path / "root")
    assert not os.path.lexists(root / "x/a-socket")
    (original / "a-socket").unlink()
    assert look_at(root / "x").keys() == look_at(original).keys()


def test_nothing_that_happens_to_a_copy_reaches_the_original(
    original: Path, tmp_path: Path
) -> None:
    before = look_at(original)
    source: list[SourceEntry] = [
        CopyOf(path="/x", of=str(original)),
        LiteralFile(path="/x/plain", content="another"),
        FileSet(path="/x/sub/more", files=3, size=fixed(10)),
    ]
    root = copied(source, tmp_path / "root")
    assert (root / "x/plain").read_text() == "another"
    assert (root / "x/sub/same").read_bytes() == b"plain\n"
    assert (root / "x/sub").stat().st_mtime_ns == (original / "sub").stat().st_mtime_ns
    verbs = ("edit", "append", "chmod", "touch", "rename", "truncate", "delete")
    everything = tuple(Mutation(verb=verb, targets=(Count(files=99),)) for verb in verbs)
    changed = mutate(everything, source, root, seed=Seed(value=1), step=1, at=BUILT_AT)
    assert changed["delete"] == 8 and changed["edit"] == 8
    mutate(
        [Mutation(verb="delete", targets=(PathTarget(path="/"),))],
        source,
        root,
        seed=Seed(value=1),
        step=2,
        at=BUILT_AT,
    )
    assert list(look_at(root)) == ["."]
    assert look_at(original) == before


def test_a_source_of_copies_alone_grows_too(original: Path, tmp_path: Path) -> None:
    source: list[SourceEntry] = [CopyOf(path="/x", of=str(original))]
    root = copied(source, tmp_path / "root")
    add = Mutation(verb="add", targets=(Count(files=6),))
    assert mutate([add], source, root, seed=Seed(value=1), step=1, at=BUILT_AT) == {"add": 6}
    assert len(look_at(root / "x")) == len(look_at(original)) + 6


def test_what_cannot_be_copied_is_named(original: Path, tmp_path: Path) -> None:
    for of in (tmp_path / "absent", original / "link to folder"):
        source: list[SourceEntry] = [CopyOf(path="/x", of=str(of))]
        with pytest.raises(EnvironmentFault, match=str(of)):
            copied(source, tmp_path / "root")
        with pytest.raises(EnvironmentFault, match=str(of)):
            size_estimate(source)
    # The one regular file that fails to be read for every user, root too: EIO at its address 0.
    with pytest.raises(EnvironmentFault, match="/proc/self/mem"):
        copied([CopyOf(path="/y", of="/proc/self/mem")], tmp_path / "root-2")


def test_a_tree_that_holds_the_root_or_lies_in_it_is_refused(
    original: Path, tmp_path: Path
) -> None:
    before = look_at(original)
    for of, root in ((original, original / "sub/root"), (original / "sub/empty", original)):
        with pytest.raises(EnvironmentFault, match="one in the other"):
            copied([CopyOf(path="/x", of=str(of))], root)
    assert look_at(original) == before


def test_a_folder_needed_where_a_copy_has_a_link_is_refused(original: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (original / "way out").symlink_to(outside)
    source: list[SourceEntry] = [
        CopyOf(path="/x", of=str(original)),
        LiteralFile(path="/x/way out/file", content="must not arrive"),
    ]
    with pytest.raises(ValueError, match="/x/way out"):
        copied(source, tmp_path / "root")
    assert list(outside.iterdir()) == []
