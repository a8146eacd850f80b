"""Where a run works: nothing is left, a dead run is swept, a living one is not touched."""

from __future__ import annotations

import os
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sources import stepped_down

from drtest import process
from drtest.errors import EnvironmentFault
from drtest.runner.workspace import Workspace, remove_tree, sweep

PROJECT = Path(process.__file__).parents[2]
HOLD = """
import sys
sys.path[:0] = sys.argv[1].split(":")
from pathlib import Path
from drtest.runner.workspace import Workspace
space = Workspace(Path(sys.argv[2]))
(space.folder("s1") / "file").write_text("x")
print(space.root, flush=True)
Path(sys.argv[3]).write_text(str(space.root))
sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[process.Child, Path]]:
    """Another process with a workspace of its own, and that workspace."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    parent = tmp_path / "work"
    child = process.start(
        [sys.executable, "-c", HOLD, ":".join([str(PROJECT), *sys.path]), str(parent), str(pipe)],
        env={"PATH": process.SYSTEM_PATH},
        log=tmp_path / "log",
        pipe_stdin=True,
    )
    try:
        yield child, Path(pipe.read_text())
    finally:
        child.stop()


def test_nothing_is_left(tmp_path: Path) -> None:
    with Workspace(tmp_path / "a" / "b") as space:
        root = space.root
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        assert space.folder("s1/x").is_dir()
        assert space.new_home() != space.new_home()
    assert not root.exists()
    space.close()  # twice is once


def test_a_workspace_that_cannot_be_made_is_the_environments_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot work in"):
        Workspace(tmp_path / "file")


def test_sweep_removes_what_a_killed_run_left_and_no_living_run(
    held: tuple[process.Child, Path],
) -> None:
    child, root = held
    parent = root.parent
    with Workspace(parent) as mine:
        assert sweep(parent) == ()
        os.kill(child.pid, signal.SIGKILL)
        child.stop()
        assert root.exists()
        assert sweep(parent) == (root,)
        assert not root.exists()
        assert mine.root.exists()
    assert sweep(parent) == ()


def test_sweep_passes_over_what_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "drtest-folder").mkdir()
    (tmp_path / "drtest-file").touch()
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "g").mkdir(parents=True)
    (elsewhere / "lock").touch()
    (tmp_path / "drtest-link").symlink_to(elsewhere)
    assert sweep(tmp_path) == ()
    assert elsewhere.exists()
    assert sweep(tmp_path / "absent") == ()


NAMES = st.sampled_from(["a", "b", "c"])
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=4).map("/".join),
    st.tuples(st.sampled_from(["dir", "file", "link"]), st.sampled_from([0o000, 0o100, 0o500])),
    max_size=8,
)


@settings(deadline=None)
@given(TREES)
def test_a_tree_goes_whatever_its_modes_are(tree: dict[str, tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name, stepped_down(Path(name)):
        outside = Path(name) / "outside"
        outside.mkdir(mode=0o500)
        root = Path(name) / "tree"
        root.mkdir()
        modes: dict[Path, int] = {}
        for path, (kind, mode) in sorted(tree.items()):
            at = root / path
            if any(up.is_symlink() or up.is_file() for up in at.parents) or at.exists():
                continue
            at.parent.mkdir(parents=True, exist_ok=True)
            match kind:
                case "dir":
                    at.mkdir()
                    modes[at] = mode
                case "file":
                    at.write_text("x")
                    modes[at] = mode
                case _:
                    at.symlink_to(outside)
        for at, mode in sorted(modes.items(), reverse=True):
            at.chmod(mode)
        remove_tree(root)
        assert not root.exists()
        assert outside.is_dir()  # a link is removed, never what it points to
        assert stat.S_IMODE(outside.stat().st_mode) == 0o500


NOBODY = """
import os, sys
sys.path[:0] = sys.argv[1].split(":")
from pathlib import Path
from drtest.runner.workspace import remove_tree
if os.getuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
top = Path(sys.argv[2]) / "top"
(top / "a" / "b").mkdir(parents=True)
(top / "a" / "b" / "file").touch()
for folder in (top / "a" / "b", top / "a", top):
    folder.chmod(0)
remove_tree(top)
print("there" if top.exists() else "gone")
"""


def test_an_ordinary_user_can_remove_closed_folders(tmp_path: Path) -> None:
    """As a process that is nobody for good: one that only stepped down could step up again."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        if os.getuid() == 0:
            os.chown(folder, 65534, 65534)
        done = process.run(
            [sys.executable, "-c", NOBODY, ":".join([str(PROJECT), *sys.path]), folder],
            env={"PATH": process.SYSTEM_PATH},
            log=tmp_path / "log",
            timeout_s=30,
        )
        assert (done.status, done.log.read_text()) == (0, "gone\n")


def test_what_is_absent_is_gone(tmp_path: Path) -> None:
    remove_tree(tmp_path / "absent")


@pytest.mark.parametrize("target", ["nowhere", "folder"])
def test_of_a_link_only_the_link_goes(tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link"
    link.symlink_to(target)
    remove_tree(link)
    assert not link.is_symlink()
    assert (tmp_path / "folder").is_dir()
