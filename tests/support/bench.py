"""A bench that many tests share: one store, one gateway, one workspace, real duplicity."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drtest.api.judging import judged
from drtest.duplicity.versions import Duplicity
from drtest.gateway import Gateway, totals
from drtest.keys.keyring import gpg_version
from drtest.model.events import Event
from drtest.model.redact import Redactor
from drtest.model.run import ScenarioResult
from drtest.model.scenario import Scenario
from drtest.runner.bench import Bench, Stand
from drtest.runner.run import run
from drtest.runner.workspace import Workspace
from drtest.store import stores

_numbers = itertools.count(1)


@contextmanager
def opened(duplicity: Duplicity, folder: Path, *, store: str = "moto") -> Iterator[Bench]:
    """Start what a run would start, in *folder* (short: GNUPGHOMEs lie below it)."""
    server = stores()[store]()
    with Workspace(folder) as workspace:
        server.start(workspace.folder("store"))
        try:
            with Gateway(workspace.folder("gateway"), log=folder / "requests.jsonl") as gateway:
                yield Bench(
                    duplicity=duplicity,
                    store=server,
                    gateway=gateway,
                    gateway_mode="plain",
                    workspace=workspace,
                    gpg=gpg_version(),
                    redact=Redactor([server.credentials.secret_key]),
                    slots=threading.Semaphore(2),
                    parallel=2,
                    stop=threading.Event(),
                )
        finally:
            server.stop()


def drill(
    bench: Bench, scenario: Scenario, folder: Path, *, duplicity: Duplicity | None = None
) -> tuple[list[Event], ScenarioResult]:
    """Run *scenario* on *bench* and judge it; *folder* is its place in the archive."""
    number = next(_numbers)
    stand = Stand(
        bench=bench if duplicity is None else dataclasses.replace(bench, duplicity=duplicity),
        scenario=scenario,
        number=number,
        folder=folder,
        wrecks=folder / "wrecks",
    )
    events = list(run(stand))
    result = judged(
        scenario,
        events,
        folder=folder,
        store="",
        duplicity="",
        requests=totals(bench.gateway.log, scenario=scenario.name),
    )
    return events, result


def codes(result: ScenarioResult) -> list[str]:
    """Codes of all findings that change a verdict, or warn."""
    return sorted(one.code for one in result.judgement.findings if one.severity.value != "note")
