"""A wreck stays where it is wanted and not too large; nothing empty stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from drtest.api import wrecks
from drtest.api.clean import clean
from drtest.errors import EnvironmentFault


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
    with wrecks.held(wreck.parent.name):
        wrecks.settle(wreck, as_expected=as_expected, keep_max_bytes=most)
    assert wreck.exists() is stays
    assert wreck.parent.exists() is stays


def test_a_run_without_a_wreck_ends_without_one(wreck: Path) -> None:
    with wrecks.held("2026-01-02T000000Z"):
        wrecks.settle(wreck.with_name("02-other"), as_expected=False, keep_max_bytes=0)
    assert list(wrecks.root().iterdir()) == [wreck.parent]


def test_wrecks_of_a_run_that_goes_on_are_left_alone(wreck: Path, tmp_path: Path) -> None:
    def cleaned() -> tuple[Path, ...]:
        return clean(tmp_path / "reports", tmp_path / "work", older_than=timedelta(days=1))

    (tmp_path / "reports").mkdir()
    (tmp_path / "work").mkdir()
    with wrecks.held(wreck.parent.name):
        assert cleaned() == () and wreck.exists()
    assert cleaned() == (wreck.parent,) and not wreck.parent.exists()


def test_a_cache_that_cannot_be_made_is_a_fault_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentFault, match=r"cannot keep wrecks in .* XDG_CACHE_HOME"):
        wrecks.root()
