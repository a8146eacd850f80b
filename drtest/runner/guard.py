"""Ends a call of duplicity as soon as gateway or store is gone; it would try again for minutes."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from drtest import process
from drtest.gateway import Gateway
from drtest.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A ``process.Runner`` that also kills the command once *gateway*'s or *store*'s process ended.

    Without it duplicity tries again for minutes at a port that nobody serves any more. The call
    comes back as killed; gateway and store then say themselves that they have died.
    """

    runner: process.Runner
    gateway: Gateway
    store: Store | None = None

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        timeout_s: float,
        kill_when: int | None = None,
    ) -> process.Completed:
        """Run the command to its end, or to that of what it talks to."""
        with ExitStack() as stack:
            # Can be read once one of its members can.
            either = stack.enter_context(closing(select.epoll()))
            served = None if self.store is None else self.store.open_gone()
            if served is not None:
                stack.callback(os.close, served)
            for one in (self.gateway.gone, kill_when, served):
                if one is not None:
                    either.register(one, select.EPOLLIN)
            return self.runner(
                argv, env=env, log=log, timeout_s=timeout_s, kill_when=either.fileno()
            )
