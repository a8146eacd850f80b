from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from support.sources import BUILT_AT, Look, fixed, look_at, stepped_down

from drtest.chance import Seed
from drtest.model.scenario import FileSet, LiteralFile, SourceEntry, Zoo
from drtest.model.zoo import THINGS, ZooThing
from drtest.workload import build, lacks, left_out, size_estimate

ALL = Zoo(path="/zoo")
ROOT_ONLY = {"mode-000", "device", "other-owner"}


@contextmanager
def built(*source: SourceEntry, seed: int = 1) -> Iterator[Path]:
    """A tree without what this machine cannot give, as the runner builds it."""
    with TemporaryDirectory() as folder:
        root = Path(folder, "source")
        missing = left_out(source, lacks(Path(folder)))
        without = {(part.zoo, part.thing) for part in missing}
        build(source, root, seed=Seed(value=seed), at=BUILT_AT, without=without)
        yield root


def tree_of(*source: SourceEntry, seed: int = 1) -> dict[str, Look]:
    with built(*source, seed=seed) as root:
        return look_at(root)


def test_the_same_seed_gives_the_same_zoo() -> None:
    assert tree_of(ALL) == tree_of(ALL)
    assert tree_of(ALL) != tree_of(ALL, seed=2)


def test_one_thing_alone_is_the_one_of_the_whole_zoo() -> None:
    whole = tree_of(ALL)
    for thing in ("unicode", "sparse", "sticky"):
        alone = tree_of(Zoo(path="/zoo", things=(thing,)))
        assert len(alone) > 3
        assert {path: whole[path] for path in alone} == alone


@pytest.mark.needs("root")
def test_every_thing_is_there_and_is_what_it_says() -> None:
    with built(ALL) as root:
        zoo = root / "zoo"
        assert {path.name for path in zoo.iterdir()} == set(get_args(ZooThing))
        modes = {
            "mode-000/closed": stat.S_IFREG,
            "mode-000/locked": stat.S_IFDIR,
            "setuid/program": stat.S_IFREG | 0o4755,
            "setgid/program": stat.S_IFREG | 0o2755,
            "setgid/shared": stat.S_IFDIR | 0o2775,
            "sticky/tmp": stat.S_IFDIR | 0o1777,
            "fifo/fifo": stat.S_IFIFO | 0o620,
            "socket/socket": stat.S_IFSOCK | 0o666,
            "device/null": stat.S_IFCHR | 0o666,
            "device/loop0": stat.S_IFBLK | 0o660,
        }
        for path, mode in modes.items():
            assert (zoo / path).lstat().st_mode == mode, path
        assert (zoo / "hard-link/one").samefile(zoo / "hard-link/two")
        sparse = (zoo / "sparse/sparse").stat()
        assert sparse.st_blocks * 512 < sparse.st_size
        for link in ("dangling/dangling", "loop/loop"):
            assert (zoo / f"symlink-{link}").is_symlink()
            with pytest.raises(OSError):
                (zoo / f"symlink-{link}").stat()
        assert (zoo / "symlink-folder/link/file").is_file()
        assert (zoo / "symlink-absolute/absolute").readlink().is_absolute()
        assert all(path.stat().st_mtime < 0 for path in (zoo / "mtime-past").iterdir())
        assert (zoo / "mtime-future/2100").stat().st_mtime == 4_102_444_800
        for path in (zoo / "mtime-sub-second").iterdir():
            assert path.stat().st_mtime_ns % 10**9
        assert os.listxattr(zoo / "xattr/file") == ["user.origin"]
        owners = {path.stat().st_uid for path in (zoo / "other-owner").iterdir()}
        assert owners == {1, 54_321}
        names = {os.fsencode(path.name) for path in (zoo / "non-utf-8").iterdir()}
        assert b"caf\xe9" in names
        assert {len(os.fsencode(path.name)) for path in (zoo / "long-name").iterdir()} == {240}


@pytest.mark.needs("root")
def test_a_machine_that_has_everything_lacks_nothing(tmp_path: Path) -> None:
    assert lacks(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
    assert list(left_out([ALL], {})) == []


def test_an_ordinary_user_gets_the_zoo_without_what_needs_root(short_tmp: Path) -> None:
    with stepped_down(short_tmp):
        lacking = lacks(short_tmp)
        source = [Zoo(path="/odd", things=("device", "fifo")), ALL]
        missing = list(left_out(source, lacking))
        without = {(part.zoo, part.thing) for part in missing}
        build(source, short_tmp / "src", seed=Seed(value=1), at=BUILT_AT, without=without)
        present = {path.name for path in (short_tmp / "src/zoo").iterdir()}
    assert {part.thing for part in missing if not part.is_by_name} == ROOT_ONLY
    assert [(part.zoo, part.thing) for part in missing if part.is_by_name] == [("/odd", "device")]
    assert all("needs" in part.why for part in missing)
    assert present == set(THINGS) - ROOT_ONLY
    assert [path.name for path in (short_tmp / "src/odd").iterdir()] == ["fifo"]


def test_a_zoo_lies_beside_other_entries() -> None:
    found = tree_of(
        Zoo(path="/srv", things=("unicode",)),
        FileSet(path="/srv/unicode", files=2, size=fixed(10), depth=0),
        LiteralFile(path="/srv/unicode/more", content="x"),
    )
    assert {"srv/unicode/more", "srv/unicode/café"} <= found.keys()


def test_what_lies_in_a_things_place_is_refused() -> None:
    source = [
        Zoo(path="/a/unicode", things=("unicode",)),
        Zoo(path="/a", things=("unicode", "deep-path")),
        Zoo(path="/a/deep-path", things=("empty-file",)),
    ]
    with built(*source):
        pass  # each in a folder of its own name: no conflict
    with (
        pytest.raises(ValueError, match="a folder where"),
        built(LiteralFile(path="/zoo", content=""), Zoo(path="/zoo/x", things=("fifo",))),
    ):
        pass


def test_the_estimate_has_room_for_a_zoo() -> None:
    with built(ALL) as root:
        written = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file())
    assert written <= size_estimate([ALL])


@pytest.mark.parametrize("things", [(), ("fifo", "fifo")])
def test_a_zoo_refuses_nonsense_at_birth(things: tuple[ZooThing, ...]) -> None:
    with pytest.raises(ValueError):
        Zoo(path="/zoo", things=things)
