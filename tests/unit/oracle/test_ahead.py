"""A capture with a second process gives what one process gives, also where the second one dies."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drtest.model.tree import Entry
from drtest.oracle.capture import capture
from drtest.oracle.recall import StatCache
from drtest.oracle.second import Second

NEVER, AT_ONCE = 10**9, 0
NAMES = st.sampled_from(["a", "a-b", "a.b", "a0", "b", "Z", "\udcff", "n\n", "ü"])


def plant(root: Path, folders: int) -> None:
    for number in range(folders):
        folder = root / f"d{number % 7}" / f"e{number % 3}" / str(number)
        folder.mkdir(parents=True)
        for inside in range(5):
            (folder / f"f{inside}").write_text(f"{number} {inside}")
        (folder / "link").symlink_to("f1")
        os.link(folder / "f1", folder / "other name of f1")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Second]:
    """The second processes that were started, each ready before the capture goes on."""
    found: list[Second] = []

    class Waited(Second):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            found.append(self)
            assert self.has_answer(wait=True)

    monkeypatch.setattr("drtest.oracle.ahead.Second", Waited)
    return found


def test_a_large_tree_is_the_same_with_a_second_process(
    tmp_path: Path, started: list[Second]
) -> None:
    root = tmp_path / "root"
    plant(root, 60)
    alone = list(capture(root, large=NEVER))
    assert started == []
    assert list(capture(root, large=AT_ONCE)) == alone
    (one,) = started
    assert not one._child.is_alive()


def test_both_ways_share_one_cache(
    tmp_path: Path, started: list[Second], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    plant(root, 60)
    for file in root.rglob("f*"):
        os.utime(file)
    cache = StatCache(file=tmp_path / "cache")
    alone = list(capture(root, large=NEVER))
    # Nothing counts as too new: the files were written in this very moment.
    monkeypatch.setattr("drtest.oracle.recall._SAME_TICK_NS", -(10**12))
    assert list(capture(root, cache=cache, large=AT_ONCE)) == alone
    after_two = cache.file.read_bytes()
    assert list(capture(root, cache=cache, large=NEVER)) == alone
    assert cache.file.read_bytes() == after_two
    # A change shows, and what is remembered is what reading everything gives.
    (root / "d0/e0/0/f0").write_text("changed")
    seen = {one.path: one for one in capture(root, cache=cache, large=AT_ONCE)}
    assert seen["d0/e0/0/f0"].digest != {one.path: one for one in alone}["d0/e0/0/f0"].digest
    assert list(capture(root, cache=cache, large=AT_ONCE, paranoid=True)) == list(seen.values())
    assert len(started) == 3


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(NAMES, min_size=1, max_size=5), max_size=12))
def test_any_tree_is_the_same(started: list[Second], paths: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in paths:
            (root / "/".join(path)).mkdir(parents=True, exist_ok=True)
            (root / "/".join(path) / "file").touch()
        alone = list(capture(root, large=NEVER))
        assert list(capture(root, large=AT_ONCE)) == alone
        assert alone == sorted(alone, key=lambda one: one.sort_key)


@pytest.mark.parametrize("after", [0, 1, 40])
def test_what_a_dead_process_had_is_done_by_the_first(
    tmp_path: Path, started: list[Second], after: int
) -> None:
    root = tmp_path / "root"
    plant(root, 200)
    alone = list(capture(root, large=NEVER))
    got: list[Entry] = []
    for number, one in enumerate(capture(root, large=AT_ONCE)):
        got.append(one)
        if number == after:
            started[0]._child.stop()
    assert got == alone


def test_one_that_cannot_be_started_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    plant(root, 20)
    alone = list(capture(root, large=NEVER))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert Second.start(b"/", None) is None
    assert list(capture(root, large=AT_ONCE)) == alone


def test_a_capture_that_is_broken_off_leaves_no_process(
    tmp_path: Path, started: list[Second]
) -> None:
    root = tmp_path / "root"
    plant(root, 60)
    entries = capture(root, large=AT_ONCE)
    for _ in range(10):
        next(entries)
    entries.close()  # type: ignore[attr-defined]
    assert started
    assert not any(one._child.is_alive() for one in started)
