"""Which duplicity: what cannot be had or is none is said before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from drtest import process
from drtest.duplicity import versions
from drtest.duplicity.versions import DEFAULT, Duplicity, find, provision, verify
from drtest.errors import ToolMissing, UsageError


def program(folder: Path, script: str, *, mode: int = 0o755) -> Path:
    path = folder / "duplicity"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("says", "release", "is_modern"),
    [
        ("duplicity 3.2.1", (3, 2, 1), True),
        ("duplicity 3.2.1.dev5", (3, 2, 1), True),
        ("duplicity 2.2.4 ", (2, 2, 4), True),
        ("duplicity 0.8.22", (0, 8, 22), False),
        ("duplicity $version 0.8.21", (0, 8, 21), False),
        ("/lib/x.py:1: DeprecationWarning: old\nduplicity 0.7.19", (0, 7, 19), False),
    ],
)
def test_the_version_is_what_the_program_says(
    tmp_path: Path, says: str, release: tuple[int, ...], is_modern: bool
) -> None:
    found = verify(program(tmp_path, f"printf '%s\\n' '{says}'"), which="path")
    assert (found.release, found.is_modern) == (release, is_modern)
    assert str(found) == found.version


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo rsync 3.2.7", "is no duplicity: --version ended with 0 and said: rsync 3.2.7"),
        ("echo duplicity 3.2.1; exit 3", "is no duplicity: --version ended with 3"),
        ("exit 1", r"said: \(nothing\)"),
        ("kill -9 $$", "ended with -9"),
    ],
)
def test_what_is_no_duplicity_is_refused(tmp_path: Path, script: str, says: str) -> None:
    with pytest.raises(ToolMissing, match=says):
        verify(program(tmp_path, script), which="path")


def test_a_program_that_hangs_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"did not end within 0\.2 s"):
        verify(program(tmp_path, "sleep 1000"), which="path", timeout_s=0.2)


def test_what_cannot_be_executed_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path, program(tmp_path, "", mode=0o644)):
        with pytest.raises(ToolMissing, match="no program that can be executed"):
            find(str(path), cache=tmp_path)


@pytest.mark.parametrize("word", ["", "3", "latest", "v3.2.1", "3.2.1.4.5", "3.2.1 ", "٣.٢.١"])
def test_a_word_that_names_none_is_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(UsageError, match="a version such as"):
        find(word, cache=tmp_path)


@pytest.mark.parametrize("version", ["0.8.22", "2.2.3", "2.2", "1.9.9.9"])
def test_what_does_not_come_ready_made_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(UsageError, match=r"only 2\.2\.4 and later"):
        provision(version, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_version_that_cannot_be_had_is_a_missing_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An empty folder as the only index: what uv says of it is what it says of a version that
    # was never released.
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "index"))
    with pytest.raises(ToolMissing, match=r"duplicity 99\.0\.0 could not be had from PyPI"):
        provision("99.0.0", cache=tmp_path)
    assert not (tmp_path / "duplicity").joinpath("complete").exists()


def test_what_is_provisioned_is_used_again(
    duplicity: Duplicity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("it is there already")

    monkeypatch.setattr(versions, "_install", refuse)
    again = find(DEFAULT, cache=duplicity.program.parents[3])
    assert again == duplicity
    assert again.boto3


def test_system_is_the_one_on_the_systems_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "SYSTEM_PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="apt-get install duplicity"):
        find("system", cache=tmp_path)
    program(tmp_path, "echo duplicity 0.8.22")
    assert find("system", cache=tmp_path).which == "system"
