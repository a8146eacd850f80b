"""The words of a scenario file, each with its meaning; what is not built yet, by name.

The readers, the JSON Schema and the tests all take the words from here.
"""

from __future__ import annotations

from typing import get_args

from drtest.model.scenario import (
    BackupAction,
    BucketKind,
    Changeable,
    ContentKind,
    CredentialKind,
    DrillMoment,
    EscrowItem,
    Losable,
    MutationVerb,
    Need,
    Revocable,
    RunAction,
    Which,
)
from drtest.model.toxic import Point
from drtest.model.zoo import ZooThing


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


DOCUMENT = {
    "scenario": "Its name, unique in a run; -k selects by it.",
    "why": "One or two lines that are printed where it fails.",
    "expect": "The verdict that it must give; without it PASS.",
    "seed": "One number, from which tree, mutations and samples follow (default 1).",
    "source": "What lies where: path to content; or a file that holds exactly this part.",
    "mutate": "What one mutate step does, in this order; or a file that holds exactly this part.",
    "policy": "duplicity's long options without their dashes; or a file with exactly this part.",
    "calendar": "Dated entries, each with a list of steps (default: one full, 2026-01-01 03:00).",
    "drills": "What to restore, when, with what from escrow, and what must come of it.",
    "objectives": "The promise; or a file that holds exactly this part.",
    "time-limit": "For the whole scenario (default 30m); one action has half of it.",
    "store": "Where it runs unless --store says otherwise: one store or a list (default moto).",
    "needs": "What the store must be able to do (docs/stores.md); without it: UNVERIFIED.",
    "bucket": "plain (default), versioned, or locked (versioned, and open to object locks).",
    "credentials": "full (default), or no-delete: the machine may write, read and list, no more.",
    "tune": "The grid of drtest tune; drtest run does not act on it.",
}
DOCUMENT_LATER = frozenset({"toxics", "damage", "prices", "host", "faults"})
PARTS = ("source", "mutate", "policy", "objectives")

TUNE = {
    "volsize": "Volume sizes in MiB, one or a list (default 5, 10, 19, 25, 50, 100, 200, 250).",
    "s3-multipart-chunk-size": "Upload chunks in MiB, one or a list (default the policy's own).",
    "prices": "provider/region/CLASS, one or a list, as drtest prices lists them.",
    "restores-per-month": "How often one file is restored (default 1).",
    "download": "How fast a restore downloads: 32 MiB/s (default) or 100 Mbit/s.",
    "project": "Your own source, which the answer is then of, instead of the one above.",
}
PROJECT = {
    "size": "100 GiB, 2 TB.",
    "change": "Part of its bytes that changes from one backup to the next: 1% (default: as seen).",
    "files": "How many: 100000, 3M (default: of the mean size that was seen).",
    "compress": "Stored over original size: 0.6 (default: as seen).",
}

FILE_SET = {
    "files": "How many files are generated below the path.",
    "size": "4 KiB, 1 KiB to 64 KiB, or about 4 KiB (a lognormal around that median).",
    "max": "The largest file, where size says about (default 64 times the median).",
    "kind": "What is in the files, and so how they are edited.",
    "depth": "How deep folders nest below the path (default 2).",
}
LITERAL = {
    "content": "The file's whole content.",
    "mode": "Octal permissions (default 0644).",
}
SYMLINK = {"symlink": "Where the link points, stored as written."}
COPY_OF = {"copy-of": "Your own tree: read as it is, copied, never written."}
SQLITE = {"sqlite": "A real SQLite database of about this size; edits are its transactions."}
ZOO = {"zoo": "Odd things by name, one or a list; /zoo: zoo alone is all of them."}
ZOO_THINGS: tuple[str, ...] = get_args(ZooThing)
SOURCE_ENTRY = {**FILE_SET, **LITERAL, **SYMLINK, **COPY_OF, **SQLITE, **ZOO}
SOURCE_LATER = frozenset({"probe", "owner", "xattr", "hard-link", "holes", "sparse"})
KINDS: tuple[str, ...] = get_args(ContentKind)

VERBS: tuple[str, ...] = get_args(MutationVerb)
MUTATIONS = {
    "edit": "Change content as the kind does: a line, a database page, or an appended log line.",
    "append": "Add bytes at the end.",
    "grow": "Make files two to four times as large, by 64 KiB at least.",
    "add": "Make new files.",
    "rename": "Give files another name.",
    "recase": "Rename files so that only the case of letters differs.",
    "swap": "Let files take each other's place, two by two.",
    "move": "Move whole folders, or a path, elsewhere.",
    "replace": "A folder or a link in the place of a file; a file in that of such a path.",
    "copy": "Put NAME.copy beside each file; of a sqlite database by its own backup.",
    "delete": "Remove files, or a whole path.",
    "truncate": "Cut files short.",
    "rewrite": "Change content, and neither size nor mtime.",
    "chmod": "Change permissions only.",
    "chown": "Give files to another owner; needs root.",
    "touch": "Change the mtime only.",
}

POLICY = {
    "no-encryption": "true: nothing is encrypted (default false: a passphrase).",
    "encrypt-key": "new rsa2048, new ed25519, {new: ed25519, expires: 2026-02-01}, or your own's "
    "fingerprint.",
    "sign-key": "same (as encrypt-key), or as encrypt-key is written.",
    "keys": "File with your own exported secret key; used in throw-away keyrings only.",
    "full-if-older-than": "An interval such as 1M: the implied backup is then a full.",
    "volsize": "MiB, as duplicity's option (default 200).",
    "s3-multipart-chunk-size": "MiB, at least 5, as duplicity's option.",
    "select": "Include and exclude rules; the first that matches decides.",
    "remove-older-than": "An interval: what prune removes by age.",
    "remove-all-but-n-full": "How many fulls and their chains prune keeps.",
    "remove-all-inc-of-but-n-full": "How many fulls keep their incrementals at a prune.",
    "options": "Other options of duplicity, word for word: [--no-compression].",
}
KEY = {
    "new": "rsa2048 or ed25519: a throw-away key, made for the run.",
    "expires": "The instant from which it is of no use, by the calendar (default never).",
    "passphrase": "none: the secret key has no passphrase (default: drtest makes one).",
}
ALGORITHMS = ("rsa2048", "ed25519")
RULES = {
    "include": "Save what the pattern matches, and all below it.",
    "exclude": "Leave out what the pattern matches, and all below it.",
    "include-filelist": "Lines of a file of patterns; + or - before one says include or exclude.",
    "exclude-filelist": "Lines of a file of patterns; + or - before one says include or exclude.",
    "include-regexp": "Save what the regular expression is found in; it leads to nothing below.",
    "exclude-regexp": "Leave out what the regular expression is found in.",
    "exclude-if-present": "Leave out each folder that holds a file of this name.",
    "exclude-older-than": "Leave out files whose mtime lies further back than this interval.",
    "exclude-other-filesystems": "Leave out what lies on another file system than the source.",
    "exclude-device-files": "Leave out block and character devices.",
    "files-from": "The very paths to save, relative to the source; rules still go over them.",
    "filter-globbing": "Patterns behind it are read as globs, as they are without any filter.",
    "filter-literal": "Patterns behind it are whole paths, no sign means anything.",
    "filter-regexp": "Patterns behind it are regular expressions.",
    "filter-ignorecase": "Case does not count behind it.",
    "filter-strictcase": "Case counts again behind it.",
}
# duplicity 3.2.1, cli_data.py: options that change a backup and that drtest does not model.
VERBATIM = _names(
    "allow-source-mismatch asynchronous-upload backend-retry-delay compare-data concurrency "
    "copy-blocksize copy-links encrypt-sign-key full-if-n-inc gpg-binary gpg-options "
    "hidden-encrypt-key idr-fakeroot ignore-errors log-timestamp max-blocksize metadata-sync-mode "
    "mp-segment-size no-check-remote no-compression no-files-changed no-print-statistics "
    "no-restore-ownership num-retries numeric-owner par2-options par2-redundancy "
    "par2-volumes progress progress-rate s3-endpoint-url s3-kms-grant s3-kms-key-id "
    "s3-multipart-max-procs s3-region-name s3-unencrypted-connection s3-use-deep-archive "
    "s3-use-glacier s3-use-glacier-ir s3-use-ia s3-use-onezone-ia s3-use-rrs "
    "s3-use-server-side-encryption s3-use-server-side-kms-encryption scp-command sftp-command "
    "skip-if-no-change skip-volume ssl-cacert-file ssl-cacert-path ssl-no-check-certificate "
    "ssh-options tempdir timeout time-separator use-agent use-scp verbosity"
)
# What drtest gives itself, by the beginning of the option, and where to say it instead.
GIVEN = {
    "--full-if-older-than": "write full-if-older-than: in the policy",
    "--volsize": "write volsize: in the policy",
    "--s3-multipart-chunk-size": "write s3-multipart-chunk-size: in the policy",
    "--include": "write select: with - include: PATTERN in the policy",
    "--exclude": "write select: with - exclude: PATTERN in the policy",
    "--files-from": "write select: with - files-from: [PATH] in the policy",
    "--filter": "write select: with - filter-literal (or another) in the policy",
    "--null-separator": "drtest gives it where a line of a list holds a line break",
    "--encrypt-key": "write encrypt-key: in the policy",
    "--hidden-encrypt-key": "write encrypt-key: in the policy",
    "--encrypt-sign-key": "write encrypt-key: and sign-key: same in the policy",
    "--sign-key": "write sign-key: in the policy",
    "--no-encryption": "write no-encryption: true in the policy",
    "--time": "write at: in a drill",
    "--restore-time": "write at: in a drill",
    "--path-to-restore": "write restore: PATH in a drill",
    "--file-to-restore": "write restore: PATH in a drill",
    "--force": "prune always has it; prune: {force: false} takes it away",
    "--current-time": "the calendar gives it",
    "--archive-dir": "drtest gives one to each chain and to each drill",
    "--name": "drtest gives it",
    "--log-fd": "drtest reads it itself",
    "--log-file": "drtest reads it itself",
    "--s3-endpoint-url": "drtest gives the throw-away store's; drtest run --store chooses it",
    "--tempdir": "drtest gives a workspace to each call",
    "--dry-run": "a dry run makes no backup to drill",
    "--file-prefix": "drtest reads the bucket by duplicity's own names",
    "--gpg-options": "drtest gives them for its throw-away keyrings",
}

ENTRY = {
    "at": "An instant, or +1D after the entry before.",
    "every": "An interval between repetitions, with from and times or until.",
    "from": "The first instant, or +1D after the entry before.",
    "times": "How many repetitions.",
    "until": "The last instant at most; a date alone means that whole day.",
    "do": "A step, or a list of steps in order.",
}
ACTIONS: tuple[str, ...] = get_args(BackupAction)
STEPS = {
    "mutate": "The file's mutate; or mutations for here only.",
    "backup": "duplicity's implied action: full or incremental as the policy says.",
    "full": "A full backup.",
    "incremental": "An incremental backup.",
    "prune": "The retention actions of the policy, with --force.",
    "lose": "Take something away from the machine, for good.",
    "change": "Let the job use another passphrase, encrypt-key or sign-key from here on; or turn "
    "no-encryption round.",
    "revoke": "Revoke the encrypt-key or sign-key that the job uses.",
    "damage": "Harm stored objects, for good: {delete: volume 2 of full 1}.",
    "roll-back": "Bring back, from the bucket's versions, what was there before the last damage.",
    "wait": "Move the timeline forward within this entry.",
    "clock": "Set the machine's clock off by that much from here on: -3h is slow, 0s right again.",
}
STEPS_LATER = _names(
    "verify cleanup collection-status list-current-files restore kill run probe "
    "toxics host tune remove-older-than remove-all-but-n-full remove-all-inc-of-but-n-full"
)
DETAILS = {
    "must-be": "done (default) or refused.",
    "force": "false: without --force, which deletes nothing and ends with status 0.",
    "toxics": "What happens to requests of this backup on their way; a list.",
    "same-second": "true: on purpose at the instant of the backup before it.",
    "during": "What changes in the source while this backup reads it, at which request.",
}
DURING = {
    "mutate": "Mutations, as in mutate: of the file.",
    "when": "The request that is held until they are made; it counts as a toxic's does.",
}
DETAILS_LATER = frozenset({"kill", "damage", "clock", "probe", "time-limit"})
HARMS = {
    "delete": "The object is gone; a versioned bucket still has its versions.",
    "purge": "It is gone with every version of it that no lock holds.",
    "flip-byte": "One bit of its middle byte is inverted.",
    "truncate": "Its second half is gone.",
    "empty": "It holds no byte.",
    "swap": "Each object gets the content of the next one, the last that of the first.",
    "duplicate": "A volume lies there once more, under the first number that is free.",
}
HARMS_LATER = frozenset({"roll-back"})
TOXIC = {
    "kill": "SIGKILL: the action and its children are killed while the request is held.",
    "at": "Where it is held: head (default: nothing has gone on), body, or answered.",
    "when": "The trigger.",
}
TOXICS_LATER = _names(
    "status reset latency truncate lost-write bandwidth stale-list corrupt duplicate delay"
)
WHEN = {
    "operation": "S3's name: PutObject, UploadPart ...; one or a list (default any).",
    "of": "volume 2, volume, manifest, signatures or all objects (default any request).",
    "nth": "Which of the different requests that fit (default 1).",
    "bytes": "In place of nth: the one with whose body those that fit have sent so much, as 3 MiB.",
    "times": "How many attempts of that request (default 1).",
}
WHEN_LATER = frozenset({"part"})
HELD_AT: tuple[str, ...] = get_args(Point)
OPERATIONS = (
    "PutObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "HeadObject",
    "GetObject",
    "ListObjectsV2",
    "DeleteObject",
    "DeleteObjects",
    "HeadBucket",
)
LOSABLE: tuple[str, ...] = get_args(Losable)
CHANGEABLE: tuple[str, ...] = get_args(Changeable)
REVOCABLE: tuple[str, ...] = get_args(Revocable)
NEEDS: tuple[str, ...] = get_args(Need)
BUCKETS: tuple[str, ...] = get_args(BucketKind)
CREDENTIALS: tuple[str, ...] = get_args(CredentialKind)

DRILL = {
    "name": "What it is about; reports name it.",
    "restore": "everything, a path, a list of paths, or one file (by the seed).",
    "run": "Instead of restore: another action, which is asked whether it notices.",
    "damage": "Harm objects of this drill's own copy of the bucket, one or a list.",
    "at": "Which restore points (default: end).",
    "when": "end (default), or after each prune: on the state of that moment.",
    "escrow": "What is in the safe; default all that was made with the keys.",
    "host": "How its machine differs: user, hostname, timezone, umask, lang.",
    "options": "Other options of duplicity's restore, word for word.",
    "sign-key": "old or new: its restores insist on the job's first or last signing key.",
    "probe": "A command that must end with 0 in the restored tree, after that was compared.",
    "must-be": "recovered (default), refused or done; or outcome: points.",
}
PROBE = {
    "command": "The command; a list holds its words, a text is parted as a shell parts it.",
    "time-limit": "How long it may take (default 5m); then it is killed, and UNVERIFIED.",
}
HOST = {
    "user": "Who restores: a user of this machine, by name or number; needs root.",
    "hostname": "What the machine is called; needs root.",
    "timezone": "Its zone, as in Europe/Berlin (default UTC).",
    "umask": "Three octal digits, as in 0077.",
    "lang": "Its LANG: C, as cron has it, or one that is installed.",
}
DRILL_LATER = _names("toxics lose kill duplicity tune clock from")
ESCROW: tuple[str, ...] = get_args(EscrowItem)
WHICH: tuple[str, ...] = get_args(Which)
OUTCOMES = ("recovered", "refused", "done", "detected")
RUNS: tuple[str, ...] = get_args(RunAction)
THE_REST = "the rest"
POINTS = (
    "end",
    "each restore point",
    "sample of 10",
    "oldest promised",
    "newest",
    "edges",
    "edges of 3 sets",
    "chain 2",
    "before the first",
    "3D",
    "2026-01-09 03:00",
)
TYPED = {
    "typed": "A time as it is typed to duplicity: 2024-07-01T12:00:00, or 2024-07-01.",
    "timezone": "Of the machine where it is typed: Europe/Berlin.",
}
MOMENTS: tuple[str, ...] = get_args(DrillMoment)

OBJECTIVES = {
    "protect": "Paths that must come back, whatever the rules select; or selected, with because.",
    "because": "Why the promise is only what the rules select; goes with protect: selected.",
    "keep": "How far back every point must be restorable.",
    "gone-after": "When a point must no longer be restorable.",
    "rpo": "How old the newest good restore point may be at any moment.",
    "rto": "How long a restore may take; judged with real-size: true.",
    "real-size": "true: the source is as large as the real one, so times are judged.",
    "warnings": "none: each warning becomes a failure (default allowed).",
    "requests-per-month": "The most requests to S3 in 30 days.",
    "cost-per-month": "The most money in 30 days, without drills: 8 USD, or 110% of baseline.",
    "restore-cost": "The most money that a full restore may take: 12 USD, or 110% of baseline.",
}
OBJECTIVES_LATER = _names("prices probe restores-per-month project")

EXPECT = {
    "verdict": "PASS or FAIL.",
    "findings": "All findings of severity failure: a code, or code: subject.",
    "because": "Why it is known to fail.",
    "with": "Limits the entry to versions: {duplicity: '>= 3'}.",
}
WITH = {"duplicity": "Versions, such as >= 3 or >= 0.8.22, < 3."}
WITH_LATER = frozenset({"store", "gpg", "boto3", "python"})
CODES_LATER = _names(
    "no-lock "
    "backing-up-without-secret-key "
    "secret-visible "
    "volsize-just-above-chunk "
    "upgrade-url upgrade-option status-swallowed prune-after-failed-backup "
    "dated-target verify-compares-nothing left-the-sandbox"
)
