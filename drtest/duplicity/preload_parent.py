# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside duplicity's Python: duplicity and boto3 imported once, a fork for each command.

This file imports duplicity and is run with it in one process, so it is under duplicity's licence,
GPL-2.0-or-later (the rest of drtest is MIT and talks to it through a socket only). Nothing of
drtest is imported here, and drtest imports nothing of this file: ``preload.py`` beside it starts

    PYTHON preload_parent.py PROGRAM SOCKET

where PROGRAM is duplicity's entry script and SOCKET the Unix socket on which drtest listens. This
process connects, prepares, and says ``{"ready": VERSION}`` or ``{"failed": WHY}`` in one line.
Then drtest sends one byte with one descriptor for each command: a socket of the command's own, on
which it writes one JSON line ``{"argv", "env", "cwd", "log"}``. It is answered by one line
``{"pid"}`` at the start and one ``{"wait_status", "user_s", "system_s", "max_rss_kib"}`` at the
end. The end of what drtest writes (it shut the socket down, or died) kills the command's group.
The end of the first socket ends this process, and each command dies with it.

A forked child must be what a fresh process would have been. What reading the code of duplicity
3.2.1 and 0.8.22 found to be fixed at import is set anew: XDG_* in the environment and what config
makes of them, the folder for temporary files (twice: tempfile's and tempdir's own), argv (the
program runs itself again by argv[0]), TZ, botocore's folder for the user's models. What only a
fresh interpreter can honour (FRESH) differs from this process's own? Then the child becomes one.
"""

from __future__ import annotations

import os
import sys

# The script's own folder is not duplicity's: a plain execution has that of the program there.
PROGRAM, SOCKET = sys.argv[1:3]
_IS_BARE = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
if not _IS_BARE:
    sys.path[0] = os.path.dirname(PROGRAM)  # noqa: PTH120  (nothing is imported before this)

import contextlib  # noqa: E402
import ctypes  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import types  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Beginnings of the names that an interpreter, a loader or an import reads before any of our code.
FRESH = ("LD_", "PYTHON", "LC_", "LANG", "XDG_", "GLIBC_", "MALLOC_", "AWS_DATA_PATH", "PYDEVD")
FRESH_ENVIRONMENT = {name: text for name, text in os.environ.items() if name.startswith(FRESH)}
NOWHERE = "http://127.0.0.1:9"


class Command:
    """A child under way."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self.line = line
        self.handle = os.pidfd_open(pid)
        self.is_watched = True  # for the end of what drtest writes

    def kill(self) -> None:
        """Kill the group, and the child itself, which may not lead its group yet."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def finish(self) -> None:
        """Kill what it left in its group, reap it and tell how it went."""
        self.kill()
        _, wait_status, usage = os.wait4(self.pid, 0)
        os.close(self.handle)
        tell(
            self.line,
            wait_status=wait_status,
            user_s=usage.ru_utime,
            system_s=usage.ru_stime,
            max_rss_kib=usage.ru_maxrss,
        )
        self.line.close()


def tell(line: socket.socket, **message: object) -> None:
    """Write one message; a reader that is gone needs none."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        line.sendall(json.dumps(message).encode() + b"\n")


def prepare() -> str:
    """Import all that a command would, warm what it would read, and return duplicity's version."""
    duplicity = importlib.import_module("duplicity")
    importlib.import_module("duplicity.dup_main")
    backends = importlib.import_module("duplicity.backends")
    for file in sorted(os.listdir(next(iter(backends.__path__)))):  # noqa: PTH208
        if file.endswith("backend.py"):
            # Most backends lack what they need; a command finds that out again by itself.
            with contextlib.suppress(Exception):
                importlib.import_module(f"duplicity.backends.{file[:-3]}")
    warm_boto3()
    if threading.active_count() > 1:
        raise RuntimeError("an import started a thread, and a fork would lose it")
    return str(duplicity.__version__)


def warm_boto3() -> None:
    """Read botocore's models once, by the same steps as a client of S3 does."""
    loaders = importlib.import_module("botocore.loaders")
    session: Any = importlib.import_module("botocore.session")
    boto3 = importlib.import_module("boto3")
    importlib.import_module("boto3.s3.transfer")
    make = loaders.create_loader
    warm = make()

    def create_loader(search_path_string: str | None = None) -> Any:
        # A user's own models below HOME, or a path that was asked for, are a loader of their own.
        if search_path_string or Path("~/.aws/models").expanduser().exists():
            return make(search_path_string)
        return warm

    # botocore.session has its own name for it, and asks that one.
    session.create_loader = create_loader
    boto3.session.Session(
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106  (no request is made)
        region_name="us-east-1",
    ).resource("s3", endpoint_url=NOWHERE)


def become(request: dict[str, Any], program: types.CodeType) -> None:
    """Be the command, in a child just forked, until it ends by SystemExit or by returning."""
    argv, env = request["argv"], request["env"]
    if not can_fork(argv, env):
        os.chdir(request["cwd"])
        os.execve(argv[0], argv, env)  # noqa: S606  (what a plain execution does)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(request["cwd"])
    time.tzset()
    sys.argv = list(argv)
    tempfile.tempdir = None
    tempdir: Any = sys.modules["duplicity.tempdir"]
    tempdir._initialSystemTempRoot = tempfile.gettempdir()
    config = sys.modules["duplicity.config"]
    for name, default, attribute in (
        ("XDG_CACHE_HOME", "~/.cache", "archive_dir"),
        ("XDG_CONFIG_HOME", "~/.config", "config_dir"),
    ):
        os.environ[name] = env.get(name, os.path.expanduser(default))  # noqa: PTH111
        if hasattr(config, attribute):
            setattr(config, attribute, f"{os.environ[name]}/duplicity")
    loaders: Any = sys.modules["botocore.loaders"]
    loaders.Loader.CUSTOMER_DATA_PATH = os.path.expanduser("~/.aws/models")  # noqa: PTH111
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=argv[0], __builtins__=__builtins__)
    sys.modules["__main__"] = main
    exec(program, main.__dict__)  # noqa: S102  (duplicity's own entry script)


def can_fork(argv: list[str], env: dict[str, str]) -> bool:
    """Whether a child of this process would be what a fresh interpreter is."""
    fresh = {name: text for name, text in env.items() if name.startswith(FRESH)}
    names_archive = any(word.split("=")[0] == "--archive-dir" for word in argv)
    # duplicity fixes the default of --archive-dir when its options are imported.
    return argv[0] == PROGRAM and fresh == FRESH_ENVIRONMENT and names_archive


def detach(parent: int, log: str) -> None:
    """Lead a group of one's own, die with the parent, and write to the log alone."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(255)
    nothing = os.open(os.devnull, os.O_RDONLY)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for source, target in ((nothing, 0), (sink, 1), (sink, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(sink)


def read_line(line: socket.socket) -> dict[str, Any] | None:
    """Read a request whole; None where the writer was gone before its end."""
    data = bytearray()
    while not data.endswith(b"\n"):
        piece = line.recv(65536)
        if not piece:
            return None
        data += piece
    request: dict[str, Any] = json.loads(data)
    return request


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork for each command that comes.

    Returns the request in the child that is to become it, None where drtest is gone.
    """
    me = os.getpid()
    commands: dict[int, Command] = {}  # by pidfd
    lines: dict[int, Command] = {}  # by the descriptor of its socket
    while True:
        watched = [one for one, command in lines.items() if command.is_watched]
        ready, _, _ = select.select([control.fileno(), *commands, *watched], [], [])
        for one in ready:  # in this order: what is closed here cannot be meant again before the end
            if one == control.fileno():
                _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
                if not descriptors:
                    for command in commands.values():
                        command.kill()
                    return None
                line = socket.socket(fileno=descriptors[0])
                request = read_line(line)
                if request is None:
                    line.close()
                    continue
                sys.stdout.flush()
                sys.stderr.flush()
                pid = os.fork()
                if pid == 0:
                    detach(me, request["log"])
                    for command in commands.values():
                        os.close(command.handle)
                        command.line.close()
                    line.close()
                    control.close()
                    return request
                started = Command(pid, line)
                commands[started.handle] = started
                lines[line.fileno()] = started
                tell(line, pid=pid)
            elif one in commands:
                command = commands.pop(one)
                del lines[command.line.fileno()]
                command.finish()
            elif one in lines:
                lines[one].is_watched = False
                lines[one].kill()


def main() -> None:
    """Connect, prepare, serve; in a child, be the command."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.connect(SOCKET)
    try:
        program = compile(Path(PROGRAM).read_bytes(), PROGRAM, "exec")
        version = prepare()
    except Exception as problem:
        tell(control, failed=f"{type(problem).__name__}: {problem}")
        return
    # What is here now is never looked at again by a collector, so a child copies none of it.
    gc.collect()
    gc.freeze()
    tell(control, ready=version)
    request = serve(control)
    if request is not None:
        become(request, program)


if __name__ == "__main__":
    main()
