"""A wreck holds what lay there, special files too."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from drtest.runner.wreck import Wreck


def odd(folder: Path) -> None:
    """A file, a link, a pipe and a socket."""
    folder.mkdir()
    (folder / "file").write_text("text")
    (folder / "link").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)


def kinds(folder: Path) -> dict[str, int]:
    return {one.name: stat.S_IFMT(one.lstat().st_mode) for one in folder.iterdir()}


def test_the_source_is_copied_with_pipes_and_sockets(tmp_path: Path) -> None:
    odd(tmp_path / "source")
    (tmp_path / "machine").mkdir()
    wreck = Wreck(folder=tmp_path / "wreck")
    wreck.add("d1.1", tmp_path / "machine", tmp_path / "absent")

    wreck.add_common("source", tmp_path / "source")

    assert kinds(tmp_path / "wreck" / "source") == kinds(tmp_path / "source")
    assert (tmp_path / "wreck" / "source" / "file").read_text() == "text"


def test_a_machine_is_moved_to_another_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd(tmp_path / "machine")
    was = kinds(tmp_path / "machine")

    def elsewhere(*_: object) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(shutil.os, "rename", elsewhere)  # type: ignore[attr-defined]
    Wreck(folder=tmp_path / "wreck").add("d1.1", tmp_path / "machine", tmp_path / "absent")

    assert kinds(tmp_path / "wreck" / "d1.1") == was
    assert not (tmp_path / "machine").exists()
