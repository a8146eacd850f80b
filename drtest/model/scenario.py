"""The door: a scenario as a frozen value.

The YAML loader, Hypothesis strategies and Python users are writers of this value; the runner is its
reader. Whatever can be refused without looking at the machine is refused at birth (ValueError).
Its parts (source, policy, step, drill, promise) have modules of their own; all are to be had here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from drtest.model.chain import Damage
from drtest.model.drill import (
    AtAgo,
    AtBeforeFirst,
    AtChain,
    AtEach,
    AtEdges,
    AtEnd,
    AtInstant,
    AtNewest,
    AtOldest,
    AtSample,
    AtTyped,
    Drill,
    DrillMoment,
    DrillOutcome,
    EscrowItem,
    Everything,
    OneFile,
    Paths,
    PointSelector,
    RestoreWhat,
    Run,
    RunAction,
    Which,
    zone_of,
)
from drtest.model.grid import Grid, Project
from drtest.model.host import Host
from drtest.model.policy import KeySpec, NewKey, OwnKey, Policy
from drtest.model.probe import Probe
from drtest.model.promise import Expectation, ExpectedFinding, Objectives, Protect
from drtest.model.rule import Rule
from drtest.model.source import (
    ContentKind,
    CopyOf,
    Count,
    Database,
    FileSet,
    LiteralFile,
    Mutation,
    MutationTarget,
    MutationVerb,
    PathTarget,
    Share,
    Size,
    SourceEntry,
    Symlink,
    Zoo,
)
from drtest.model.step import (
    Backup,
    BackupAction,
    Change,
    Changeable,
    Clock,
    DatedStep,
    During,
    Harmed,
    Losable,
    Lose,
    Mutate,
    Prune,
    Revocable,
    Revoke,
    RollBack,
    Step,
    Wait,
)
from drtest.model.toxic import Kill, Toxic, When
from drtest.model.zoo import ZooThing

__all__ = [
    "DEFAULT_START",
    "OWN_STORES",
    "AtAgo",
    "AtBeforeFirst",
    "AtChain",
    "AtEach",
    "AtEdges",
    "AtEnd",
    "AtInstant",
    "AtNewest",
    "AtOldest",
    "AtSample",
    "AtTyped",
    "Backup",
    "BackupAction",
    "BucketKind",
    "Change",
    "Changeable",
    "Clock",
    "ContentKind",
    "CopyOf",
    "Count",
    "CredentialKind",
    "Damage",
    "Database",
    "DatedStep",
    "Drill",
    "DrillMoment",
    "DrillOutcome",
    "During",
    "EscrowItem",
    "Everything",
    "Expectation",
    "ExpectedFinding",
    "FileSet",
    "Grid",
    "Harmed",
    "Host",
    "KeySpec",
    "Kill",
    "LiteralFile",
    "Losable",
    "Lose",
    "Mutate",
    "Mutation",
    "MutationTarget",
    "MutationVerb",
    "Need",
    "NewKey",
    "Objectives",
    "OneFile",
    "OwnKey",
    "PathTarget",
    "Paths",
    "PointSelector",
    "Policy",
    "Probe",
    "Project",
    "Protect",
    "Prune",
    "RestoreWhat",
    "Revocable",
    "Revoke",
    "RollBack",
    "Rule",
    "Run",
    "RunAction",
    "Scenario",
    "Share",
    "Size",
    "SourceEntry",
    "Step",
    "Symlink",
    "Toxic",
    "Wait",
    "When",
    "Which",
    "Zoo",
    "ZooThing",
    "is_store",
    "zone_of",
]

OWN_STORES = ("moto", "seaweedfs", "minio")  # those that drtest starts itself
BucketKind = Literal["plain", "versioned", "locked"]
CredentialKind = Literal["full", "no-delete"]
# What stores differ in (docs/stores.md); tests hold it to drtest.store.capability.
Need = Literal[
    "checks-signature",
    "checks-clock",
    "checks-body-hash",
    "checks-checksum",
    "checks-md5",
    "versions",
    "storage-classes",
    "refuses-cold-reads",
    "access-log",
    "object-lock",
    "any-key",
    "limited-credentials",
]


def is_store(name: str) -> bool:
    """Whether *name* is one that ``--store`` takes: a server of drtest's own, ``aws``, or a URL."""
    return name in (*OWN_STORES, "aws") or name.startswith(("http://", "https://"))


DEFAULT_START = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario with every default filled in and its calendar expanded."""

    name: str
    why: str
    source: tuple[SourceEntry, ...]
    expect: tuple[Expectation, ...] = ()  # the first whose versions fit; none means PASS
    seed: int = 1
    mutate: tuple[Mutation, ...] = ()
    policy: Policy = field(default_factory=Policy)
    steps: tuple[DatedStep, ...] = (
        DatedStep(index=1, at=DEFAULT_START, step=Backup(action="full")),
    )
    drills: tuple[Drill, ...] = (Drill(number=1),)
    objectives: Objectives = field(default_factory=Objectives)
    time_limit: timedelta = timedelta(minutes=30)
    stores: tuple[str, ...] = ()  # where it runs unless ``--store`` says otherwise; none: moto
    needs: tuple[Need, ...] = ()  # capabilities without which it is not run
    bucket: BucketKind = "plain"
    credentials: CredentialKind = "full"  # of the calendar's machine; drills may all
    tune: Grid | None = None  # for drtest tune; a budget of money is judged with its prices too
    file: str = "<python>"
    line: int = 1

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.why.strip():
            raise ValueError("a scenario needs a name and a why")
        if not self.source:
            raise ValueError("a scenario needs a source")
        if not self.steps:
            raise ValueError("a calendar needs at least one step")
        if len(set(self.stores)) != len(self.stores) or not all(map(is_store, self.stores)):
            raise ValueError(f"a store is one of {', '.join(OWN_STORES)}, aws or a URL, each once")
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            if after.at < before.at or after.index != before.index + 1:
                raise ValueError("steps are in order of time and counted from 1")

    def until(self, index: int) -> Scenario:
        """Return the scenario as it stands just after step *index*: that instant is its end."""
        return replace(self, steps=self.steps[:index])

    @property
    def end_at(self) -> datetime:
        """The calendar's last instant, waits included."""
        last = self.steps[-1]
        return last.at + last.step.by if isinstance(last.step, Wait) else last.at

    @property
    def backups_stand_for(self) -> timedelta | None:
        """The time that the calendar's backups stand for; None where they have no rhythm.

        Thirty nightly backups lie 29 days apart and stand for 30: each brings its own cycle.
        """
        instants = {dated.at for dated in self.steps if isinstance(dated.step, Backup)}
        if len(instants) < 2:
            return None
        return (max(instants) - min(instants)) * len(instants) / (len(instants) - 1)

    @property
    def needed(self) -> tuple[Need, ...]:
        """All capabilities that a store must have: those it says, and what its bucket implies."""
        implied: list[Need] = []
        if self.bucket == "versioned":
            implied.append("versions")
        if self.bucket == "locked":
            implied.append("object-lock")
        if self.credentials == "no-delete":
            implied.append("limited-credentials")
        return tuple(dict.fromkeys((*self.needs, *implied)))

    @property
    def root_for(self) -> tuple[str, ...]:
        """What of it only root can do, in the words of a scenario file; empty where anyone can."""
        steps = [dated.step for dated in self.steps]
        own = [step.mutations for step in steps if isinstance(step, Mutate) and step.mutations]
        verbs = {one.verb for mutations in (self.mutate, *own) for one in mutations}
        found = ["chown"] if "chown" in verbs else []
        for drill in self.drills:
            if drill.host is not None:
                found += ["host: user"] if drill.host.user is not None else []
                found += ["host: hostname"] if drill.host.hostname is not None else []
        return tuple(dict.fromkeys(found))

    @property
    def has_rules(self) -> bool:
        """Whether selection rules stand between the source and the backup."""
        return bool(self.policy.select)
