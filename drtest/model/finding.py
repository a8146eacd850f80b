"""One coded fact with its evidence, and the catalogue of codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from drtest.model.verdict import Verdict


class Severity(Enum):
    """Belongs to the code, not to the occasion."""

    FAILURE = "failure"
    UNVERIFIED = "unverified"
    WARNING = "warning"
    NOTE = "note"

    @property
    def verdict(self) -> Verdict:
        """The verdict that a finding of this severity gives by itself."""
        match self:
            case Severity.FAILURE:
                return Verdict.FAIL
            case Severity.UNVERIFIED:
                return Verdict.UNVERIFIED
            case _:
                return Verdict.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact. One cause is one finding, however many paths or restore points it shows at.

    ``subject`` is what ``expect`` may name beside the code. ``message`` is one sentence with the
    figures in it. ``evidence`` holds plain JSON values under the names that the catalogue gives.
    """

    code: str
    subject: str
    message: str
    line: int = 0  # of the scenario file
    drills: tuple[str, ...] = ()  # "1.3": the third restore of drill 1
    restore_points: tuple[datetime, ...] = ()
    silent: bool = False  # the action ended with status 0
    evidence: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"{self.code} is not in the catalogue")

    @property
    def severity(self) -> Severity:
        """The severity of the finding's code."""
        return CATALOGUE[self.code].severity

    @property
    def advice(self) -> str:
        """What to do about it, the same text in every reporter."""
        return CATALOGUE[self.code].advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One row of the catalogue."""

    family: str
    severity: Severity
    meaning: str
    subject: str  # what Finding.subject names for this code
    advice: str


def _rows(family: str, *rows: tuple[str, Severity, str, str, str]) -> dict[str, Code]:
    return {
        code: Code(
            family=family, severity=severity, meaning=meaning, subject=subject, advice=advice
        )
        for code, severity, meaning, subject, advice in rows
    }


_F, _U, _W, _N = Severity.FAILURE, Severity.UNVERIFIED, Severity.WARNING, Severity.NOTE

CATALOGUE: dict[str, Code] = {
    **_rows(
        "restored",
        (
            "restore-refused",
            _F,
            "duplicity ended non-zero where the drill must be recovered",
            "the drill",
            "Read the cause that it names; the log of the call is in the report folder.",
        ),
        (
            "nothing-restored",
            _F,
            "status 0 and an empty target",
            "the drill",
            "The action said success and did nothing: look at the wrapper, the target and the path.",
        ),
        (
            "restore-not-refused",
            _F,
            "the drill must be refused, and came back",
            "the drill",
            "What was thought lost still lies somewhere: look where.",
        ),
        (
            "missing-path",
            _F,
            "in the truth, not in the restore",
            "the first path",
            "Is it excluded by a rule, or lost by the chain? Make a new full.",
        ),
        (
            "extra-path",
            _F,
            "in the restore, not in the truth",
            "the first path",
            "A deletion was not recorded, so restores bring deleted files back. Make a new full.",
        ),
        (
            "digest-differs",
            _F,
            "content differs",
            "the first path",
            "Where an older point is named, the change was never noticed. Make a new full.",
        ),
        (
            "type-differs",
            _F,
            "a file where a folder or link was, or the reverse",
            "the first path",
            "Make a new full, report it to duplicity.",
        ),
        ("mode-differs", _F, "permissions differ", "the first path", "Restore as root."),
        (
            "owner-differs",
            _F,
            "uid or gid differs",
            "the first path",
            "Names are mapped before numbers: use --numeric-owner on a new machine, and restore as root.",
        ),
        (
            "mtime-differs",
            _F,
            "whole seconds of mtime differ",
            "the first path",
            "Harmless for content, not for the next incremental: make a full after restoring.",
        ),
        (
            "link-target-differs",
            _F,
            "a symlink points elsewhere",
            "the first path",
            "Make a new full.",
        ),
        ("device-differs", _F, "device numbers differ", "the first path", "Restore as root."),
        (
            "wrong-point-restored",
            _F,
            "the whole tree is right, for another restore point",
            "the drill",
            "Pass an absolute time with its zone; before the first set duplicity gives the oldest, status 0.",
        ),
        (
            "probe-failed",
            _F,
            "the command of probe ended non-zero in the restored tree",
            "the drill",
            "Where the files came back as they were, the application was caught while it wrote: dump or snapshot before the backup.",
        ),
        (
            "wrong-data-left-behind",
            _F,
            "a refused restore left files at their final paths that are wrong or cut short",
            "the first path",
            "Never restore over live data: restore aside, then move.",
        ),
        (
            "thaw-needed",
            _N,
            "objects that a restore needs lie in a class that must be thawed before it is read",
            "the storage class",
            "Plan hours into the recovery time: ask for the thaw first, and restore when it is done.",
        ),
        (
            "known-loss",
            _N,
            "what duplicity does not keep by design",
            "the kind",
            "If it matters here, save it beside the backup (getfacl -R, tar --xattrs).",
        ),
    ),
    **_rows(
        "backup",
        (
            "backup-failed",
            _F,
            "an action ended non-zero where it must be done",
            "the action",
            "Make the job loud: mail on non-zero, and try again within the RPO.",
        ),
        (
            "backup-not-refused",
            _F,
            "an action must be refused, and ended with status 0",
            "the action",
            "The scenario says that it must not go through: find out what let it.",
        ),
        (
            "action-hung",
            _F,
            "killed by drtest after its time limit",
            "the action",
            "Give the job a time limit and a lock.",
        ),
        (
            "nothing-backed-up",
            _F,
            "status 0, and the bucket holds no new backup set",
            "the action",
            "The action said success and did nothing: look at the wrapper, the target and the lock.",
        ),
        (
            "full-not-made",
            _F,
            "the policy asked for a full and an incremental was made, or the reverse",
            "the action",
            "A partial set hides a full: run cleanup --force, then full.",
        ),
        (
            "unread-source",
            _F,
            "the source could not give a file, and the status was 0",
            "the first path",
            "Run as a user that may read it, or exclude it on purpose.",
        ),
        (
            "protected-not-selected",
            _F,
            "a path of objectives.protect that no backup selects",
            "the path",
            "Correct the rule, or take the path out of the promise.",
        ),
        (
            "include-matches-nothing",
            _F,
            "an include rule matched no path in any backup",
            "the pattern",
            "A typing mistake? The nearest path is named.",
        ),
        (
            "rule-never-acts",
            _W,
            "a rule stands behind others that decided everything it matches",
            "the pattern",
            "Put excludes before the includes that they cut.",
        ),
        (
            "clock-went-back",
            _F,
            "a set was written before the newest one; duplicity ignores it",
            "the instant of the first such set",
            "Wait until the clock is past the newest set, then make a full.",
        ),
        (
            "changed-while-read",
            _W,
            "a file changed while it was backed up, and came back as neither state",
            "the first path",
            "Dump databases first; snapshot the file system.",
        ),
        (
            "duplicity-warned",
            _W,
            "a warning of duplicity that no other finding explains",
            "the warning's code",
            "Read it once; if it is harmless, go on.",
        ),
    ),
    **_rows(
        "chain",
        (
            "volume-missing",
            _F,
            "a manifest names a volume that the bucket does not hold",
            "the volume and its set",
            "duplicity will not say so until a restore. Make a new full now.",
        ),
        (
            "volume-hash-differs",
            _F,
            "a stored volume is not what the manifest recorded",
            "the object",
            "duplicity will not say so until a restore. Make a new full now; look at the store's health.",
        ),
        (
            "manifest-missing",
            _F,
            "a set without its manifest, or with one that can't be read",
            "the manifest, or the set",
            "Copy it back from the archive dir of the server, before the next sync deletes it there.",
        ),
        (
            "signatures-missing",
            _W,
            "restores work, the next incremental will not",
            "the set",
            "Make a new full.",
        ),
        (
            "orphaned-object",
            _W,
            "objects that belong to no set: stored and paid for, of no use",
            "the first object",
            "duplicity cleanup --force.",
        ),
        (
            "upload-left-open",
            _W,
            "an incomplete multipart upload, billed and unlisted",
            "the object",
            "A lifecycle rule of the bucket: abort incomplete uploads after 7 days.",
        ),
        (
            "plain-text-in-chain",
            _F,
            "an object that can be read without a key, in an encrypted chain",
            "the first object",
            "Delete it, make a new full, look for --no-encryption in the job.",
        ),
        (
            "chain-broken",
            _F,
            "an incremental whose base is not in the bucket",
            "the set",
            "Make a new full.",
        ),
    ),
    **_rows(
        "retention",
        (
            "restore-point-gone",
            _F,
            "promised, and not restorable from what is left",
            "the oldest point",
            "Retention works by whole chains: keep one cycle more than you promise.",
        ),
        (
            "restore-point-kept",
            _W,
            "should be gone by gone-after, and can still be restored",
            "the oldest point",
            "Retention works by whole chains: for erasure duties lower it by one cycle.",
        ),
        (
            "prune-did-nothing",
            _F,
            "retention ran without effect although sets were due",
            "the action",
            "--force is missing: without it duplicity lists, ends with status 0 and deletes nothing.",
        ),
        (
            "prune-incomplete",
            _F,
            "deletions failed, status 0, objects of sets that were due are left",
            "the action",
            "Who may not delete cannot prune: run it with other credentials, then cleanup --force.",
        ),
        (
            "prune-before-backup",
            _W,
            "retention ran first",
            "prune",
            "Back up first, prune after.",
        ),
        (
            "promise-disagrees",
            _W,
            "the policy keeps less than keep promises",
            "keep",
            "Correct one of them.",
        ),
    ),
    **_rows(
        "keys",
        (
            "key-not-in-escrow",
            _F,
            "what is in the safe does not decrypt the backup",
            "the drill",
            "Put the secret key and its passphrase into the safe, and drill again.",
        ),
        (
            "passphrase-changed",
            _F,
            "one chain needs two passphrases, so that no point of it comes back",
            "the first set that another passphrase opens",
            "Make a full after each change, and keep the old passphrase as long as its chain.",
        ),
        (
            "signed-by-another-key",
            _F,
            "a set is signed by a key that the job does not name",
            "the first such set",
            "The signing key has expired or was revoked: gpg takes any other. Give it a new one.",
        ),
        (
            "key-expires",
            _W,
            "a key of the job expires while its backups must still be kept",
            "the policy's key",
            "Extend it and export it again: backups end when it expires, and restores that name "
            "it as signer too.",
        ),
    ),
    **_rows(
        "objectives",
        (
            "rpo-exceeded",
            _F,
            "at some moment the newest good restore point was older than the RPO",
            "rpo",
            "Run more often than the RPO, and repeat after a failure.",
        ),
        (
            "rto-exceeded",
            _F,
            "a restore took longer than the RTO",
            "rto",
            "Shorter chains; smaller volumes for single files.",
        ),
        (
            "rto-projected",
            _N,
            "recovery time seen in a scenario that is not of real size",
            "rto",
            "Say real-size: true in a scenario of true size to have it judged.",
        ),
        (
            "requests-exceeded",
            _F,
            "requests above the budget",
            "requests-per-month",
            "The biggest contributor is named: often listings or small volumes.",
        ),
        (
            "cost-exceeded",
            _F,
            "a month costs more than its budget",
            "cost-per-month",
            "The biggest part is named: storage falls with retention, requests with larger volumes.",
        ),
        (
            "restore-cost-exceeded",
            _F,
            "a full restore costs more than its budget",
            "restore-cost",
            "Restore within the store's region, where nothing leaves it; shorter chains are less to fetch.",
        ),
        (
            "no-objective",
            _N,
            "no RPO, RTO or keep stated, so none was judged",
            "objectives",
            "State them; a backup without a promise cannot break one.",
        ),
        (
            "warnings-not-allowed",
            _F,
            "objectives say warnings: none, and there was one",
            "the warning's code",
            "Mend what the warning names.",
        ),
    ),
    **_rows(
        "cost and requests",
        (
            "prices-too-old",
            _F,
            "prices older than --max-price-age",
            "provider/region/CLASS",
            "Confirm the figures at the provider, and give them: --prices FILE, or --price KEY=VALUE.",
        ),
        (
            "prices-old",
            _N,
            "prices that nobody confirmed for a year",
            "provider/region/CLASS",
            "Confirm the figures at the provider, and give them: --prices FILE, or --price KEY=VALUE.",
        ),
        (
            "request-model-off",
            _W,
            "predicted and metered requests differ by more than 2 %",
            "the phase",
            "Do not trust a projection from this run; report it with the scenario.",
        ),
    ),
    **_rows(
        "stores",
        (
            "stores-disagree",
            _F,
            "two stores, two verdicts",
            "the store",
            "Believe the real server before a simulation; report what the other does to its makers.",
        ),
        (
            "rolled-back",
            _N,
            "objects that were deleted or written over came back from the versions of the bucket",
            "roll-back",
            "Practise it: versions help only whoever knows which ones were good.",
        ),
        (
            "store-counts-differ",
            _W,
            "two stores were asked differently often, though nothing failed on either",
            "the store",
            "Trust no projection of requests before it is known why; drtest report -v has the operations.",
        ),
    ),
    **_rows(
        "faults",
        (
            "fault-unseen",
            _F,
            "a run drill must detect what is wrong, and the action said nothing",
            "the drill",
            "Do not use that action as proof; drill restores.",
        ),
        (
            "toxic-never-fired",
            _U,
            "an armed toxic met no request that its trigger means",
            "the trigger",
            "Correct the trigger: the number of requests that fitted it is named.",
        ),
        (
            "damage-found-nothing",
            _U,
            "the target of a damage resolved to no object that could be harmed",
            "the target",
            "Correct the target: what was there is named.",
        ),
    ),
    **_rows(
        "could not verify",
        (
            "cost-not-judged",
            _U,
            "a budget of money that could not be held against a bill",
            "cost-per-month or restore-cost",
            "Give --prices in the budget's currency, and for a share of a baseline --baseline FOLDER; drtest report takes both for a run that is there.",
        ),
        (
            "price-missing",
            _U,
            "the price book has no price for what was asked of S3",
            "provider/region/CLASS",
            "Add the figure to your price book, or give one with --price KEY=VALUE.",
        ),
        (
            "nothing-checked",
            _U,
            "the scenario ended without a single judgement",
            "drills",
            "Add a drill.",
        ),
        (
            "tool-missing",
            _U,
            "gpg, duplicity or a store could not be had",
            "the tool",
            "drtest doctor says what is missing and how to get it.",
        ),
        (
            "store-failed",
            _U,
            "the store did not start, died or was full",
            "the store",
            "Its last lines are in the evidence.",
        ),
        (
            "gateway-failed",
            _U,
            "the proxy between duplicity and the store died",
            "the gateway",
            "Report it; its last lines are in the evidence.",
        ),
        (
            "capability-missing",
            _U,
            "the store or the machine cannot do what the scenario needs",
            "the capability",
            "Run it with --store one that can, or as root on a machine that can.",
        ),
        (
            "probe-not-started",
            _U,
            "the command of probe could not be executed",
            "the drill",
            "Install it where drills run, or correct the command; 126 and 127 are what a shell says of one it can't execute.",
        ),
        (
            "probe-hung",
            _U,
            "the command of probe was killed after its time limit",
            "the drill",
            "Raise its time-limit; a probe has no network, so look whether it waits for one.",
        ),
        (
            "selection-disagrees",
            _U,
            "duplicity backed up what drtest's model of its rules did not select, or the reverse",
            "the first path",
            "drtest may be the one who is wrong: report it with the scenario.",
        ),
        (
            "truth-incomplete",
            _U,
            "the oracle could not read what it must compare with",
            "the first path",
            "Run drtest as a user that may read the source.",
        ),
        (
            "interrupted",
            _U,
            "stopped by a signal or a crash before it was judged",
            "the scenario",
            "Run it again.",
        ),
        (
            "out-of-space",
            _U,
            "disk full while drilling",
            "the folder",
            "--work DIR on a bigger disk.",
        ),
        (
            "environment-unfit",
            _U,
            "something that drtest needs around it is not as it must be",
            "what",
            "Mend what the message names; drtest doctor looks at the rest.",
        ),
        (
            "time-limit-reached",
            _U,
            "the scenario's own time limit ran out before it was done",
            "time-limit",
            "Raise time-limit, or run fewer scenarios at a time with --jobs.",
        ),
        (
            "drtest-broke",
            _U,
            "drtest itself failed",
            "the part",
            "Report it with the traceback in the evidence.",
        ),
        (
            "expectation-stale",
            _N,
            "the scenario was expected to FAIL, and did not as was said",
            "expect",
            "Good news or a broken check: look, then change or delete expect.",
        ),
    ),
}
