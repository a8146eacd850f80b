"""The one door to other programs: nothing hangs, nothing leaks in, nothing is left behind."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drtest import process
from drtest.errors import Interrupted, ToolMissing

ENV = {"PATH": process.SYSTEM_PATH}
PYTHON = [sys.executable, "-I", "-c"]
# Prints the id of a child of its own and waits, both for ever.
FAMILY = "sleep 1000 & echo $! ; echo $$ ; wait"


def sh(script: str, folder: Path, *, timeout_s: float = 20, **more: object) -> process.Completed:
    return process.run(
        ["/bin/sh", "-c", script],
        env=ENV,
        log=folder / "log",
        timeout_s=timeout_s,
        **more,  # type: ignore[arg-type]
    )


def has_ended(pid: int, within_s: float = 10) -> bool:
    """Whether *pid* ends within *within_s*: waits for the event, polls nothing."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(within_s * 1000))
    finally:
        os.close(handle)


@contextmanager
def fifo(folder: Path) -> Iterator[Path]:
    """A named pipe by which a child says that it has come to some point."""
    path = folder / "fifo"
    os.mkfifo(path)
    yield path


def test_a_chatty_child_cannot_hang(tmp_path: Path) -> None:
    script = "import sys; sys.stdout.write('o' * 2**22); sys.stderr.write('e' * 2**22)"
    done = process.run([*PYTHON, script], env=ENV, log=tmp_path / "log", timeout_s=20)
    assert done.status == 0
    said = done.log.read_bytes()
    assert (said.count(b"o"), said.count(b"e")) == (2**22, 2**22)


def test_of_a_tail_only_the_end_is_kept(tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('e' * 2**22); sys.stdout.write('the end')"
    done = process.run(
        [*PYTHON, script], env=ENV, log=tmp_path / "log", timeout_s=20, tail_bytes=100
    )
    assert done.status == 0
    assert done.log.read_bytes() == b"e" * 93 + b"the end"


def test_one_that_never_stops_talking_fills_no_disk(tmp_path: Path) -> None:
    done = sh("exec yes", tmp_path, timeout_s=0.3, tail_bytes=1000)
    assert (done.timed_out, done.status) == (True, -signal.SIGKILL)
    assert done.log.stat().st_size == 1000


def test_a_tail_waits_for_nobody_who_got_away(tmp_path: Path) -> None:
    with fifo(tmp_path) as path:
        script = f"setsid sh -c 'echo $$ >{path}; exec sleep 1000' & read pid <{path}; echo $pid"
        done = sh(script, tmp_path, tail_bytes=1000)
    pid = int(done.log.read_text())
    assert done.elapsed_s < 20
    os.kill(pid, signal.SIGKILL)
    assert has_ended(pid)


def test_a_tail_of_a_program_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ToolMissing):
        process.run(["/no/such"], env=ENV, log=tmp_path / "log", timeout_s=1, tail_bytes=10)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_input_of_any_length_is_read_whole(tmp_path: Path) -> None:
    assert sh("wc -c", tmp_path, stdin=b"x" * 2**21).log.read_text().strip() == str(2**21)
    assert sh("wc -c", tmp_path).log.read_text().strip() == "0"


def test_the_environment_is_what_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    done = process.run(
        ["env"], env={**ENV, "TZ": "UTC"}, log=tmp_path / "log", timeout_s=20, cwd=tmp_path
    )
    lines = done.log.read_text().splitlines()
    assert sorted(lines) == [f"PATH={process.SYSTEM_PATH}", "TZ=UTC"]


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 50", 50), ("kill -TERM $$", -15)]
)
def test_status(tmp_path: Path, script: str, status: int) -> None:
    done = sh(script, tmp_path)
    assert (done.status, done.timed_out) == (status, False)


def test_what_it_took_is_counted_with_its_children(tmp_path: Path) -> None:
    # 2**24 loops in a child of the child, and 60 MB held there.
    burn = f'{sys.executable} -I -c "b = bytearray(60 * 2**20); sum(range(2**22))"'
    done = sh(burn, tmp_path)
    assert done.user_s > 0.01
    assert done.elapsed_s > 0
    assert done.max_rss_bytes > 60 * 2**20


def test_a_timeout_kills_the_whole_group(tmp_path: Path) -> None:
    done = sh(FAMILY, tmp_path, timeout_s=0.5)
    assert done.timed_out
    assert done.status == -signal.SIGKILL
    child, shell = map(int, done.log.read_text().split())
    assert has_ended(child)
    assert has_ended(shell)


def test_a_readable_descriptor_kills_the_whole_group(tmp_path: Path) -> None:
    told = os.eventfd(0)
    try:
        os.eventfd_write(told, 1)
        done = process.run(
            ["/bin/sh", "-c", FAMILY],
            env=ENV,
            log=tmp_path / "log",
            timeout_s=20,
            kill_when=told,
        )
    finally:
        os.close(told)
    assert (done.status, done.timed_out) == (-signal.SIGKILL, False)
    assert done.elapsed_s < 10


def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    done = sh("sleep 1000 & echo $!", tmp_path)
    assert done.status == 0
    assert has_ended(int(done.log.read_text()))


def test_stop_all_interrupts_what_runs(tmp_path: Path) -> None:
    outcome: list[BaseException | process.Completed] = []

    def work(pipe: Path, folder: Path) -> None:
        try:
            outcome.append(sh(f"echo > {pipe}; {FAMILY}", folder, timeout_s=60))
        except Interrupted as problem:
            outcome.append(problem)

    with fifo(tmp_path) as pipe:
        thread = threading.Thread(target=work, args=(pipe, tmp_path))
        thread.start()
        pipe.read_text()  # the child is there
        process.stop_all()
        thread.join(20)
    assert not thread.is_alive()
    assert [type(one) for one in outcome] == [Interrupted]
    assert sh("exit 3", tmp_path).status == 3  # only what ran then was stopped


@pytest.mark.parametrize("program", ["no-such-program", "/no/such/program", "/etc/passwd"])
def test_a_program_that_is_not_there_is_a_missing_tool(tmp_path: Path, program: str) -> None:
    with pytest.raises(ToolMissing, match=program):
        process.run([program], env=ENV, log=tmp_path / "log", timeout_s=5)


PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from drtest import process
process.run(
    ["/bin/sh", "-c", "echo $$ > {pipe}; exec sleep 1000"],
    env={{"PATH": process.SYSTEM_PATH}},
    log=Path(sys.argv[2]) / "grandchild.log",
    timeout_s=1000,
)
"""


def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    with fifo(tmp_path) as pipe:
        project = Path(process.__file__).parents[2]
        parent = process.start(
            [*PYTHON, PARENT.format(pipe=pipe), str(project), str(tmp_path)],
            env=ENV,
            log=tmp_path / "parent.log",
        )
        try:
            child = int(pipe.read_text())
            os.kill(parent.pid, signal.SIGKILL)
            assert has_ended(child)
        finally:
            parent.stop()


def test_a_server_runs_until_it_is_stopped(tmp_path: Path) -> None:
    with fifo(tmp_path) as pipe:
        child = process.start(
            ["/bin/sh", "-c", f"echo begun; echo > {pipe}; {FAMILY}"], env=ENV, log=tmp_path / "log"
        )
        pipe.read_text()
        assert child.is_alive()
        assert child.log_tail()[0] == "begun"
        assert child.stop() == -signal.SIGTERM
    assert not child.is_alive()
    assert child.stop() == -signal.SIGTERM  # twice is once


def test_a_server_that_will_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    with fifo(tmp_path) as pipe:
        child = process.start(
            ["/bin/sh", "-c", f"trap '' TERM; {FAMILY.replace('wait', f'echo > {pipe}; wait')}"],
            env=ENV,
            log=tmp_path / "log",
        )
        pipe.read_text()
        assert child.stop(grace_s=0.2) == -signal.SIGKILL
    assert has_ended(int(child.log_tail()[0]))


def test_a_server_notices_by_the_end_of_its_input_that_drtest_is_gone(tmp_path: Path) -> None:
    with fifo(tmp_path) as pipe:
        # Deaf to SIGTERM, so that only the end of its input can end it.
        child = process.start(
            ["/bin/sh", "-c", f"trap '' TERM; echo > {pipe}; cat; echo end"],
            env=ENV,
            log=tmp_path / "log",
            pipe_stdin=True,
        )
        pipe.read_text()
        assert child.stdin_fd is not None
        os.write(child.stdin_fd, b"word\n")
        assert child.stop(grace_s=20) == 0
    assert child.log_tail() == ("word", "end")
