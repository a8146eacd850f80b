"""Sets up what all scenarios of a run share, and takes it down again."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from drtest import process, workload
from drtest.api.jobs import Job, Outlet, make_store, mode_for, words_for
from drtest.api.options import GIB, Options, cache_folder
from drtest.duplicity.preload import Preload
from drtest.duplicity.versions import Duplicity, find
from drtest.errors import EnvironmentFault, OutOfSpace
from drtest.gateway import Gateway
from drtest.keys.keyring import gpg_version
from drtest.model.redact import Redactor
from drtest.model.scenario import Scenario
from drtest.report.archive import Archive
from drtest.runner.bench import Bench
from drtest.runner.guard import Guarded
from drtest.runner.workspace import Workspace, sweep

REQUEST_LOG = "requests.jsonl"
SPARE_BYTES = GIB // 4


@dataclass(slots=True, kw_only=True)
class Session:
    """What the jobs of a run share: a bench for each store, or why there is none."""

    gateway: Gateway
    duplicity: Duplicity
    gpg: str
    benches: dict[Outlet, Bench] = field(default_factory=dict)
    faults: dict[Outlet, EnvironmentFault] = field(default_factory=dict)


@contextmanager
def session(
    options: Options,
    jobs: Sequence[Job],
    *,
    archive: Archive,
    redact: Redactor,
    stop: threading.Event,
) -> Iterator[Session]:
    """Yield running stores and a gateway; everything of it is gone afterwards.

    What cannot be had for any job (gpg, duplicity, room) is an EnvironmentFault; a store that
    cannot be had is one for its own jobs. UsageError where the user's own store may not be used.
    """
    parent = options.work_parent
    sweep(parent)
    gpg = gpg_version()
    duplicity = find(options.duplicity, cache=cache_folder())
    check_room(options, jobs)
    stores = {
        outlet: make_store(outlet, options) for outlet in dict.fromkeys(job.outlet for job in jobs)
    }
    with Workspace(parent) as workspace, contextlib.ExitStack() as stack:
        preload = None
        if options.preload:  # it imports for a second, in which the stores are started
            preload = Preload(duplicity, workspace.folder("preload"))
            stack.callback(preload.close)
        faults: dict[Outlet, EnvironmentFault] = {}
        for number, (outlet, store) in enumerate(stores.items()):
            redact.learn([store.credentials.secret_key, store.credentials.session_token])
            stack.callback(store.stop)
            try:
                store.start(workspace.folder(f"store{number or ''}"))
                # A server may choose its keys itself, once it is started.
                redact.learn([store.credentials.secret_key])
            except EnvironmentFault as problem:
                faults[outlet] = problem
        gateway = stack.enter_context(
            Gateway(workspace.folder("gateway"), log=archive.folder / REQUEST_LOG)
        )
        runner: process.Runner = process.run
        if preload is not None:
            runner = stack.enter_context(preload).run
        slots = threading.Semaphore(options.calls)
        yield Session(
            gateway=gateway,
            duplicity=duplicity,
            gpg=gpg,
            faults=faults,
            benches={
                outlet: Bench(
                    duplicity=duplicity,
                    store=store,
                    gateway=gateway,
                    gateway_mode=mode_for(store, options),
                    workspace=workspace,
                    gpg=gpg,
                    redact=redact,
                    slots=slots,
                    parallel=options.calls,
                    stop=stop,
                    store_options=words_for(outlet, options),
                    preloaded=options.preload,
                    runner=Guarded(runner=runner, gateway=gateway, store=store),
                )
                for outlet, store in stores.items()
                if outlet not in faults
            },
        )


def needed_bytes(scenario: Scenario, calls: int) -> int:
    """Return a rough upper bound of the room that one scenario wants in the working folder.

    The source, a restored tree for each of *calls* at once, and the 2.3 volumes that duplicity
    wants to see free in its temp folder before it begins, however small the source is (facts 1.7).
    """
    source = workload.size_estimate(scenario.source)
    return source + calls * source + int(2.3 * scenario.policy.volsize_mib * 2**20)


def check_room(options: Options, jobs: Sequence[Job]) -> None:
    """Raise OutOfSpace where the largest scenarios, as many as run at once, would not fit."""
    each = (needed_bytes(job.scenario, options.calls) for job in jobs)
    largest = sorted(each, reverse=True)
    needed = sum(largest[: options.jobs or options.cores]) + SPARE_BYTES
    parent = options.work_parent
    while not parent.exists():
        parent = parent.parent
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise OutOfSpace(
            f"{parent} has {free / GIB:.1f} GiB free and this run may need {needed / GIB:.1f} GiB: "
            "choose a bigger disk with --work, or fewer scenarios with -k or --jobs"
        )
