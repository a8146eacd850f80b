"""What version and policy decide about duplicity's requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from drtest.cost.shapes import MIB, Client
from drtest.cost.sizes import Frame
from drtest.model.scenario import NewKey, Policy

# duplicity's flag -> the storage class that the store sees (s3_boto3_backend.py, 3.2.1).
CLASS_FLAGS = {
    "--s3-use-rrs": "REDUCED_REDUNDANCY",
    "--s3-use-ia": "STANDARD_IA",
    "--s3-use-onezone-ia": "ONEZONE_IA",
    "--s3-use-glacier-ir": "GLACIER_IR",
    "--s3-use-glacier": "GLACIER",
    "--s3-use-deep-archive": "DEEP_ARCHIVE",
}
# These keep signatures and manifests out of the class: they stay STANDARD.
VOLUMES_ONLY = frozenset({"GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How one policy's duplicity asks and stores."""

    client: Client
    frame: Frame
    volsize_mib: int
    storage_class: str  # what the flags ask for
    reads_last_manifest: bool
    skips_unchanged: bool
    syncs_all_chains: bool
    can_sync_when_cold: bool  # False: it fails where it must decrypt metadata


def habits(policy: Policy, *, duplicity_version: str) -> Habits:
    """Return what *policy* makes duplicity of *duplicity_version* do."""
    given = _options(policy.options)
    is_old = _release(duplicity_version) < (2,)
    default_chunk_mib = 25 if is_old else 20
    chunk_mib = policy.s3_multipart_chunk_size_mib or default_chunk_mib
    chunk_mib = int(given.get("--s3-multipart-chunk-size") or chunk_mib)
    # drtest exports an empty PASSPHRASE where nothing is signed, as such a cron job would: then
    # the last manifest is not read back, and a lost archive dir cannot be filled again.
    # A key without a passphrase is used with an empty one too, and opens what is fetched.
    key, sign = policy.encrypt_key, policy.sign_key
    opens = isinstance(key, NewKey) and not key.has_passphrase
    signs_open = sign == "same" or (isinstance(sign, NewKey) and not sign.has_passphrase)
    is_blind = policy.encryption == "key" and (sign is None or (opens and signs_open))
    return Habits(
        client=Client(
            chunk_bytes=chunk_mib * MIB,
            heads_per_volume=2 if is_old else 1,
            syncs_before_full=is_old,
            lists_each_set=not is_old,
            workers=int(given.get("--concurrency") or 0),
            has_jsonstat="--jsonstat" in given,
            checks_remote="--no-check-remote" not in given,
        ),
        frame="gzip" if policy.encryption == "none" else "gpg",
        volsize_mib=int(given.get("--volsize") or policy.volsize_mib),
        storage_class=next(
            (name for flag, name in CLASS_FLAGS.items() if flag in given), "STANDARD"
        ),
        reads_last_manifest=not is_blind,
        skips_unchanged="--skip-if-no-change" in given,
        syncs_all_chains=given.get("--metadata-sync-mode") == "full",
        can_sync_when_cold=opens or not is_blind,
    )


def class_of(kind: str, storage_class: str) -> str:
    """Return the class that an object of *kind* gets where *storage_class* is asked for."""
    keeps_out = storage_class in VOLUMES_ONLY and kind not in {"volume", "jsonstat"}
    return "STANDARD" if keeps_out else storage_class


def _options(words: tuple[str, ...]) -> dict[str, str]:
    """Options with their values, "" for a flag; ``--name value`` and ``--name=value`` alike."""
    found: dict[str, str] = {}
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        if word.startswith("--"):
            name, has_value, value = word.partition("=")
            found[name] = value if has_value else "" if after.startswith("-") else after
    return found


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", version)[:3])
