"""What the runner works with: the parts of one run, and those of one scenario."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from drtest import process
from drtest.clock import monotonic_s
from drtest.duplicity.command import Target
from drtest.duplicity.versions import Duplicity
from drtest.errors import Interrupted, StoreFailed, UnfitSource
from drtest.gateway import Gateway
from drtest.gateway.listener import Mode
from drtest.model.events import Call
from drtest.model.redact import Redactor
from drtest.model.run import title
from drtest.model.scenario import Scenario
from drtest.runner.watch import Watch
from drtest.runner.workspace import Workspace
from drtest.store import Credentials, Place, Store

PREFIX = "host"  # where below the bucket the chain lies, as a policy for one of several hosts would


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The parts that all scenarios of a run on one store share."""

    duplicity: Duplicity
    store: Store
    gateway: Gateway
    gateway_mode: Mode
    workspace: Workspace
    gpg: str
    redact: Redactor
    slots: threading.Semaphore  # as many duplicity processes at once as Options.calls
    parallel: int
    stop: threading.Event
    store_options: tuple[str, ...] = ()  # how drtest run is told to use this store again
    preloaded: bool = False  # whether the runner forks an imported duplicity
    runner: process.Runner = process.run

    def check_stop(self) -> None:
        """Raise Interrupted where the run is to stop."""
        if self.stop.is_set():
            raise Interrupted("the run was interrupted")

    def check_store(self, call: Call) -> None:
        """Raise StoreFailed where *call* failed and the store is gone, full or silent.

        duplicity alone cannot tell why: its failure would be taken for the backup's.
        """
        if call.status != 0:
            self.check_stop()
            self.store.check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What belongs to one scenario of the run."""

    bench: Bench
    scenario: Scenario
    number: int  # of the scenario within the run
    folder: Path  # in the run archive: side files go here
    wrecks: Path  # where a failing drill's leavings are kept
    keep_max_bytes: int | None = None  # no more of them; None: as much as it comes to
    only_drill: tuple[int, int | None] | None = None
    on: str = ""  # the store's name where the run has several
    place: Place | None = None  # where its objects go, once there is room for them
    credentials: Credentials | None = None  # of the calendar's machine; None: the store's own
    started_s: float = field(default_factory=monotonic_s)

    @property
    def title(self) -> str:
        """What tells it from every other of the run; the request log calls it so."""
        return title(self.scenario.name, self.on)

    @property
    def bucket_name(self) -> str:
        """The name that the scenario's own bucket is asked for by."""
        return f"drtest-{self.number:03d}"

    @property
    def where(self) -> Place:
        """Where its objects go; a RuntimeError before there is room for them."""
        if self.place is None:
            raise RuntimeError(f"{self.title} has no bucket yet")
        return self.place

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

    @property
    def restores_at_once(self) -> int:
        """How many restores may run beside each other: one where its time is judged."""
        return 1 if self.scenario.objectives.real_size else self.bench.parallel

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
        if self.bench.preloaded:
            words.append("--preload")
        return shlex.join([*words, *self.bench.store_options])


@contextmanager
def route(
    stand: Stand,
    *,
    step: str,
    phase: str,
    at: datetime,
    read_only: bool = False,
    listing: Path | None = None,
    watch: Watch | None = None,
) -> Iterator[tuple[Target, Mapping[str, str]]]:
    """Open a listening port of the gateway for one duplicity process.

    Yields where duplicity finds the bucket and what its environment needs to get there. A store
    that died meanwhile is StoreFailed, so that its death is not taken for the backup's failure.
    *listing* is what its listings show instead of the bucket as it is.
    *watch* holds the toxics of this port, and is settled when the block ends.
    """
    bench, store, place = stand.bench, stand.bench.store, stand.where
    credentials = (None if read_only else stand.credentials) or store.credentials
    listener = bench.gateway.listen(
        upstream=store.endpoint_url,
        mode=bench.gateway_mode,
        scenario=stand.title,
        step=step,
        phase=phase,
        simulated_at=at,
        read_only=read_only,
        authority=store.ca_file,
        listing=listing,
        toxics=watch.toxics if watch else (),
        on_trip=watch.on_trip if watch else None,
    )
    target = Target(
        bucket=place.bucket,
        prefix=place.prefix + PREFIX,
        endpoint_url=listener.endpoint_url,
        region=store.region,
    )
    secret = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
    }
    if credentials.session_token:
        secret["AWS_SESSION_TOKEN"] = credentials.session_token
    try:
        yield target, {**secret, **listener.environment}
        if watch is not None:
            watch.settle(bench.gateway, listener)
    finally:
        bench.gateway.close(listener)
    if not store.is_remote and not store.is_alive():
        raise StoreFailed(f"the store {store.name} died", log_tail=store.log_tail())


@contextmanager
def unfit_source() -> Iterator[None]:
    """Turn what the workload refuses (a path that is not there) into UnfitSource."""
    try:
        yield
    except ValueError as problem:
        raise UnfitSource(str(problem)) from problem
