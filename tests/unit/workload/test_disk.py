from __future__ import annotations

import os
from pathlib import Path

import pytest

from drtest.errors import EnvironmentFault, OutOfSpace
from drtest.workload.disk import create, faults, is_below, parent, relative, walk


@pytest.mark.parametrize(
    ("user", "inside"),
    [("/", ""), ("/a", "a"), ("//a/./b//", "a/b"), ("/a b/\udcff", "a b/\udcff")],
)
def test_a_path_of_the_user_lies_below_the_root(user: str, inside: str) -> None:
    assert relative(user) == inside


def test_below_means_in_the_folder_and_not_a_longer_name() -> None:
    assert is_below("srv/www/a", "srv/www") and is_below("srv", "")
    assert not is_below("srv/www2", "srv/www") and not is_below("srv", "srv")
    assert not is_below("", "")
    assert (parent("a/b"), parent("a"), parent("")) == ("a", "", "")


def test_a_full_disk_is_told_apart_from_other_faults() -> None:
    with pytest.raises(OutOfSpace), faults("here"), Path("/dev/full").open("wb", 0) as full:
        full.write(b"x")
    with pytest.raises(EnvironmentFault, match="/not/there") as fault, faults("here"):
        Path("/not/there").lstat()
    assert not isinstance(fault.value, OutOfSpace)


def test_a_walk_is_sorted_and_follows_no_link(tmp_path: Path) -> None:
    for name in ("b/z", "b/a", "a/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    found = walk(str(tmp_path))
    assert found.files == ["a/x", "b/a", "b/z"]
    assert found.folders == ["", "a", "b"]
    assert found.others == ["link", "pipe"]


def test_a_file_is_made_once_and_never_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        create(f"{tmp_path}/link", [b"x"], mode=0o644, mtime_s=1)
    assert not (tmp_path / "target").exists()
