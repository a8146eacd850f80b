"""The door: a scenario as a frozen value.

The YAML loader, Hypothesis strategies and Python users are writers of this value; the runner is its
reader. Whatever can be refused without looking at the machine is refused at birth (ValueError).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drtest.model.chain import Damage
from drtest.model.host import Host
from drtest.model.rule import Rule
from drtest.model.toxic import Kill, Toxic, When
from drtest.model.verdict import Verdict
from drtest.model.zoo import ZooThing

# ---------------------------------------------------------------- source


ContentKind = Literal["text", "random", "zeros", "mixed", "database", "log"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large the files of a set are: ``4 KiB``, ``1 KiB to 64 KiB`` or ``about 4 KiB``."""

    shape: Literal["fixed", "uniform", "about"]
    low_bytes: int  # fixed: the size; uniform: the smallest; about: the median of a lognormal
    high_bytes: int  # fixed: the same; uniform: the largest; about: the cut (``max``)

    def __post_init__(self) -> None:
        if not 0 <= self.low_bytes <= self.high_bytes:
            raise ValueError("a size needs 0 <= low <= high")
        if self.shape == "fixed" and self.low_bytes != self.high_bytes:
            raise ValueError("a fixed size has one number")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSet:
    """Many generated files below ``path``."""

    path: str
    files: int
    size: Size
    kind: ContentKind = "text"
    depth: int = 2  # folders nest at most this deep below path
    line: int = 0

    def __post_init__(self) -> None:
        _need_absolute(self.path)
        if self.files < 0 or self.depth < 0:
            raise ValueError("files and depth are not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralFile:
    """One file whose content stands in the scenario."""

    path: str
    content: str
    mode: int = 0o644
    line: int = 0

    def __post_init__(self) -> None:
        _need_absolute(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symlink:
    """One symbolic link; ``target`` is stored as it is written."""

    path: str
    target: str
    line: int = 0

    def __post_init__(self) -> None:
        _need_absolute(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOf:
    """A copy of the user's own tree at ``of`` (read, never written), placed at ``path``."""

    path: str
    of: str
    line: int = 0

    def __post_init__(self) -> None:
        _need_absolute(self.path)
        _need_absolute(self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoo:
    """The odd things of ``model.zoo`` below ``path``, each in a folder of its name.

    ``things`` None is all of them: what the machine cannot give is then left out and told. A thing
    that is asked for by name and cannot be had is ``capability-missing``.
    """

    path: str
    things: tuple[ZooThing, ...] | None = None
    line: int = 0

    def __post_init__(self) -> None:
        _need_absolute(self.path)
        if self.things is not None and len(set(self.things)) != len(self.things):
            raise ValueError("each thing of the zoo is named once")
        if self.things == ():
            raise ValueError("a zoo has at least one thing")


SourceEntry = FileSet | LiteralFile | Symlink | CopyOf | Zoo

# ---------------------------------------------------------------- mutations

MutationVerb = Literal[
    "edit",
    "append",
    "grow",
    "add",
    "rename",
    "recase",
    "swap",
    "move",
    "replace",
    "delete",
    "truncate",
    "rewrite",
    "chmod",
    "chown",
    "touch",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of all files of the source together, at least one: ``3%`` is 0.03."""

    of_files: float

    def __post_init__(self) -> None:
        if not 0 < self.of_files <= 1:
            raise ValueError("a share is more than 0% and at most 100%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of files, chosen by the seed."""

    files: int

    def __post_init__(self) -> None:
        if self.files < 0:
            raise ValueError("a count is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTarget:
    """One path of the source, absolute as the user writes it."""

    path: str

    def __post_init__(self) -> None:
        _need_absolute(self.path)


MutationTarget = Share | Count | PathTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One kind of change to the source, and what it hits."""

    verb: MutationVerb
    targets: tuple[MutationTarget, ...]
    line: int = 0


# ---------------------------------------------------------------- policy


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A throw-away key, made for the run."""

    algorithm: Literal["rsa2048", "ed25519"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """The user's own exported key: imported into throw-away keyrings only."""

    fingerprint: str
    file: str  # absolute path of the export


KeySpec = NewKey | OwnKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """duplicity's options as the user runs them; names are duplicity's long options."""

    encryption: Literal["passphrase", "key", "none"] = "passphrase"
    encrypt_key: KeySpec | None = None
    sign_key: KeySpec | Literal["same"] | None = None
    full_if_older_than: timedelta | None = None
    volsize_mib: int = 200  # duplicity's own default
    s3_multipart_chunk_size_mib: int | None = None  # None: duplicity's own default
    select: tuple[Rule, ...] = ()
    remove_older_than: timedelta | None = None
    remove_all_but_n_full: int | None = None
    remove_all_inc_of_but_n_full: int | None = None
    options: tuple[str, ...] = ()  # handed to every backup verbatim
    line: int = 0

    def __post_init__(self) -> None:
        if (self.encryption == "key") != (self.encrypt_key is not None):
            raise ValueError("encrypt_key goes with encryption 'key', and only with it")
        if self.sign_key is not None and self.encryption == "none":
            raise ValueError("sign-key needs encryption")
        if self.volsize_mib < 1:
            raise ValueError("volsize is a whole number of MiB, at least 1")
        if self.s3_multipart_chunk_size_mib is not None and self.s3_multipart_chunk_size_mib < 5:
            raise ValueError("s3-multipart-chunk-size is at least 5 MiB")
        for count in (self.remove_all_but_n_full, self.remove_all_inc_of_but_n_full):
            if count is not None and count < 1:
                raise ValueError("a number of fulls to keep is at least 1")

    @property
    def has_retention(self) -> bool:
        """Whether ``prune`` has anything to run."""
        return any(
            rule is not None
            for rule in (
                self.remove_older_than,
                self.remove_all_but_n_full,
                self.remove_all_inc_of_but_n_full,
            )
        )


# ---------------------------------------------------------------- calendar

BackupAction = Literal["backup", "full", "incremental"]
Losable = Literal["archive dir", "gnupg home", "secret key", "passphrase"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutate:
    """Change the source: by the file's ``mutate`` where ``mutations`` is None."""

    mutations: tuple[Mutation, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class During:
    """Changes to the source while duplicity reads it: while the request of ``when`` is held."""

    mutations: tuple[Mutation, ...]
    when: When

    def __post_init__(self) -> None:
        if not self.mutations:
            raise ValueError("a change during a backup changes something")
        if self.when.times != 1:
            raise ValueError("a change during a backup happens once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup; ``backup`` is duplicity's implied action, full or incremental by the policy."""

    action: BackupAction = "backup"
    must_be: Literal["done", "refused"] = "done"
    toxics: tuple[Toxic, ...] = ()
    same_second: bool = False  # on purpose at the instant of the backup before it
    during: During | None = None

    def __post_init__(self) -> None:
        if self.is_killed and self.must_be != "done":
            raise ValueError("an action that is killed has no other outcome")

    @property
    def is_killed(self) -> bool:
        """Whether a toxic is to kill it, so that it makes no set by itself."""
        return any(isinstance(toxic.does, Kill) for toxic in self.toxics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prune:
    """The retention actions of the policy; without force duplicity only lists."""

    force: bool = True
    must_be: Literal["done", "refused"] = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """Take something away from the machine, for good."""

    what: Losable


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Move the timeline forward within one entry."""

    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Set the machine's clock off by that much from the timeline, from here on; negative: slow.

    duplicity sees the clock. The timeline goes on as before.
    """

    off: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmed:
    """Damage to stored objects, for good."""

    damage: Damage


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """Make current again, from the bucket's versions, what was so before the last damage."""


Step = Mutate | Backup | Prune | Lose | Wait | Clock | Harmed | RollBack


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedStep:
    """One step of the expanded calendar; ``index`` counts from 1 over the whole scenario."""

    index: int
    at: datetime
    step: Step
    line: int = 0


# ---------------------------------------------------------------- drills


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """Restore the whole backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Restore these paths, each into a target of its own; absolute as the user writes them."""

    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError("a restore needs at least one path")
        for path in self.paths:
            _need_absolute(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFile:
    """Restore one file, chosen by the seed: of median size among those selected."""


RunAction = Literal["verify", "verify --compare-data", "collection-status", "cleanup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run another action than a restore, and ask whether it notices what is wrong."""

    action: RunAction


RestoreWhat = Everything | Paths | OneFile | Run


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEnd:
    """The newest state at the calendar's last instant; no time is given to duplicity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEach:
    """Each promised restore point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtAgo:
    """So long before the calendar's last instant, as duplicity's ``-t 3D``."""

    ago: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AtInstant:
    """One instant."""

    instant: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AtSample:
    """So many of the promised points, by the seed; oldest and newest always among them."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOldest:
    """The oldest promised point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtNewest:
    """The newest point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEdges:
    """One second before, at, and one second after each set, or ``of`` so many sampled sets."""

    of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBeforeFirst:
    """One second before the first set, when nothing was backed up yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTyped:
    """One instant as a user types it, by the clock on the wall of *timezone*.

    duplicity gets the text as it is. What it means is its wall time there, summer time and all; a
    wall time that comes twice in a night is the first of the two.
    """

    text: str  # 2024-07-01T12:00:00
    timezone: str  # Europe/Berlin, or UTC

    def __post_init__(self) -> None:
        if datetime.fromisoformat(self.text).tzinfo is not None:
            raise ValueError("a typed time has no zone of its own")
        zone_of(self.timezone)

    @property
    def instant(self) -> datetime:
        """What is meant, in UTC."""
        wall = datetime.fromisoformat(self.text).replace(tzinfo=zone_of(self.timezone))
        return wall.astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone *name*; ValueError where the machine knows none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as problem:
        raise ValueError(f"{name} is no time zone of this machine") from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class AtChain:
    """Every restore point of one chain; chains count from 1 in order of time."""

    number: int


PointSelector = (
    AtEnd
    | AtEach
    | AtAgo
    | AtInstant
    | AtTyped
    | AtSample
    | AtOldest
    | AtNewest
    | AtEdges
    | AtChain
    | AtBeforeFirst
)

# "after each prune": on the state of that moment, wherever a prune removed anything.
DrillMoment = Literal["end", "after each prune"]

# "wrong passphrase" is a passphrase that is not the one the backup was made with.
EscrowItem = Literal["secret key", "public key", "passphrase", "wrong passphrase"]
DrillOutcome = Literal["recovered", "refused", "done", "detected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One entry of ``drills``; it becomes one restore for each point that ``at`` resolves to.

    ``escrow`` None means all that was made when the keys were made; the empty set is ``none``.
    ``must_be`` is one outcome for every point, or pairs of (selector, outcome) where ``None`` as a
    selector is ``the rest``.
    """

    number: int  # from 1, in the order of the file
    name: str = ""
    restore: RestoreWhat = field(default_factory=Everything)
    at: tuple[PointSelector, ...] = (AtEnd(),)
    when: DrillMoment = "end"
    escrow: frozenset[EscrowItem] | None = None
    host: Host | None = None  # None: as on the machine that drtest runs on
    options: tuple[str, ...] = ()  # handed to its restores verbatim
    damage: tuple[Damage, ...] = ()  # done to the drill's own copy of the bucket
    must_be: DrillOutcome | tuple[tuple[PointSelector | None, DrillOutcome], ...] = "recovered"
    line: int = 0


# ---------------------------------------------------------------- promise and expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect:
    """One entry of ``objectives.protect``, with the line that names it."""

    path: str
    line: int = 0

    def __post_init__(self) -> None:
        _need_absolute(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """The promise. ``protect`` None: the whole source; "selected": what the rules select."""

    protect: tuple[Protect, ...] | Literal["selected"] | None = None
    because: str = ""  # goes with protect: selected
    keep: timedelta | None = None
    gone_after: timedelta | None = None
    rpo: timedelta | None = None
    rto: timedelta | None = None
    real_size: bool = False
    warnings_allowed: bool = True  # ``warnings: none`` makes each warning a failure
    requests_per_month: int | None = None
    line: int = 0

    def __post_init__(self) -> None:
        if self.protect == "selected" and not self.because:
            raise ValueError("protect: selected needs because:")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedFinding:
    """One finding of severity *failure* that is known to come; no subject stands for any one."""

    code: str
    subject: str | None = None

    def __str__(self) -> str:
        return self.code if self.subject is None else f"{self.code}: {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the scenario must give; ``duplicity`` limits it to versions (``>= 3``)."""

    verdict: Verdict = Verdict.PASS
    findings: tuple[ExpectedFinding, ...] = ()
    because: str = ""
    duplicity: str | None = None
    line: int = 0

    def __post_init__(self) -> None:
        if self.verdict is Verdict.UNVERIFIED:
            raise ValueError("UNVERIFIED cannot be expected")
        if self.verdict is Verdict.FAIL and not (self.findings and self.because):
            raise ValueError("an expected FAIL names its findings and because")
        if self.verdict is Verdict.PASS and self.findings:
            raise ValueError("an expected PASS has no findings")


# ---------------------------------------------------------------- the store

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


# ---------------------------------------------------------------- the whole

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


def _need_absolute(path: str) -> None:
    if not path.startswith("/") or ".." in PurePosixPath(path).parts or "\0" in path:
        raise ValueError(f"{path!r} is not an absolute path without '..'")
