"""Listeners for tests, and the rows that went through them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drtest.gateway import Gateway, Listener, requests
from drtest.model.traffic import Request

AT = datetime(2026, 1, 9, 3, tzinfo=UTC)
_scenarios = itertools.count(1)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway that all tests of a file share: alive at their end, and without a complaint."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    with Gateway(folder, log=folder / "requests.jsonl") as running:
        yield running
        assert running.is_alive, running.log_tail()
    assert running.log_tail() == ()


@dataclass(kw_only=True)
class Passage:
    """A listener and, once it is closed, the rows of what passed it in order of arrival."""

    listener: Listener
    rows: list[Request] = field(default_factory=list)
    was_quiet: bool | None = None


@contextlib.contextmanager
def passage(
    gateway: Gateway, upstream: int | str, *, wait_s: float = 10.0, **settings: Any
) -> Iterator[Passage]:
    """Open a listener with a scenario of its own; closed and read at the end of the block."""
    scenario = f"passage-{next(_scenarios)}"
    url = upstream if isinstance(upstream, str) else f"http://127.0.0.1:{upstream}"
    chosen = {"step": "1", "phase": "full", "simulated_at": AT, **settings}
    passing = Passage(listener=gateway.listen(upstream=url, scenario=scenario, **chosen))
    try:
        yield passing
    finally:
        passing.was_quiet = gateway.close(passing.listener, wait_s=wait_s)
        passing.rows = rows(gateway.log, scenario)


def rows(log: Path, scenario: str) -> list[Request]:
    """The rows of one scenario in order of arrival."""
    return sorted(requests(log, scenario), key=lambda row: row.number)
