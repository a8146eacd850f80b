"""What a run yields, in order: the closed union that history is made of.

Instants are simulated unless the field says ``real``. Side files (truth, restored trees, logs) are
named by paths relative to the scenario's folder in the run archive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from drtest.model.bill import Prediction
from drtest.model.manifest import VolumeLine
from drtest.model.probe import Probed

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """One record of duplicity's ``--log-fd``: keyword, code, arguments, text."""

    keyword: Literal["ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"] | str
    code: int
    args: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One execution of duplicity, already redacted."""

    action: str  # full, incremental, backup, restore, remove-older-than ...
    argv: tuple[str, ...]
    status: int  # negative: killed by that signal
    status_name: str
    elapsed_s: float
    user_s: float
    system_s: float
    max_rss_bytes: int
    timed_out: bool
    limit_s: float
    log: str  # side file with stdout and stderr
    stanzas: tuple[Stanza, ...] = ()  # ERROR and WARNING, and INFO that a check reads


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object of a bucket listing."""

    key: str
    size_bytes: int
    storage_class: str = "STANDARD"
    etag: str = ""  # the store's own; another one is another content or another upload


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStarted:
    """The first event of a scenario; what it needs to be judged again stands beside it."""

    name: str
    file: str
    line: int
    seed: int
    store: str  # "moto 5.2.5"
    duplicity: str  # "3.2.1"
    gpg: str
    real_at: datetime
    steps: int
    drills: int
    preloaded: bool = False
    is_root: bool = True
    lines: tuple[int, ...] = ()  # of the scenario's parts in its file (model.lines)
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsPredicted:
    """What the scenario should ask of S3: written before the first call of duplicity."""

    prediction: Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade:
    """A key that the job uses at some time; all are made, or imported, before the calendar."""

    number: int  # as ``model.locks`` counts them
    fingerprint: str
    from_step: int  # 0: from the calendar's beginning
    expires_at: datetime | None  # None: never
    has_passphrase: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step of the calendar begins."""

    index: int
    at: datetime
    what: str  # mutate, backup, prune, lose: secret key, wait ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMutated:
    """What one ``mutate`` did, by verb."""

    index: int
    at: datetime
    changed: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChanged:
    """What changed while a backup read the source, and the truths just before and after it."""

    index: int
    at: datetime
    changed: dict[str, int]
    before: int
    after: int  # of no restore point: only beside ``before`` a restore may equal it


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRecorded:
    """The whole source as it was just before a backup of step ``index``; point ``number``."""

    index: int
    at: datetime
    number: int  # truths count from 0; the side file of truth is asked for this number
    paths: int
    size_bytes: int
    unreadable: tuple[tuple[str, str], ...] = ()  # path, errno name


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesCounted:
    """How many paths of the source each selection rule decided at one backup, by drtest's model."""

    index: int
    at: datetime
    # for each rule of the policy, in order: paths it matched at all, paths that it decided
    matched: tuple[int, ...]
    decided: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFinished:
    """One duplicity call of the calendar ended."""

    index: int
    at: datetime
    call: Call
    must_be: Literal["done", "refused", "killed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicSeen:
    """What one toxic of an action of step ``index`` came to."""

    index: int
    at: datetime
    action: str
    toxic: str  # kill
    when: str  # its trigger, in words
    matching: int  # different requests that fitted the trigger, but for the count
    fired: int  # attempts that it hit
    keys: tuple[str, ...] = ()  # of the objects whose requests were held
    matching_bytes: int = 0  # of their bodies


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageDone:
    """Stored objects were harmed in step ``index``, or by a drill on its own copy of the bucket."""

    index: int  # 0 in a drill
    at: datetime
    damage: str  # in the words of a scenario file
    target: str  # one target of it
    keys: tuple[str, ...]  # what differs now; none where the target resolved to nothing
    candidates: tuple[str, ...] = ()  # what was there, where it resolved to nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRecorded:
    """What the bucket held after a step; only what changed since the listing before."""

    index: int
    at: datetime
    added: tuple[StoredObject, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRead:
    """A manifest as it lies in the bucket, decrypted with drtest's own copy of the key."""

    key: str
    volumes: tuple[VolumeLine, ...] = ()
    files: int | None = None  # how many files its set changed, where it says so
    problem: str = ""  # why it could not be read
    file: str = ""  # side file with its text
    passphrase: int = 0  # which of the scenario's opened it, from 1; 0: none was needed
    signed_by: str = ""  # fingerprint of the signing key, "" where it is not signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A volume as it lies in the bucket."""

    key: str
    sha1: str
    is_openpgp: bool  # whether its first byte begins a packet of RFC 4880


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """A multipart upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRecorded:
    """What drtest itself read in the bucket after a step: manifests and volumes that are new or
    changed since the listing before, and all uploads that are open then.
    """

    index: int
    at: datetime
    manifests: tuple[ManifestRead, ...]
    volumes: tuple[Stored, ...]
    uploads: tuple[OpenUpload, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """A roll-back ended: which objects came back from versions, and which are gone for good."""

    index: int
    at: datetime
    keys: tuple[str, ...]  # without the folder, as in listings
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step of the calendar ended."""

    index: int
    at: datetime
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillStarted:
    """One restore begins: the ``part``-th of drill ``number``."""

    number: int
    part: int
    parts: int
    name: str
    what: str  # "everything at 2026-01-09 03:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """One path that was restored into a target of its own, and where its tree is recorded."""

    path: str  # "." for everything, else relative to the source's root
    call: Call
    tree: str  # side file; "" where nothing was captured
    paths: int  # how many paths lie in the target
    unreadable: tuple[tuple[str, str], ...] = ()
    probed: Probed | None = None  # None: nothing was asked, or nothing came back to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillFinished:
    """One restore ended; ``truth`` is the truth it must equal, None where there can be none."""

    number: int
    part: int
    name: str
    what: str
    asked_at: datetime  # what duplicity was asked for
    point_at: datetime | None  # the restore point that this means, by the calendar
    truth: int | None
    must_be: Literal["recovered", "refused", "done", "detected"]
    escrow: tuple[str, ...]
    restored: tuple[Restored, ...]
    elapsed_s: float
    reproduce: str  # the command line that runs this drill alone
    after: int = 0  # the step whose prune it followed; 0: it was run at the calendar's end
    wreck: str = ""  # where it was kept, "" where it was not
    damage: tuple[str, ...] = ()  # what was done to its own copy of the bucket, in words
    harmed: tuple[str, ...] = ()  # the objects that it hit
    host: str = ""  # how its machine differed from drtest's own, in words
    is_root: bool | None = None  # whether root restored; None: whoever ran drtest


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSeen:
    """Something that was not the backup's doing: becomes an *unverified* finding.

    ``code`` is a finding code of the family *could not verify*.
    """

    code: str
    message: str
    subject: str = ""
    evidence: dict[str, object] = field(default_factory=dict)
    drill: int = 0  # the drill that it keeps from being run, 0 where it is none's


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLeftOut:
    """Something that this machine cannot give, and that nobody asked for by name: only told."""

    what: str  # "/zoo/device"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFinished:
    """The last event of a scenario that came to its end; absent where it was broken off."""

    name: str
    elapsed_s: float
    real_at: datetime


Event = (
    ScenarioStarted
    | RequestsPredicted
    | KeyMade
    | StepStarted
    | SourceMutated
    | SourceChanged
    | TruthRecorded
    | RulesCounted
    | ActionFinished
    | ToxicSeen
    | DamageDone
    | RolledBack
    | ListingRecorded
    | ChainRecorded
    | StepFinished
    | DrillStarted
    | DrillFinished
    | FaultSeen
    | PartLeftOut
    | ScenarioFinished
)
