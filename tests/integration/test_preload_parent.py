"""A preloaded duplicity keeps the contract of ``process.run``, and a fork is as good as new.

The entry scripts here are the tests' own: run by duplicity's Python, with duplicity imported.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from drtest import process
from drtest.duplicity.preload import Preload, interpreter
from drtest.duplicity.versions import Duplicity
from drtest.errors import EnvironmentFault, Interrupted, UsageError

PROJECT = Path(process.__file__).parents[2]
ENV = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH}
ARGUMENTS = ["full", "--archive-dir", "/a"]
# What a word on the command line makes the program do.
SCRIPT = """#!{python}
import sys
if __name__ == "__main__":
    exec(sys.argv[-1])
"""
LOOK = """
import builtins, gettext, json, locale, os, resource, signal, sys, tempfile, time
import duplicity.config, duplicity.tempdir, botocore.loaders
print(json.dumps({
    "environ": dict(os.environ),
    "argv": sys.argv,
    "path": sys.path,
    "flags": str(sys.flags),
    "cwd": os.getcwd(),
    "input": sys.stdin.read(),
    "streams": [[one.encoding, one.errors, one.isatty()] for one in (sys.stdout, sys.stderr)],
    "locale": [locale.getlocale(), locale.getpreferredencoding(), sys.getfilesystemencoding()],
    "zone": [time.tzname, time.timezone],
    "umask": os.umask(0o22),
    "limits": [resource.getrlimit(one) for one in range(16)],
    "signals": [str(signal.getsignal(one)) for one in range(1, 32)],
    "masked": [int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "leads": [os.getpid() == os.getpgrp(), os.getpid() == os.getsid(0)],
    "descriptors": sorted(os.listdir("/proc/self/fd"), key=int)[:4],
    "owner": [os.getuid(), os.getgid(), os.getgroups()],
    "temporary": [tempfile.gettempdir(), duplicity.tempdir._initialSystemTempRoot],
    "config": [duplicity.config.archive_dir, duplicity.config.config_dir,
               duplicity.config.hostname, duplicity.config.fqdn],
    "models": botocore.loaders.Loader.CUSTOMER_DATA_PATH,
    "words": _("hello"),
    "main": [__name__, __file__, sys.modules["__main__"].__dict__ is globals()],
}))
"""
IS_FORKED = "print('botocore.session' in sys.modules)"


@pytest.fixture(scope="module")
def program(duplicity: Duplicity, tmp_path_factory: pytest.TempPathFactory) -> Duplicity:
    path = tmp_path_factory.mktemp("program") / "duplicity"
    path.write_text(SCRIPT.format(python=duplicity.program.parent / "python"))
    path.chmod(0o755)
    return Duplicity(program=path, version=duplicity.version, which=str(path))


@pytest.fixture(scope="module")
def preload(program: Duplicity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preload]:
    with Preload(program, tmp_path_factory.mktemp("p")) as made:
        yield made


def argv(program: Duplicity, code: str) -> list[str]:
    return [str(program.program), *ARGUMENTS, code]


def has_ended(pid: int) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(10_000))
    finally:
        os.close(handle)


def look(runner: process.Runner, program: Duplicity, folder: Path, **env: str) -> dict[str, Any]:
    log = folder / "log"
    done = runner(argv(program, LOOK), env={**ENV, **env}, log=log, timeout_s=30)
    assert done.status == 0, log.read_text()
    seen: dict[str, Any] = json.loads(log.read_text())
    return seen


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"PASSPHRASE": "x", "TZ": "Europe/Berlin"},
        {"XDG_CACHE_HOME": "/x", "XDG_CONFIG_HOME": "/y"},
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "LANGUAGE": "de"},
        {"PYTHONUNBUFFERED": "1", "LD_LIBRARY_PATH": "/nowhere"},
    ],
    ids=lambda env: " ".join(env) or "plain",
)
def test_a_fork_is_what_a_fresh_process_is(
    preload: Preload, program: Duplicity, tmp_path: Path, env: dict[str, str]
) -> None:
    (tmp_path / "tmp").mkdir()
    more = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp"), "caf\udce9": "\udcff", **env}
    assert look(preload.run, program, tmp_path, **more) == look(
        process.run, program, tmp_path, **more
    )


@pytest.mark.parametrize(
    ("env", "arguments", "is_forked"),
    [
        ({}, ARGUMENTS, True),
        ({"HOME": "/x", "TZ": "Asia/Tokyo", "TMPDIR": "/tmp"}, ARGUMENTS, True),
        ({"LC_ALL": "C"}, ARGUMENTS, False),
        ({"LD_PRELOAD": ""}, ARGUMENTS, False),
        ({"XDG_CACHE_HOME": "/x"}, ARGUMENTS, False),
        # The default of --archive-dir is fixed at import.
        ({}, ["full"], False),
        ({}, ["full", "--archive-dir=/a"], True),
    ],
)
def test_what_a_fork_cannot_honour_is_run_plainly(
    preload: Preload,
    program: Duplicity,
    tmp_path: Path,
    env: dict[str, str],
    arguments: list[str],
    is_forked: bool,
) -> None:
    log = tmp_path / "log"
    words = [str(program.program), *arguments, IS_FORKED]
    assert preload.run(words, env={**ENV, **env}, log=log, timeout_s=30).status == 0
    assert log.read_text() == f"{is_forked}\n"


def test_the_users_own_models_are_read(
    preload: Preload, program: Duplicity, tmp_path: Path
) -> None:
    code = (
        "import botocore.session;"
        "loader = botocore.session.Session().get_component('data_loader');"
        "print(loader.search_paths[0])"
    )
    paths = []
    for home in ("with", "without"):
        (tmp_path / home).mkdir()
    (tmp_path / "with" / ".aws" / "models").mkdir(parents=True)
    for home in ("with", "without"):
        env = {**ENV, "HOME": str(tmp_path / home)}
        log = tmp_path / "log"
        assert preload.run(argv(program, code), env=env, log=log, timeout_s=30).status == 0
        paths.append(log.read_text().strip())
    assert paths[0] == str(tmp_path / "with" / ".aws" / "models")
    assert not paths[1].startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("sys.exit(0)", 0),
        ("sys.exit(50)", 50),
        ("sys.exit('why')", 1),
        ("raise KeyError", 1),
        ("import os; os.kill(os.getpid(), 15)", -15),
        ("import os; os._exit(7)", 7),
    ],
)
def test_status(
    preload: Preload, program: Duplicity, tmp_path: Path, code: str, status: int
) -> None:
    log = tmp_path / "log"
    for runner in (preload.run, process.run):
        done = runner(argv(program, code), env=ENV, log=log, timeout_s=30)
        assert (done.status, done.timed_out) == (status, False)


def test_what_it_took_is_counted_with_its_children(
    preload: Preload, program: Duplicity, tmp_path: Path
) -> None:
    burn = "b = bytearray(200 * 2**20); sum(range(2**22))"
    code = f"import subprocess; subprocess.run([sys.executable, '-c', {burn!r}])"
    done = preload.run(argv(program, code), env=ENV, log=tmp_path / "log", timeout_s=30)
    assert done.user_s > 0.01
    assert done.elapsed_s > 0
    assert done.max_rss_bytes > 200 * 2**20


def test_a_chatty_child_cannot_hang(preload: Preload, program: Duplicity, tmp_path: Path) -> None:
    code = "sys.stdout.write('o' * 2**22); sys.stderr.write('e' * 2**22)"
    log = tmp_path / "log"
    log.write_text("old")
    assert preload.run(argv(program, code), env=ENV, log=log, timeout_s=30).status == 0
    said = log.read_bytes()
    assert (len(said), said.count(b"o"), said.count(b"e")) == (2**23, 2**22, 2**22)


# Says who they are to a pipe, a child of its own and itself, and waits for ever.
FAMILY = """
import os, subprocess
child = subprocess.Popen(["sleep", "1000"])
with open({pipe!r}, "w") as pipe:
    print(child.pid, os.getpid(), file=pipe)
child.wait()
"""


def begin(
    preload: Preload, program: Duplicity, folder: Path, **more: Any
) -> tuple[threading.Thread, list[BaseException | process.Completed], list[int]]:
    """Run a family in a thread; return the thread, where its outcome comes, and the ids."""
    outcome: list[BaseException | process.Completed] = []
    pipe = folder / "pipe"
    os.mkfifo(pipe)

    def work() -> None:
        try:
            code = FAMILY.format(pipe=str(pipe))
            settings = {"timeout_s": 60.0, **more}
            outcome.append(
                preload.run(argv(program, code), env=ENV, log=folder / "log", **settings)
            )
        except (Interrupted, EnvironmentFault) as problem:
            outcome.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome, [int(word) for word in pipe.read_text().split()]


def test_a_timeout_kills_the_whole_group(
    preload: Preload, program: Duplicity, tmp_path: Path
) -> None:
    thread, outcome, pids = begin(preload, program, tmp_path, timeout_s=3.0)
    thread.join(30)
    (done,) = outcome
    assert isinstance(done, process.Completed)
    assert (done.timed_out, done.status) == (True, -signal.SIGKILL)
    assert all(has_ended(pid) for pid in pids)


def test_a_descriptor_that_can_be_read_kills(
    preload: Preload, program: Duplicity, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    try:
        thread, outcome, pids = begin(preload, program, tmp_path, kill_when=reading)
        os.write(writing, b"x")
        thread.join(30)
    finally:
        os.close(reading)
        os.close(writing)
    (done,) = outcome
    assert isinstance(done, process.Completed)
    assert (done.timed_out, done.status) == (False, -signal.SIGKILL)
    assert all(has_ended(pid) for pid in pids)


def test_what_a_command_leaves_behind_ends_with_it(
    preload: Preload, program: Duplicity, tmp_path: Path
) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '1000']).pid)"
    log = tmp_path / "log"
    assert preload.run(argv(program, code), env=ENV, log=log, timeout_s=30).status == 0
    assert has_ended(int(log.read_text()))


def test_stop_all_interrupts_what_runs(
    preload: Preload, program: Duplicity, tmp_path: Path
) -> None:
    thread, outcome, pids = begin(preload, program, tmp_path)
    process.stop_all()
    thread.join(30)
    assert [type(one) for one in outcome] == [Interrupted]
    assert all(has_ended(pid) for pid in pids)
    done = preload.run(argv(program, "sys.exit(3)"), env=ENV, log=tmp_path / "log", timeout_s=30)
    assert done.status == 3  # only what ran then was stopped


def test_many_at_once_are_told_apart(preload: Preload, program: Duplicity, tmp_path: Path) -> None:
    def one(number: int) -> tuple[int, str]:
        log = tmp_path / f"{number}.log"
        code = f"print({number}); sys.exit({number})"
        done = preload.run(argv(program, code), env=ENV, log=log, timeout_s=60)
        return done.status, log.read_text()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(24))) == [(number, f"{number}\n") for number in range(24)]


def test_a_program_that_runs_itself_again_stays_the_same_command(
    preload: Preload, program: Duplicity, tmp_path: Path
) -> None:
    """As duplicity does where a restart is impossible: by argv[0], with its own environment."""
    code = (
        "import os; first = 'AGAIN' not in os.environ; print(first, os.getpid(), flush=True);"
        "first and os.execve(sys.argv[0], sys.argv, {**os.environ, 'AGAIN': '1'}); sys.exit(9)"
    )
    log = tmp_path / "log"
    assert preload.run(argv(program, code), env=ENV, log=log, timeout_s=30).status == 9
    (first, pid), (second, again) = (line.split() for line in log.read_text().splitlines())
    assert (first, second) == ("True", "False")
    assert pid == again


def test_one_that_died_is_the_environments_fault(program: Duplicity, short_tmp: Path) -> None:
    with Preload(program, short_tmp) as preload:
        thread, outcome, pids = begin(preload, program, short_tmp)
        os.kill(preload.pid, signal.SIGKILL)
        thread.join(30)
        assert [type(one) for one in outcome] == [EnvironmentFault]
        assert has_ended(pids[1])
        os.kill(pids[0], signal.SIGKILL)  # a grandchild is nobody's who could be told
        with pytest.raises(EnvironmentFault, match="died"):
            preload.run(argv(program, ""), env=ENV, log=short_tmp / "log2", timeout_s=30)


HOLDER = """
import sys
sys.path[:0] = sys.argv[1].split(":")
from pathlib import Path
from drtest.duplicity.preload import Preload
from drtest.duplicity.versions import Duplicity
program, folder, pipe = map(Path, sys.argv[2:5])
made = Preload(Duplicity(program=program, version="3.2.1", which=str(program)), folder)
code = "import os, time; open(%r, 'w').write(f'{os.getppid()} {os.getpid()}'); time.sleep(999)"
argv = [str(program), "--archive-dir", "/a", code % str(pipe)]
made.__enter__()
made.run(argv, env={}, log=folder / "l", timeout_s=999)
"""


def test_a_killed_drtest_leaves_neither_parent_nor_child(
    program: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    paths = ":".join([str(PROJECT), *sys.path])
    holder = process.start(
        [sys.executable, "-c", HOLDER, paths, str(program.program), str(short_tmp), str(pipe)],
        env=ENV,
        log=tmp_path / "log",
    )
    try:
        pids = [int(word) for word in pipe.read_text().split()]
        os.kill(holder.pid, signal.SIGKILL)
        assert all(has_ended(pid) for pid in pids)
    finally:
        holder.stop()


def test_closing_ends_it(program: Duplicity, short_tmp: Path) -> None:
    preload = Preload(program, short_tmp)
    preload.close()
    assert has_ended(preload.pid)
    preload.close()  # twice is once


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("#!/usr/bin/python3 -Es", ["/usr/bin/python3", "-Es"]),
        ("#! /opt/x/bin/python3.11", ["/opt/x/bin/python3.11"]),
        ("#!/usr/bin/env sh", None),
        ("#!/usr/bin/env no-such-python", None),
        ("#!/bin/sh", None),
        ("\x7fELF", None),
        ("", None),
    ],
)
def test_the_interpreter_is_that_of_the_script(
    tmp_path: Path, first: str, words: list[str] | None
) -> None:
    path = tmp_path / "duplicity"
    path.write_text(f"{first}\n")
    one = Duplicity(program=path, version="3.2.1", which=str(path))
    if words is None:
        with pytest.raises(UsageError, match="leave --preload out"):
            interpreter(one)
    else:
        assert interpreter(one) == words


def test_one_that_drtest_provisioned_has_its_python_beside_it(duplicity: Duplicity) -> None:
    assert interpreter(duplicity) == [str(duplicity.program.parent / "python")]


def test_what_cannot_be_imported_is_refused(tmp_path: Path, short_tmp: Path) -> None:
    path = tmp_path / "duplicity"
    path.write_text(f"#!{sys.executable} -I\nprint('duplicity 3.2.1')\n")
    one = Duplicity(program=path, version="3.2.1", which=str(path))
    with (
        pytest.raises(UsageError, match=r"cannot be imported and forked .*duplicity"),
        Preload(one, short_tmp),
    ):
        pass


def test_an_interpreter_that_ends_at_once_is_refused(tmp_path: Path, short_tmp: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho no; exit 3\n")
    (tmp_path / "python").chmod(0o755)
    path = tmp_path / "duplicity"
    path.write_text(f"#!{tmp_path}/python\n")
    one = Duplicity(program=path, version="3.2.1", which=str(path))
    with pytest.raises(UsageError, match=r"\(no\)"), Preload(one, short_tmp):
        pass


def test_a_folder_too_long_for_a_socket_is_refused(program: Duplicity, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shorter --work"):
        Preload(program, tmp_path / ("x" * 100))
