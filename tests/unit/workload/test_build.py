from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.sources import BUILT_AT, Look, files_of, fixed, look_at, sources

from drtest.chance import Seed
from drtest.model.scenario import CopyOf, FileSet, LiteralFile, Size, SourceEntry, Symlink
from drtest.workload import build, size_estimate

GOLDEN = (
    FileSet(
        path="/srv/www",
        files=12,
        size=Size(shape="about", low_bytes=4096, high_bytes=64 * 1024),
        depth=3,
    ),
    FileSet(path="/srv/media", files=2, size=fixed(300_000), kind="random", depth=0),
    FileSet(path="/srv/disk", files=1, size=fixed(5000), kind="zeros"),
    FileSet(path="/srv/papers", files=2, size=fixed(20_000), kind="mixed"),
    FileSet(path="/var/lib/mysql", files=2, size=fixed(40_000), kind="database"),
    FileSet(
        path="/var/log",
        files=3,
        size=Size(shape="uniform", low_bytes=100, high_bytes=9000),
        kind="log",
    ),
    LiteralFile(path="/etc/hosts", content="127.0.0.1 localhost\n"),
    Symlink(path="/etc/www", target="../srv/www"),
)
# Changes only with a change of what build makes from a seed: then say so in CHANGELOG.md, for every
# stored seed means another tree from then on.
GOLDEN_DIGEST = "f625d55d39e58b6dc8aeac09a72b049f390aa2e39171b68d99b3e1dfcdb0b9d5"


@contextmanager
def built(source: Sequence[SourceEntry], *, seed: int = 1) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "source")
        build(source, root, seed=Seed(value=seed), at=BUILT_AT)
        yield root


def tree_of(source: Sequence[SourceEntry], *, seed: int = 1) -> dict[str, Look]:
    with built(source, seed=seed) as root:
        return look_at(root)


def digest_of(tree: dict[str, Look]) -> str:
    return hashlib.sha256(repr(sorted(tree.items())).encode()).hexdigest()


def test_a_small_tree_is_the_same_on_every_machine_and_python() -> None:
    assert digest_of(tree_of(GOLDEN)) == GOLDEN_DIGEST


@settings(max_examples=30, deadline=None)
@given(sources())
def test_one_seed_gives_one_tree_whatever_the_umask(source: tuple[SourceEntry, ...]) -> None:
    first = tree_of(source)
    before = os.umask(0o077)
    try:
        second = tree_of(tuple(reversed(source)))
    finally:
        os.umask(before)
    assert first == second


@settings(max_examples=20, deadline=None)
@given(sources(least_files=1))
def test_another_seed_gives_another_tree(source: tuple[SourceEntry, ...]) -> None:
    assert tree_of(source, seed=1) != tree_of(source, seed=2)


@settings(max_examples=30, deadline=None)
@given(sources(), st.data())
def test_one_more_entry_changes_no_other(
    source: tuple[SourceEntry, ...], data: st.DataObject
) -> None:
    assume(len(source) > 1)
    without = list(source)
    without.remove(data.draw(st.sampled_from(source)))
    smaller, larger = tree_of(without), tree_of(source)
    assert smaller.items() <= larger.items()


@settings(max_examples=30, deadline=None)
@given(sources())
def test_the_tree_is_what_the_source_says(source: tuple[SourceEntry, ...]) -> None:
    tree = tree_of(source)
    sets = [entry for entry in source if isinstance(entry, FileSet)]
    literals = [entry for entry in source if isinstance(entry, LiteralFile)]
    assert len(files_of(tree)) == sum(entry.files for entry in sets) + len(literals)
    for literal in literals:
        seen = tree[literal.path[1:]]
        assert seen.mode == literal.mode
        assert seen.content == hashlib.sha256(literal.content.encode()).hexdigest()
    for path in files_of(tree) - {literal.path[1:] for literal in literals}:
        depths = [
            len(Path(f"/{path}").relative_to(entry.path).parts) - 1 - entry.depth
            for entry in sets
            if Path(f"/{path}").is_relative_to(entry.path)
        ]
        assert min(depths) <= 0
        assert tree[path].size_bytes <= max(entry.size.high_bytes for entry in sets)
    assert sum(tree[path].size_bytes for path in files_of(tree)) <= size_estimate(source) + 40_000


@settings(max_examples=15, deadline=None)
@given(sources())
def test_times_are_whole_seconds_of_the_year_before(source: tuple[SourceEntry, ...]) -> None:
    for seen in tree_of(source).values():
        assert seen.mtime_ns % 10**9 == 0
        age = BUILT_AT.timestamp() - seen.mtime_ns / 10**9
        assert 0 < age <= timedelta(days=366).total_seconds()


def test_a_literal_file_wins_over_a_generated_one() -> None:
    generated = FileSet(path="/etc", files=5, size=fixed(100))
    path = min(files_of(tree_of([generated])))
    literal = LiteralFile(path=f"/{path}", content="mine", mode=0o600)
    tree = tree_of([generated, literal])
    assert len(files_of(tree)) == 5
    assert (tree[path].size_bytes, tree[path].mode) == (4, 0o600)


def test_a_link_wins_over_a_generated_file_and_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("keep me")
    generated = FileSet(path="/etc", files=5, size=fixed(100))
    path = min(files_of(tree_of([generated])))
    tree = tree_of([generated, Symlink(path=f"/{path}", target=str(outside))])
    assert stat.S_ISLNK(tree[path].type)
    assert outside.read_text() == "keep me"


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (
            [
                LiteralFile(path="/etc/a", content=""),
                FileSet(path="/etc/a/b", files=1, size=fixed(1)),
            ],
            ("/etc/a", "/etc/a/b"),
        ),
        (
            [Symlink(path="/srv", target="/tmp"), LiteralFile(path="/srv/x/y", content="")],
            ("/srv", "/srv/x/y"),
        ),
        (
            [LiteralFile(path="/a", content=""), Symlink(path="//a/", target="x")],
            ("/a", "//a/"),
        ),
        (
            [FileSet(path="/a", files=1, size=fixed(1)), LiteralFile(path="/a", content="")],
            ("files /a", "file /a"),
        ),
        (
            # The folder of the set's that lies above the deeper one.
            [FileSet(path="/a/b", files=1, size=fixed(1)), LiteralFile(path="/a", content="")],
            ("/a/b", "file /a"),
        ),
        ([LiteralFile(path="/", content="")], ("file /",)),
    ],
)
def test_entries_that_cannot_lie_in_one_tree_are_refused_by_name(
    source: list[SourceEntry], named: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(ValueError) as refusal:
        build(source, tmp_path / "source", seed=Seed(value=1), at=BUILT_AT)
    assert all(name in str(refusal.value) for name in named)
    assert not (tmp_path / "source").exists()


def test_a_literal_file_in_the_place_of_a_generated_folder_is_refused(tmp_path: Path) -> None:
    generated = FileSet(path="/srv", files=30, size=fixed(1))
    folder = next(
        path
        for path, seen in tree_of([generated]).items()
        if stat.S_ISDIR(seen.type) and path.count("/") == 1
    )
    source = [generated, LiteralFile(path=f"/{folder}", content="")]
    with pytest.raises(ValueError, match=f"/{folder}.*folder"):
        build(source, tmp_path / "source", seed=Seed(value=1), at=BUILT_AT)


def test_a_root_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    with pytest.raises(ValueError, match="not empty"):
        build(
            [FileSet(path="/a", files=1, size=fixed(1))], tmp_path, seed=Seed(value=1), at=BUILT_AT
        )


def test_an_instant_without_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="timezone"):
        build(
            [LiteralFile(path="/a", content="")],
            tmp_path / "x",
            seed=Seed(value=1),
            at=datetime(2026, 1, 1),
        )


def test_the_estimate_is_not_far_above_what_is_built() -> None:
    source = [
        FileSet(
            path="/a",
            files=400,
            size=Size(shape="about", low_bytes=2048, high_bytes=64 * 1024),
        ),
        FileSet(path="/b", files=10, size=fixed(10_000), kind="zeros"),
    ]
    tree = tree_of(source)
    written = sum(tree[path].size_bytes for path in files_of(tree))
    assert written <= size_estimate(source) <= 2 * written


def test_a_copy_is_no_estimate_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_bytes(b"x" * 1000)
    (tmp_path / "sub/b").hardlink_to(tmp_path / "sub/a")
    (tmp_path / "c").write_bytes(b"x" * 10)
    (tmp_path / "link").symlink_to("/")
    assert size_estimate([CopyOf(path="/copy", of=str(tmp_path))]) == 1010
