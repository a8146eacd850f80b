from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sources import BUILT_AT, Look, files_of, fixed, look_at, sources, stepped_down

from drtest.chance import Seed
from drtest.model.scenario import (
    ContentKind,
    Count,
    FileSet,
    LiteralFile,
    Mutation,
    MutationTarget,
    MutationVerb,
    PathTarget,
    Share,
    SourceEntry,
    Symlink,
)
from drtest.workload import build, mutate
from drtest.workload.content import PAGE_BYTES

NIGHT = BUILT_AT + timedelta(days=1)
NIGHT_NS = int(NIGHT.timestamp()) * 10**9
# chown needs root; an ordinary user's tests leave it out.
VERBS = tuple(verb for verb in get_args(MutationVerb) if verb != "chown" or os.geteuid() == 0)
SINGLE: tuple[
    MutationVerb, ...
] = (  # what they do shows at one file at a time; the others: test_moves
    "edit",
    "append",
    "add",
    "rename",
    "delete",
    "truncate",
    "chmod",
    "touch",
)
KINDS = get_args(ContentKind)
IN_PLACE = ("edit", "append", "truncate", "chmod", "touch")
# As in test_build: changes only with what mutate makes of a seed.
GOLDEN_DIGEST = "bdd090a9f0619e038e1172ae7d1b4534da3312119fe13db6aa7b1e8382e27788"

WWW = FileSet(path="/srv/www", files=40, size=fixed(500), depth=2)
HOSTS = LiteralFile(path="/etc/hosts", content="127.0.0.1 localhost\n", mode=0o644)


@contextmanager
def built(source: Sequence[SourceEntry]) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        root = Path(folder, "source")
        build(source, root, seed=Seed(value=1), at=BUILT_AT)
        yield root


def once(verb: MutationVerb, *targets: MutationTarget) -> tuple[Mutation, ...]:
    return (Mutation(verb=verb, targets=targets),)


def night(
    mutations: Sequence[Mutation],
    source: Sequence[SourceEntry],
    root: Path,
    *,
    step: int = 1,
    seed: int = 1,
) -> dict[str, int]:
    at = NIGHT + timedelta(days=step - 1)
    return mutate(mutations, source, root, seed=Seed(value=seed), step=step, at=at)


def targets() -> st.SearchStrategy[MutationTarget]:
    return st.one_of(
        st.integers(0, 12).map(lambda n: Count(files=n)),
        st.sampled_from((0.01, 0.3, 1.0)).map(lambda share: Share(of_files=share)),
    )


def mutations() -> st.SearchStrategy[list[Mutation]]:
    one = st.builds(
        Mutation,
        verb=st.sampled_from(VERBS),
        targets=st.lists(targets(), min_size=1, max_size=2).map(tuple),
    )
    return st.lists(one, min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(sources(), mutations())
def test_the_same_nights_give_the_same_tree(
    source: tuple[SourceEntry, ...], program: list[Mutation]
) -> None:
    with built(source) as one, built(source) as other:
        for step in (1, 2):
            counts = night(program, source, one, step=step)
            assert counts == night(program, source, other, step=step)
        assert look_at(one) == look_at(other)


def test_another_step_or_seed_chooses_and_writes_differently() -> None:
    program = [*once("edit", Count(files=5)), *once("add", Count(files=2))]
    found = []
    for step, seed in ((1, 1), (2, 1), (1, 2)):
        with built([WWW]) as root:
            mutate(program, [WWW], root, seed=Seed(value=seed), step=step, at=NIGHT)
            found.append(look_at(root))
    assert found[0] != found[1] and found[0] != found[2]


@settings(max_examples=120, deadline=None)
@given(sources(), st.sampled_from(SINGLE), targets())
def test_a_verb_changes_what_it_says_and_nothing_else(
    source: tuple[SourceEntry, ...], verb: MutationVerb, target: MutationTarget
) -> None:
    with built(source) as root:
        before = look_at(root)
        counts = night(once(verb, target), source, root)
        after = look_at(root)
    assert counts.keys() == {verb}
    number = counts[verb]
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    files, folders = changed & files_of(before), changed - files_of(before)

    assert number == expected_count(verb, target, source, before)
    # Folders: exactly those whose entries changed, and of them only the mtime.
    assert folders == {str(Path(path).parent) for path in gone | new}
    for path in folders:
        assert after[path] == before[path]._replace(mtime_ns=NIGHT_NS)
    for path in files | new:
        assert after[path].mtime_ns == NIGHT_NS

    if verb in IN_PLACE:
        assert not gone and not new and len(files) == number
        for path in files:
            check_in_place(verb, before[path], after[path])
    elif verb == "add":
        assert not gone and not files and len(new) == number <= len(files_of(after))
    elif verb == "delete":
        assert not new and not files and len(gone) == number
    else:
        assert not files and len(gone) == len(new) == number
        contents = sorted((before[path].content, before[path].mode) for path in gone)
        assert contents == sorted((after[path].content, after[path].mode) for path in new)


def expected_count(
    verb: MutationVerb,
    target: MutationTarget,
    source: Sequence[SourceEntry],
    before: dict[str, Look],
) -> int:
    files = files_of(before)
    if isinstance(target, Share):
        wanted = max(1, int(target.of_files * len(files) + 0.5))
    else:
        assert isinstance(target, Count)
        wanted = target.files
    if verb == "add":
        return wanted if any(isinstance(e, FileSet | LiteralFile) for e in source) else 0
    if verb == "truncate":
        return min(wanted, sum(before[path].size_bytes > 0 for path in files))
    return min(wanted, len(files))


def check_in_place(verb: MutationVerb, before: Look, after: Look) -> None:
    if verb in ("chmod", "touch"):
        assert (after.content, after.size_bytes) == (before.content, before.size_bytes)
    else:
        assert after.content != before.content
    assert (after.mode != before.mode) == (verb == "chmod")
    if verb == "append":
        assert after.size_bytes > before.size_bytes
    if verb == "truncate":
        assert after.size_bytes < before.size_bytes


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    size_bytes=st.one_of(
        st.integers(0, 3000),
        st.sampled_from((PAGE_BYTES - 1, PAGE_BYTES, 5 * PAGE_BYTES + 7, 4 * 2**20 + 1)),
    ),
    verb=st.sampled_from(("edit", "append", "truncate")),
    seed=st.integers(0, 1000),
)
def test_content_really_changes_whatever_kind_and_size(
    kind: ContentKind, size_bytes: int, verb: MutationVerb, seed: int
) -> None:
    source = [FileSet(path="/a", files=1, size=fixed(size_bytes), kind=kind, depth=0)]
    with built(source) as root:
        (file,) = (root / "a").iterdir()
        before = file.read_bytes()
        for step in (1, 2):
            counts = night(once(verb, Count(files=1)), source, root, step=step, seed=seed)
            after = file.read_bytes()
            assert counts == {verb: int(after != before)}
            assert (after == before) == (verb == "truncate" and not before)
            if verb == "append":
                assert after.startswith(before)
            if verb == "truncate":
                assert before.startswith(after)
            before = after


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_is_the_one_that_such_a_file_gets(kind: ContentKind) -> None:
    size_bytes = 10 * PAGE_BYTES
    source = [FileSet(path="/a", files=6, size=fixed(size_bytes), kind=kind)]
    with built(source) as root:
        files = sorted(path for path in root.rglob("*") if path.is_file())
        before = {path: path.read_bytes() for path in files}
        night(once("edit", Share(of_files=1)), source, root)
        for path in files:
            old, new = before[path], path.read_bytes()
            if kind == "log":
                assert new.startswith(old) and new.endswith(b"\n")
            elif kind == "text":
                same = set(old.split(b"\n")) & set(new.split(b"\n"))
                assert len(same) >= len(set(old.split(b"\n"))) - 3
            elif kind == "database":
                assert len(new) == len(old)
                pages = range(0, size_bytes, PAGE_BYTES)
                hit = [at for at in pages if old[at : at + PAGE_BYTES] != new[at : at + PAGE_BYTES]]
                assert 1 <= len(hit) <= 3
                for at in hit:
                    assert new[at + 4 : at + 8] == old[at + 4 : at + 8]  # the page's own number
            elif kind in ("random", "zeros"):
                assert len(new) == len(old)
                assert 1 <= sum(a != b for a, b in zip(old, new, strict=True)) <= 4096


def test_a_text_of_many_mib_is_edited_in_place() -> None:
    source = [FileSet(path="/a", files=1, size=fixed(6 * 2**20), depth=0)]
    with built(source) as root:
        (file,) = (root / "a").iterdir()
        before = file.read_bytes()
        night(once("edit", Count(files=1)), source, root)
        after = file.read_bytes()
        assert len(after) == len(before)
        assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) < 4096


def test_one_long_line_is_not_rewritten_as_a_whole(tmp_path: Path) -> None:
    source = [LiteralFile(path="/app.min.js", content="x" * 50_000)]
    root = tmp_path / "source"
    build(source, root, seed=Seed(value=1), at=BUILT_AT)
    night(once("edit", PathTarget(path="/app.min.js")), source, root)
    assert 40_000 < (root / "app.min.js").read_bytes().count(b"x") < 50_000


def test_the_kind_of_a_literal_file_goes_by_its_content(tmp_path: Path) -> None:
    source = [HOSTS, LiteralFile(path="/bin/tool", content="\x7fELF\0\0" * 100)]
    root = tmp_path / "source"
    build(source, root, seed=Seed(value=1), at=BUILT_AT)
    night(once("edit", Share(of_files=1)), source, root)
    assert (root / "etc/hosts").read_bytes().isascii()
    assert (root / "bin/tool").stat().st_size == 600


# ---------------------------------------------------------------- targets


@pytest.mark.parametrize("verb", [*IN_PLACE, "rename"])
def test_a_path_is_a_file_or_all_files_below_a_folder(verb: MutationVerb) -> None:
    source = [WWW, HOSTS, LiteralFile(path="/srv/www2/near", content="no")]
    with built(source) as root:
        assert night(once(verb, PathTarget(path="/etc/hosts")), source, root) == {verb: 1}
    with built(source) as root:
        assert night(once(verb, PathTarget(path="/srv/www/")), source, root) == {verb: 40}
        assert (root / "srv/www2/near").read_text() == "no"
    with built(source) as root:
        assert night(once(verb, PathTarget(path="/")), source, root) == {verb: 42}


@pytest.mark.parametrize("verb", VERBS)
def test_a_path_that_is_not_there_is_named(verb: MutationVerb) -> None:
    with built([WWW]) as root:
        before = look_at(root)
        with pytest.raises(ValueError, match="/srv/ww "):
            night(once(verb, PathTarget(path="/srv/ww")), [WWW], root)
        assert look_at(root) == before


def test_a_folder_is_deleted_with_all_that_lies_in_it() -> None:
    source = [WWW, HOSTS, Symlink(path="/srv/www/link", target="/etc")]
    with built(source) as root:
        assert night(once("delete", PathTarget(path="/srv/www")), source, root) == {"delete": 40}
        tree = look_at(root)
        assert tree.keys() == {".", "srv", "etc", "etc/hosts"}
        assert tree["srv"].mtime_ns == NIGHT_NS and tree["."].mtime_ns < NIGHT_NS
        # A set whose folder is gone takes no new files, and nothing says that it did.
        assert night(once("add", Count(files=3)), source, root, step=2) == {"add": 0}


def test_a_link_can_be_deleted_and_its_target_stays() -> None:
    source = [HOSTS, Symlink(path="/link", target="etc")]
    with built(source) as root:
        assert night(once("delete", PathTarget(path="/link")), source, root) == {"delete": 1}
        assert look_at(root).keys() == {".", "etc", "etc/hosts"}


def test_shares_counts_and_paths_add_up_without_overlap() -> None:
    source = [WWW, HOSTS]
    with built(source) as root:
        both = once("edit", Share(of_files=0.1), PathTarget(path="/etc/hosts"), Count(files=3))
        assert night(both, source, root) == {"edit": 4 + 1 + 3}
        assert sum(seen.mtime_ns == NIGHT_NS for seen in look_at(root).values()) == 8


def test_a_share_of_few_files_is_one_file() -> None:
    with built([HOSTS]) as root:
        assert night(once("edit", Share(of_files=0.01)), [HOSTS], root) == {"edit": 1}


def test_new_files_come_in_the_kind_and_size_of_their_set() -> None:
    database = FileSet(path="/db", files=4, size=fixed(2 * PAGE_BYTES), kind="database")
    with built([database]) as root:
        before = look_at(root).keys()
        night(once("add", Count(files=3)), [database], root)
        for path in look_at(root).keys() - before:
            assert path.endswith(".ibd")
            assert (root / path).stat().st_size == 2 * PAGE_BYTES


def test_a_new_file_can_be_asked_for_in_one_folder() -> None:
    source = [WWW, HOSTS]
    with built(source) as root:
        assert night(once("add", PathTarget(path="/etc")), source, root) == {"add": 1}
        assert len(list((root / "etc").iterdir())) == 2


def test_no_name_comes_twice_in_many_nights() -> None:
    program = [
        *once("add", Count(files=4)),
        *once("rename", Count(files=4)),
        *once("delete", Count(files=6)),
        *once("add", Count(files=2)),
    ]
    with built([WWW]) as root:
        before, ever = files_of(look_at(root)), files_of(look_at(root))
        for step in range(1, 15):
            assert night(program, [WWW], root, step=step) == {"add": 6, "rename": 4, "delete": 6}
            now = files_of(look_at(root))
            assert len(now) == 40
            assert not (now - before) & ever
            ever |= now
            before = now


def test_a_renamed_file_stays_in_its_folder_or_moves_beside_it() -> None:
    inner = FileSet(path="/srv/www/inner", files=5, size=fixed(10), kind="random", depth=0)
    source = [WWW, inner]
    with built(source) as root:
        before = look_at(root)
        night(once("rename", Share(of_files=1)), source, root)
        after = look_at(root)

        def depths(tree: dict[str, Look]) -> list[int]:
            return sorted(path.count("/") for path in files_of(tree))

        assert depths(before) == depths(after)
        assert len(list((root / "srv/www/inner").iterdir())) == 5
        assert {str(Path(path).parent) for path in files_of(after)} != {
            str(Path(path).parent) for path in files_of(before)
        } or before.keys() != after.keys()


def test_chmod_twice_never_leaves_the_mode() -> None:
    with built([HOSTS]) as root:
        modes = [stat.S_IMODE((root / "etc/hosts").stat().st_mode)]
        for step in range(1, 12):
            night(once("chmod", PathTarget(path="/etc/hosts")), [HOSTS], root, step=step)
            modes.append(stat.S_IMODE((root / "etc/hosts").stat().st_mode))
        assert all(a != b for a, b in pairwise(modes))
        assert set(modes) <= {0o600, 0o640, 0o644, 0o755}


def test_modes_survive_a_change_of_content(tmp_path: Path) -> None:
    source = [LiteralFile(path="/a", content="abc\n", mode=0o4755)]
    root = tmp_path / "source"
    build(source, root, seed=Seed(value=1), at=BUILT_AT)
    night([*once("edit", Count(files=1)), *once("append", Count(files=1))], source, root)
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o4755


def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("keep me")
    before = look_at(outside)
    source = [
        Symlink(path="/a/file", target=str(outside / "file")),
        Symlink(path="/a/folder", target=str(outside)),
        HOSTS,
    ]
    root = tmp_path / "source"
    build(source, root, seed=Seed(value=1), at=BUILT_AT)
    for step, verb in enumerate(("edit", "append", "truncate", "chmod", "touch", "rename"), 1):
        with pytest.raises(ValueError, match="/a/file"):
            night(once(verb, PathTarget(path="/a/file")), source, root)
        assert night(once(verb, Share(of_files=1)), source, root, step=step) == {verb: 1}
    with pytest.raises(ValueError, match="/a/folder/file"):
        night(once("delete", PathTarget(path="/a/folder/file")), source, root)
    night(once("delete", PathTarget(path="/a")), source, root)
    assert look_at(outside) == before


def test_a_month_of_nights_is_the_same_on_every_machine_and_python() -> None:
    source = [
        WWW,
        HOSTS,
        FileSet(path="/db", files=3, size=fixed(50_000), kind="database"),
        FileSet(path="/log", files=3, size=fixed(5000), kind="log"),
        FileSet(path="/mixed", files=3, size=fixed(9000), kind="mixed"),
        FileSet(path="/zeros", files=2, size=fixed(9000), kind="zeros"),
    ]
    program = [Mutation(verb=verb, targets=(Count(files=3),)) for verb in SINGLE]
    with built(source) as root:
        for step in range(1, 8):
            night(program, source, root, step=step)
        tree = sorted(look_at(root).items())
    assert hashlib.sha256(repr(tree).encode()).hexdigest() == GOLDEN_DIGEST


def test_a_user_changes_what_they_own_but_may_not_write() -> None:
    source = [LiteralFile(path=f"/a/{name}", content="abc\n" * 9, mode=0o400) for name in "xyz"]
    program = [Mutation(verb=verb, targets=(Share(of_files=1),)) for verb in SINGLE[:5]]
    with TemporaryDirectory() as folder, stepped_down(Path(folder)):
        root = Path(folder, "source")
        build(source, root, seed=Seed(value=1), at=BUILT_AT)
        (root / "a").chmod(0o500)
        counts = night(program[:-1], source, root)
        assert counts == {"edit": 3, "append": 3, "add": 3, "rename": 6}
        modes = sorted(stat.S_IMODE(path.stat().st_mode) for path in (root / "a").iterdir())
        assert modes[:3] == [0o400] * 3
        assert stat.S_IMODE((root / "a").stat().st_mode) == 0o500
        assert night(program[-1:], source, root, step=2) == {"delete": 6}
        assert stat.S_IMODE((root / "a").stat().st_mode) == 0o500
        (root / "a").chmod(0o700)
        (root / "a/inner").mkdir(mode=0o500)
        (root / "a").chmod(0o500)
        gone = once("delete", PathTarget(path="/a"))
        assert night(gone, source, root, step=3) == {"delete": 0}
        assert look_at(root).keys() == {"."}
