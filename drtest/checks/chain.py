"""The bucket at the calendar's end, by what drtest itself read there: duplicity is not asked.

duplicity does not notice a missing volume before a restore needs it (shared facts 0.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from drtest.checks import waste
from drtest.checks.case import Case
from drtest.checks.contents import Contents
from drtest.checks.ledger import Ledger
from drtest.checks.restored import Drilled
from drtest.checks.words import EVIDENCE_PATHS, counted, stamps
from drtest.model.chain import chains
from drtest.model.finding import Finding
from drtest.model.interval import format_instant
from drtest.model.names import SetId, format_stamp


def check(case: Case, drilled: Drilled) -> Iterator[Finding]:
    """Yield what is wrong with the stored chains; nothing where the calendar was broken off."""
    bucket = case.contents
    if bucket is None:
        return
    yield from _manifests(case, bucket, drilled.ledger)
    yield from _volumes(case, bucket, drilled.ledger)
    yield from _links(case, bucket)
    yield from _signatures(bucket)
    yield from _plain_text(case, bucket)
    yield from waste.check(case, bucket)


# ---------------------------------------------------------------- what is told of a set


def _points(case: Case, one: SetId) -> list[datetime]:
    """Promised restore points that a restore of reads this set."""
    return [
        made.point.at for made in case.made if one in made.needs and made.point.at in case.promised
    ]


def _what(one: SetId) -> str:
    return f"{'full' if one.is_full else 'incremental'} of {format_instant(one.at)}"


def _for(points: list[datetime]) -> str:
    return (
        f"; {counted(len(points), 'promised restore point')} {_need(points)} it" if points else ""
    )


def _need(points: list[datetime]) -> str:
    return "needs" if len(points) == 1 else "need"


# ---------------------------------------------------------------- failures


def _manifests(case: Case, bucket: Contents, ledger: Ledger) -> Iterator[Finding]:
    for one, stored in bucket.sets.items():
        read = bucket.manifests.get(stored.manifest)
        problem = read.problem if read is not None else ""
        if (stored.manifest and not problem) or not (stored.volumes or stored.manifest):
            continue
        points = _points(case, one)
        lacks = (
            f"has a manifest that can't be read: {problem}"
            if stored.manifest
            else f"has no manifest in the bucket, beside {counted(len(stored.volumes), 'volume')}"
        )
        yield Finding(
            code="manifest-missing",
            subject=stored.manifest or format_stamp(one.at),
            message=f"The {_what(one)} {lacks}{_for(points)}.",
            drills=tuple(ledger.maimed[one].drills) if one in ledger.maimed else (),
            restore_points=tuple(points),
            silent=one in ledger.maimed and ledger.maimed[one].silent,
            evidence={
                "set_at": one.at.isoformat(),
                "keys": stored.keys[:EVIDENCE_PATHS],
                "problem": problem,
            },
        )


def _volumes(case: Case, bucket: Contents, ledger: Ledger) -> Iterator[Finding]:
    for one, stored in bucket.sets.items():
        read = bucket.read(one)
        if read is None:
            continue
        missing = [line.number for line in read.volumes if line.number not in stored.volumes]
        points = _points(case, one)
        if missing:
            numbers = ", ".join(str(number) for number in missing[:5])
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            yield Finding(
                code="volume-missing",
                subject=f"volume {missing[0]} of {format_stamp(one.at)}",
                message=(
                    f"The {_what(one)} has {counted(len(read.volumes), 'volume')}, and the bucket "
                    f"does not hold number {numbers}{more}{_for(points)}."
                ),
                drills=tuple(ledger.maimed[one].drills) if one in ledger.maimed else (),
                restore_points=tuple(points),
                silent=one in ledger.maimed and ledger.maimed[one].silent,
                evidence={
                    "set_at": one.at.isoformat(),
                    "manifest": read.key,
                    "volumes": missing,
                    "restore_points": stamps(points),
                },
            )
        for line in read.volumes:
            key = stored.volumes.get(line.number, "")
            found = bucket.volumes.get(key)
            if found is None or found.sha1 == line.sha1:
                continue
            yield Finding(
                code="volume-hash-differs",
                subject=key,
                message=(
                    f"{key} is not what the manifest of the {_what(one)} recorded: SHA-1 "
                    f"{found.sha1[:12]}..., should be {line.sha1[:12]}...{_for(points)}."
                ),
                restore_points=tuple(points),
                evidence={"key": key, "stored_sha1": found.sha1, "manifest_sha1": line.sha1},
            )


def _links(case: Case, bucket: Contents) -> Iterator[Finding]:
    """One finding a chain: what stands on the first incremental without a base is told with it."""
    there = {
        one: stored for one, stored in bucket.sets.items() if stored.volumes or stored.manifest
    }
    for chain in chains(bucket.names[key] for stored in there.values() for key in stored.keys):
        first = chain[0]
        if first.base_at is None:
            continue
        more = f", with {counted(len(chain) - 1, 'set')} behind it" if len(chain) > 1 else ""
        points = sorted({point for one in chain for point in _points(case, one)})
        yield Finding(
            code="chain-broken",
            subject=format_stamp(first.at),
            message=(
                f"The {_what(first)} stands on a set of {format_instant(first.base_at)} that is "
                f"not in the bucket{more}{_for(points)}."
            ),
            restore_points=tuple(points),
            evidence={"set_at": first.at.isoformat(), "base_at": first.base_at.isoformat()},
        )


def _plain_text(case: Case, bucket: Contents) -> Iterator[Finding]:
    """Objects that anybody can read, in a chain that is otherwise (or was to be) encrypted."""
    for chain in chains(bucket.names.values()):
        wanted = any(_is_to_be_encrypted(case, bucket, one) for one in chain)
        keys = [key for one in chain for key in bucket.sets[one].keys if one in bucket.sets]
        open_ones = [key for key in keys if _is_open(bucket, key)]
        if not open_ones or not (wanted or len(open_ones) < len(keys)):
            continue
        yield Finding(
            code="plain-text-in-chain",
            subject=open_ones[0],
            message=(
                f"{counted(len(open_ones), 'object')} of {len(keys):,} in the chain of "
                f"{format_instant(chain[0].at)} can be read without a key, first {open_ones[0]}."
            ),
            evidence={"count": len(open_ones), "keys": open_ones[:EVIDENCE_PATHS]},
        )


def _is_to_be_encrypted(case: Case, bucket: Contents, one: SetId) -> bool:
    """Whether the job was to encrypt the set; by the policy where it is not known when it came."""
    step, _ = case.manifests.get(bucket.sets[one].manifest if one in bucket.sets else "", (0, None))
    return case.locks.steps.get(step, case.locks.start).encryption != "none"


def _is_open(bucket: Contents, key: str) -> bool:
    name, read = bucket.names[key], bucket.volumes.get(key)
    if not name.is_encrypted:
        return True
    # A name is only a name. What was harmed is told as such, and was cipher text before.
    if read is None or read.is_openpgp or name.set is None:
        return False
    lines = bucket.read(name.set)
    return lines is not None and any(line.sha1 == read.sha1 for line in lines.volumes)


# ---------------------------------------------------------------- warnings


def _signatures(bucket: Contents) -> Iterator[Finding]:
    for one, stored in bucket.sets.items():
        if stored.manifest and stored.volumes and not stored.signatures:
            yield Finding(
                code="signatures-missing",
                subject=format_stamp(one.at),
                message=f"The {_what(one)} has no signatures in the bucket.",
                evidence={"set_at": one.at.isoformat(), "keys": stored.keys[:EVIDENCE_PATHS]},
            )
