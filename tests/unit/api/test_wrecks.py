"""A wreck stays where it is wanted and not too large; nothing empty stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from drtest.api import wrecks


@pytest.fixture
def wreck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of 1,000 bytes, and a link that would not count even if it led anywhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = wrecks.root() / "2026-01-01T000000Z" / "01-small"
    (folder / "d1.1").mkdir(parents=True)
    (folder / "d1.1" / "file").write_bytes(bytes(1000))
    (folder / "d1.1" / "link").symlink_to("/nowhere")
    return folder


def test_wrecks_are_for_their_owner_alone(wreck: Path) -> None:
    assert wreck.is_relative_to(wrecks.root())
    assert wrecks.root().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("as_expected", "most", "stays"),
    [(False, 1000, True), (False, 999, False), (True, 1000, False)],
)
def test_what_stays(wreck: Path, as_expected: bool, most: int, stays: bool) -> None:
    wrecks.settle(wreck, as_expected=as_expected, keep_max_bytes=most)
    wrecks.end(wreck.parent.name)
    assert wreck.exists() is stays
    assert wreck.parent.exists() is stays


def test_a_run_without_a_wreck_ends_without_one(wreck: Path) -> None:
    wrecks.settle(wreck.with_name("02-other"), as_expected=False, keep_max_bytes=0)
    wrecks.end("2026-01-02T000000Z")
    assert list(wrecks.root().iterdir()) == [wreck.parent]
