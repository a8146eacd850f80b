"""What only root can do is left out of an ordinary user's run, and said; by name it is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drtest.api import Options
from drtest.api.select import choose

PLAIN = """\
scenario: anyone
why: Nothing of it needs root.
source: {/srv: 3 files}
"""
CHOWN = """\
scenario: files change hands
why: Only root can give a file away.
source: {/srv: 3 files}
mutate: {chown: 1 file}
calendar: [{at: 2026-01-01, do: [full]}, {at: 2026-01-02, do: [mutate, backup]}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(PLAIN)
    (tmp_path / "b.yaml").write_text(CHOWN)
    return tmp_path


def names(options: Options) -> list[str]:
    return [one.name for one in choose(options).scenarios]


def test_an_ordinary_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert names(Options(paths=(folder,))) == ["anyone"]
    assert choose(Options(paths=(folder,))).left_out == ("files change hands: needs root (chown)",)


@pytest.mark.parametrize("by", ["words", "file"])
def test_asked_for_by_name(folder: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    options = (
        Options(paths=(folder,), words="hands")
        if by == "words"
        else Options(paths=(folder / "b.yaml",))
    )
    assert names(options) == ["files change hands"]
    assert choose(options).left_out == ()


def test_root_runs_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert names(Options(paths=(folder,))) == ["anyone", "files change hands"]
    assert choose(Options(paths=(folder,))).left_out == ()
