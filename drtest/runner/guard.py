"""Ends a call of duplicity as soon as the gateway is gone; it would try again for minutes."""

from __future__ import annotations

import select
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from drtest import process
from drtest.gateway import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A ``process.Runner`` that also kills the command once *gateway*'s process has ended.

    Without it duplicity tries again for minutes at a port that nobody serves any more. The call
    comes back as killed; the gateway then says itself that it has died.
    """

    runner: process.Runner
    gateway: Gateway

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        timeout_s: float,
        kill_when: int | None = None,
    ) -> process.Completed:
        """Run the command to its end, or to that of the gateway."""
        with closing(select.epoll()) as either:  # can be read once one of its members can
            for one in (self.gateway.gone, kill_when):
                if one is not None:
                    either.register(one, select.EPOLLIN)
            return self.runner(
                argv, env=env, log=log, timeout_s=timeout_s, kill_when=either.fileno()
            )
