"""What the runner works with: the parts of one run, and those of one scenario."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from drtest.clock import monotonic_s
from drtest.duplicity.command import Target
from drtest.duplicity.versions import Duplicity
from drtest.errors import Interrupted, StoreFailed, UnfitSource
from drtest.gateway import Gateway
from drtest.gateway.listener import Mode
from drtest.model.redact import Redactor
from drtest.model.scenario import Scenario
from drtest.runner.workspace import Workspace
from drtest.store.interface import Store

PREFIX = "host"  # where below the bucket the chain lies, as a policy for one of several hosts would


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The parts that all scenarios of a run share."""

    duplicity: Duplicity
    store: Store
    gateway: Gateway
    gateway_mode: Mode
    workspace: Workspace
    gpg: str
    redact: Redactor
    slots: threading.Semaphore  # as many duplicity processes at once as there are cores
    parallel: int
    stop: threading.Event

    def check_stop(self) -> None:
        """Raise Interrupted where the run is to stop."""
        if self.stop.is_set():
            raise Interrupted("the run was interrupted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What belongs to one scenario of the run."""

    bench: Bench
    scenario: Scenario
    number: int  # of the scenario within the run
    folder: Path  # in the run archive: side files go here
    wrecks: Path  # where a failing drill's leavings are kept
    only_drill: tuple[int, int | None] | None = None
    started_s: float = field(default_factory=monotonic_s)

    @property
    def bucket(self) -> str:
        """The scenario's own bucket."""
        return f"drtest-{self.number:03d}"

    @property
    def work(self) -> Path:
        """The scenario's folder in the workspace."""
        return self.bench.workspace.folder(f"s{self.number}")

    def log(self, label: str) -> tuple[Path, str]:
        """Return where a call's output goes, and its name relative to the scenario's folder."""
        name = f"logs/{label}.log"
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        return path, name

    def time_left_s(self) -> float:
        """Return the seconds that the scenario still has by its time limit; may be negative."""
        return self.scenario.time_limit.total_seconds() - (monotonic_s() - self.started_s)

    def action_limit_s(self) -> float:
        """Return how long one action may take: half of the scenario's limit, or what is left."""
        half = self.scenario.time_limit.total_seconds() / 2
        return max(1.0, min(half, self.time_left_s()))

    def reproduce(self, drill: int, part: int) -> str:
        """Return the command that runs one restore of this scenario again."""
        words = [
            "drtest",
            "run",
            self.scenario.file,
            "-k",
            self.scenario.name,
            "--drill",
            f"{drill}.{part}",
            "--seed",
            str(self.scenario.seed),
            "--duplicity",
            self.bench.duplicity.which,
        ]
        if self.bench.store.name != "moto":
            words += ["--store", self.bench.store.name]
        return shlex.join(words)


@contextmanager
def route(
    stand: Stand, *, step: str, phase: str, at: datetime, read_only: bool = False
) -> Iterator[tuple[Target, Mapping[str, str]]]:
    """Open a listening port of the gateway for one duplicity process.

    Yields where duplicity finds the bucket and what its environment needs to get there. A store
    that died meanwhile is StoreFailed, so that its death is not taken for the backup's failure.
    """
    bench = stand.bench
    listener = bench.gateway.listen(
        upstream=bench.store.endpoint_url,
        mode=bench.gateway_mode,
        scenario=stand.scenario.name,
        step=step,
        phase=phase,
        simulated_at=at,
        read_only=read_only,
    )
    target = Target(
        bucket=stand.bucket,
        prefix=PREFIX,
        endpoint_url=listener.endpoint_url,
        region=bench.store.region,
    )
    secret = {
        "AWS_ACCESS_KEY_ID": bench.store.credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": bench.store.credentials.secret_key,
    }
    try:
        yield target, {**secret, **listener.environment}
    finally:
        bench.gateway.close(listener)
    if not bench.store.is_alive():
        raise StoreFailed(f"the store {bench.store.name} died", log_tail=bench.store.log_tail())


@contextmanager
def unfit_source() -> Iterator[None]:
    """Turn what the workload refuses (a path that is not there) into UnfitSource."""
    try:
        yield
    except ValueError as problem:
        raise UnfitSource(str(problem)) from problem
