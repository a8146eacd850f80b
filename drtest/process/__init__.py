"""The one door to other programs.

Each child leads a process group of its own and dies with drtest (PR_SET_PDEATHSIG, set by
util-linux's ``setpriv`` where it is there, since a preexec function is not safe among threads).
Output goes to a file, so a chatty child cannot fill a pipe and hang. The environment is what the
caller gives and nothing else. PR_SET_PDEATHSIG follows the *thread* that started the child: start
servers from a thread that lives as long as they should.
"""

from __future__ import annotations

from drtest.process.child import Child, start
from drtest.process.command import (
    CLEAN_LOCALE,
    SYSTEM_PATH,
    Completed,
    Runner,
    find,
    kill_group,
    run,
    stop_all,
    stoppable,
)

__all__ = [
    "CLEAN_LOCALE",
    "SYSTEM_PATH",
    "Child",
    "Completed",
    "Runner",
    "find",
    "kill_group",
    "run",
    "start",
    "stop_all",
    "stoppable",
]
