"""Scenario by store: what a run does, job by job, and how each store is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from drtest.api.options import Options
from drtest.errors import UsageError
from drtest.gateway.listener import Mode
from drtest.model.run import title
from drtest.model.scenario import OWN_STORES, Scenario
from drtest.store import Place, Store, stores

DEFAULT = "moto"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One store of a run, as ``--store`` names it; *authenticates* is for moto alone."""

    name: str
    authenticates: bool = False

    @property
    def is_own(self) -> bool:
        """Whether drtest starts it itself, so that nothing of the user's is touched."""
        return self.name in OWN_STORES


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One scenario on one store. ``scenario.stores`` holds that store alone."""

    number: int  # from 1, over the whole run
    scenario: Scenario
    outlet: Outlet
    on: str  # the store's name where the run has several, else ""

    @property
    def title(self) -> str:
        """What tells it from every other job of the run."""
        return title(self.scenario.name, self.on)


def jobs(scenarios: Sequence[Scenario], options: Options) -> tuple[Job, ...]:
    """Return every scenario on every store that it is for, in the order of the files.

    ``--store`` decides; without it the scenario does. UsageError where a file alone would send a
    run to a store that is not drtest's own: that takes an explicit choice on the command line.
    """
    pairs = [
        (one, name) for one in scenarios for name in options.stores or one.stores or (DEFAULT,)
    ]
    for scenario, name in pairs:
        if name not in OWN_STORES and name not in options.stores:
            raise UsageError(
                f"{scenario.file}: {scenario.name} asks for the store {name}, and your own "
                f"credentials are used only where the command line says so: --store {name}"
            )
    several = len({name for _, name in pairs}) > 1
    return tuple(
        Job(
            number=number,
            scenario=replace(scenario, stores=(name,)),
            outlet=Outlet(
                name=name,
                authenticates=name == "moto" and "limited-credentials" in scenario.needed,
            ),
            on=name if several else "",
        )
        for number, (scenario, name) in enumerate(pairs, start=1)
    )


def make_store(outlet: Outlet, options: Options) -> Store:
    """Return the store, not yet started; UsageError where the options do not fit it."""
    make = stores()[outlet.name if outlet.is_own or outlet.name == "aws" else "endpoint"]
    match outlet.name:
        case "moto":
            return make(authenticates=outlet.authenticates)
        case "minio":
            return make(binary=options.minio_binary)
        case "seaweedfs":
            return make()
        case "aws":
            if not options.region:
                raise UsageError("--store aws: say which region, such as --region eu-central-1")
            return make(region=options.region, into=_into(options))
        case url:
            return make(url=url, region=options.region or "us-east-1", into=_into(options))


def _into(options: Options) -> Place | None:
    if not options.bucket:
        return None
    name, _, prefix = options.bucket.partition("/")
    prefix = prefix.strip("/")
    if not name:
        raise UsageError(f"--bucket {options.bucket}: write NAME or NAME/PREFIX")
    return Place(bucket=name, prefix=f"{prefix}/" if prefix else "")


def mode_for(store: Store, options: Options) -> Mode:
    """Return how duplicity gets to *store*: by proxy where it must be called by its own name.

    Servers of this machine answer to any name; others may not, and Amazon's signatures do not.
    """
    if options.gateway is not None:
        return options.gateway
    is_far = store.is_remote and urlsplit(store.endpoint_url).hostname not in _LOOPBACK
    return "forward" if is_far else "plain"


def words_for(outlet: Outlet, options: Options) -> tuple[str, ...]:
    """Return the words that make ``drtest run`` use this store again; none for the default."""
    return tuple(_words(outlet, options))


def _words(outlet: Outlet, options: Options) -> Iterator[str]:
    if outlet.name != DEFAULT:
        yield from ("--store", outlet.name)
    if outlet.name == "minio" and options.minio_binary is not None:
        yield from ("--minio-binary", str(options.minio_binary))
    if not outlet.is_own:
        if options.region:
            yield from ("--region", options.region)
        if options.bucket:
            yield from ("--bucket", options.bucket)
    if options.gateway not in (None, "plain"):
        yield from ("--gateway", options.gateway)
