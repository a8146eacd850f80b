"""Mutations that change where things lie, what they are, whose they are; and unseen ones."""

from __future__ import annotations

import os
import stat
from collections import Counter
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sources import Look, files_of, fixed, look_at, sources, stepped_down
from unit.workload.test_mutation import HOSTS, NIGHT_NS, WWW, built, night, once, targets

from drtest.errors import CapabilityMissing
from drtest.model.scenario import (
    Count,
    FileSet,
    LiteralFile,
    PathTarget,
    Share,
    SourceEntry,
    Symlink,
    Zoo,
)
from drtest.workload.content import PAGE_BYTES

ALL = Share(of_files=1)


def contents(tree: dict[str, Look]) -> Counter[tuple[str, int]]:
    return Counter((tree[path].content, tree[path].mode) for path in files_of(tree))


def changed(before: dict[str, Look], after: dict[str, Look]) -> set[str]:
    return {path for path in before.keys() & after.keys() if before[path] != after[path]}


# ---------------------------------------------------------------- swap


@settings(max_examples=40, deadline=None)
@given(sources(), targets())
def test_a_swap_moves_content_and_loses_none(
    source: tuple[SourceEntry, ...], target: Count
) -> None:
    with built(source) as root:
        before = look_at(root)
        counts = night(once("swap", target), source, root)
        after = look_at(root)
    assert counts["swap"] % 2 == 0
    assert before.keys() == after.keys()
    assert contents(before) == contents(after)
    hit = {path for path in files_of(after) if after[path].mtime_ns == NIGHT_NS}
    assert len(hit) == counts["swap"]
    assert changed(before, after) & files_of(after) == hit


def test_two_named_files_swap_with_each_other_and_one_with_any() -> None:
    source = [HOSTS, LiteralFile(path="/b/motd", content="motd\n", mode=0o600), WWW]
    with built(source) as root:
        both = once("swap", PathTarget(path="/etc/hosts"), PathTarget(path="/b/motd"))
        assert night(both, source, root) == {"swap": 2}
        assert (root / "etc/hosts").read_text() == "motd\n"
        assert stat.S_IMODE((root / "etc/hosts").stat().st_mode) == 0o600
        assert (root / "b/motd").read_text() == HOSTS.content
        one = once("swap", PathTarget(path="/b/motd"))
        assert night(one, source, root, step=2) == {"swap": 2}
        assert (root / "b/motd").read_text() != HOSTS.content
    with built([HOSTS]) as root:
        assert night(once("swap", ALL), [HOSTS], root) == {"swap": 0}


# ---------------------------------------------------------------- recase


@settings(max_examples=40, deadline=None)
@given(sources(), targets())
def test_a_case_only_rename_is_one(source: tuple[SourceEntry, ...], target: Count) -> None:
    with built(source) as root:
        before = look_at(root)
        number = night(once("recase", target), source, root)["recase"]
        after = look_at(root)
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    assert len(gone) == len(new) == number
    assert {path.casefold() for path in gone} == {path.casefold() for path in new}
    assert contents(before) == contents(after)
    assert all(after[path].mtime_ns == NIGHT_NS for path in new)


def test_a_name_whose_other_case_is_taken_or_that_has_none_stays() -> None:
    source = [LiteralFile(path=f"/a/{name}", content=name) for name in ("x", "X", "1.2", "é")]
    with built(source) as root:
        before = look_at(root)
        assert night(once("recase", ALL), source, root) == {"recase": 0}
        assert look_at(root) == before


# ---------------------------------------------------------------- move


@settings(max_examples=40, deadline=None)
@given(sources(), targets())
def test_a_move_takes_whole_folders_along(source: tuple[SourceEntry, ...], target: Count) -> None:
    with built(source) as root:
        before = look_at(root)
        number = night(once("move", target), source, root)["move"]
        after = look_at(root)
    assert len(files_of(before) - files_of(after)) == number
    assert len(before) == len(after)
    assert contents(before) == contents(after)
    for path in files_of(after) - files_of(before):  # a moved file is the file it was
        assert after[path].mtime_ns != NIGHT_NS
    homes = [entry.path.strip("/") for entry in source]
    assert all(home in after for home in homes if home)


def test_a_path_moves_with_its_tree() -> None:
    source = [FileSet(path="/srv/www", files=40, size=fixed(10), depth=3), HOSTS]
    with built(source) as root:
        before = look_at(root)
        assert night(once("move", PathTarget(path="/srv/www")), source, root) == {"move": 40}
        after = look_at(root)
        assert "srv/www" not in after
        (new,) = (path for path in after if path.count("/") == 1 and path.startswith("srv/"))
        assert {path.replace(new, "srv/www", 1): look for path, look in after.items()} == {
            **before,
            "srv": after["srv"],
        }
        assert after["srv"].mtime_ns == NIGHT_NS
        assert night(once("move", PathTarget(path="/etc/hosts")), source, root) == {"move": 1}


def test_mutations_behind_a_move_find_what_moved() -> None:
    program = [*once("move", Count(files=20)), *once("edit", ALL), *once("delete", ALL)]
    with built([WWW]) as root:
        counts = night(program, [WWW], root)
        assert counts["move"] >= 20 and counts["edit"] == counts["delete"] == 40
        assert not files_of(look_at(root))


# ---------------------------------------------------------------- replace


@settings(max_examples=40, deadline=None)
@given(sources(), targets())
def test_a_replaced_file_is_a_folder_or_a_link(
    source: tuple[SourceEntry, ...], target: Count
) -> None:
    with built(source) as root:
        before = look_at(root)
        number = night(once("replace", target), source, root)["replace"]
        after = look_at(root)
        replaced = [path for path in files_of(before) if before[path].type != after[path].type]
        assert len(replaced) == number
        for path in replaced:
            if after[path].type == stat.S_IFLNK:
                kept = (root / path).parent / after[path].content
            else:
                assert after[path].type == stat.S_IFDIR
                kept = root / path / "inside"
            assert look_at(kept)["."].content == before[path].content
    assert contents(before) == contents(after)


def test_a_replaced_path_comes_back_as_a_file() -> None:
    here = once("replace", PathTarget(path="/etc/hosts"))
    seen = set()
    with built([HOSTS, WWW]) as root:
        for step in range(1, 13):
            assert night(here, [HOSTS, WWW], root, step=step) == {"replace": 1}
            seen.add(look_at(root / "etc/hosts")["."].type)
            assert (step % 2 == 1) == (look_at(root)["etc/hosts"].type != stat.S_IFREG)
    assert seen == {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}


def test_a_link_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("keep me")
    source = [Symlink(path="/a/link", target=str(tmp_path / "outside")), HOSTS]
    with built(source) as root:
        assert night(once("replace", PathTarget(path="/a/link")), source, root) == {"replace": 1}
        assert (root / "a/link").is_file() and not (root / "a/link").is_symlink()
    assert (tmp_path / "outside").read_text() == "keep me"


# ---------------------------------------------------------------- content, unseen and seen


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 3 * PAGE_BYTES),
    st.sampled_from(("text", "random", "zeros", "mixed", "database", "log")),
    st.integers(0, 999),
)
def test_a_rewrite_shows_in_the_content_alone(size_bytes: int, kind: str, seed: int) -> None:
    source = [FileSet(path="/a", files=1, size=fixed(size_bytes), kind=kind, depth=0)]  # type: ignore[arg-type]
    with built(source) as root:
        before = look_at(root)
        counts = night(once("rewrite", Count(files=1)), source, root, seed=seed)
        after = look_at(root)
    assert counts == {"rewrite": int(size_bytes > 0)}
    differing = changed(before, after)
    assert len(differing) == counts["rewrite"]
    for path in differing:
        assert after[path] == before[path]._replace(content=after[path].content)


def test_what_grows_keeps_what_it_has() -> None:
    source = [
        FileSet(path="/db", files=2, size=fixed(3 * PAGE_BYTES), kind="database"),
        FileSet(path="/empty", files=1, size=fixed(0)),
        FileSet(path="/big", files=1, size=fixed(200_000)),
    ]
    with built(source) as root:
        old = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        assert night(once("grow", ALL), source, root) == {"grow": 4}
        for path, data in old.items():
            new = path.read_bytes()
            assert new.startswith(data)
            assert max(2 * len(data), 65_536) <= len(new) <= max(4 * len(data), len(data) + 65_536)


# ---------------------------------------------------------------- owners


@pytest.mark.needs("root")
def test_a_file_gets_another_owner_and_keeps_its_mode() -> None:
    source = [LiteralFile(path="/a", content="x", mode=0o4755), WWW]
    here, seen = once("chown", PathTarget(path="/a")), []
    with built(source) as root:
        for step in range(1, 9):
            assert night(here, source, root, step=step) == {"chown": 1}
            status = (root / "a").stat()
            seen.append((status.st_uid, status.st_gid))
            assert stat.S_IMODE(status.st_mode) == 0o4755
        assert night(once("chown", ALL), source, root, step=9) == {"chown": 41}
    assert all(one != other for one, other in pairwise(seen))


def test_an_ordinary_user_cannot_and_is_told() -> None:
    with TemporaryDirectory() as folder, stepped_down(Path(folder)), built([HOSTS]) as root:
        with pytest.raises(CapabilityMissing) as caught:
            night(once("chown", ALL), [HOSTS], root)
        assert caught.value.capability == "chown"


def test_every_verb_takes_a_zoo() -> None:
    things = ("unicode", "non-utf-8", "newline", "long-name", "empty-file", "hard-link", "fifo")
    zoo = Zoo(path="/zoo", things=things)
    program = [
        *once("grow", Count(files=2)),
        *once("swap", Count(files=4)),
        *once("recase", Count(files=3)),
        *once("replace", Count(files=3)),
        *once("move", Count(files=2)),
        *once("rewrite", Count(files=2)),
        *once("rename", ALL),
    ]
    with built([zoo]) as root:
        for step in range(1, 4):
            counts = night(program, [zoo], root, step=step)
            files = sum(path.is_file() and not path.is_symlink() for path in root.rglob("*"))
            assert counts["rename"] == files
        assert all(len(os.fsencode(path.name)) <= 255 for path in root.rglob("*"))


def test_a_folder_that_changed_and_then_moved_has_the_times_of_the_night() -> None:
    program = [
        *once("rename", ALL),
        *once("move", ALL),
        *once("replace", Count(files=9)),
        *once("move", ALL),
    ]
    with built([WWW, HOSTS]) as root:
        night(program, [WWW, HOSTS], root)
        tree = look_at(root)
        assert not {path for path, seen in tree.items() if seen.mtime_ns % 10**9}


def test_a_user_moves_and_replaces_what_they_own_but_may_not_write() -> None:
    source = [FileSet(path="/a", files=20, size=fixed(10), depth=2), HOSTS]
    program = [*once("move", Count(files=5)), *once("replace", Count(files=5)), *once("swap", ALL)]
    with TemporaryDirectory() as folder, stepped_down(Path(folder)), built(source) as root:
        folders = [root / path for path, seen in look_at(root).items() if stat.S_ISDIR(seen.type)]
        for one in folders:
            one.chmod(0o500)
        for step in range(1, 4):
            counts = night(program, source, root, step=step)
            assert counts["move"] >= 5 and counts["replace"] == 5 and counts["swap"] >= 20
        modes = {stat.S_IMODE(seen.mode) for seen in look_at(root).values()}
        assert 0o500 in modes
        for one in sorted(root.rglob("*"), reverse=True):
            if one.is_dir() and not one.is_symlink():
                one.chmod(0o700)
        root.chmod(0o700)
