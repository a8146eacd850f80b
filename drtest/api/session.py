"""Sets up what all scenarios of a run share, and takes it down again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from drtest import workload
from drtest.api.options import GIB, Options, cache_folder
from drtest.duplicity.versions import find
from drtest.errors import OutOfSpace, UsageError
from drtest.gateway import Gateway
from drtest.keys.keyring import gpg_version
from drtest.model.redact import Redactor
from drtest.model.scenario import Scenario
from drtest.report.archive import Archive
from drtest.runner.bench import Bench
from drtest.runner.workspace import Workspace, sweep
from drtest.store import stores

REQUEST_LOG = "requests.jsonl"
SPARE_BYTES = GIB // 4


@contextmanager
def session(
    options: Options,
    scenarios: Sequence[Scenario],
    *,
    archive: Archive,
    redact: Redactor,
    stop: threading.Event,
) -> Iterator[Bench]:
    """Yield a bench with a running store and gateway; everything of it is gone afterwards.

    What cannot be had (gpg, duplicity, the store, room) is an EnvironmentFault.
    """
    parent = options.work_parent
    sweep(parent)
    gpg = gpg_version()
    duplicity = find(options.duplicity, cache=cache_folder())
    check_room(options, scenarios)
    factory = stores().get(options.store)
    if factory is None:
        raise UsageError(f"--store {options.store}: allowed are {', '.join(sorted(stores()))}")
    store = factory()
    redact.learn([store.credentials.secret_key])
    with Workspace(parent) as workspace:
        try:
            store.start(workspace.folder("store"))
            with Gateway(workspace.folder("gateway"), log=archive.folder / REQUEST_LOG) as gateway:
                yield Bench(
                    duplicity=duplicity,
                    store=store,
                    gateway=gateway,
                    gateway_mode=options.gateway,
                    workspace=workspace,
                    gpg=gpg,
                    redact=redact,
                    slots=threading.Semaphore(options.cores),
                    parallel=options.cores,
                    stop=stop,
                )
        finally:
            store.stop()


def needed_bytes(scenario: Scenario, cores: int) -> int:
    """Return a rough upper bound of the room that one scenario takes in the working folder.

    The source; a restored tree for each core; duplicity's own demand of 2.3 volumes each
    (facts 1.7), but never more than the source has.
    """
    source = workload.size_estimate(scenario.source)
    volume = min(scenario.policy.volsize_mib * 2**20, source)
    return source + cores * (source + int(2.3 * volume))


def check_room(options: Options, scenarios: Sequence[Scenario]) -> None:
    """Raise OutOfSpace where the largest scenarios, as many as run at once, would not fit."""
    cores = options.cores
    largest = sorted((needed_bytes(one, cores) for one in scenarios), reverse=True)
    needed = sum(largest[: options.jobs or cores]) + SPARE_BYTES
    parent = options.work_parent
    while not parent.exists():
        parent = parent.parent
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise OutOfSpace(
            f"{parent} has {free / GIB:.1f} GiB free and this run may need {needed / GIB:.1f} GiB: "
            "choose a bigger disk with --work, or fewer scenarios with -k or --jobs"
        )
