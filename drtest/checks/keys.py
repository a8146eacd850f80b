"""Keys and passphrases over the calendar: what opens a chain, who signed it, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from drtest.checks import safe
from drtest.checks.case import Case
from drtest.checks.restored import Drilled
from drtest.checks.words import counted, stamps
from drtest.model.events import KeyMade
from drtest.model.finding import Finding
from drtest.model.interval import format_instant, format_interval
from drtest.model.names import SetId, format_stamp, parse_name


def check(case: Case, drilled: Drilled) -> Iterator[Finding]:
    """Yield what is wrong with passphrases, signatures and the life of keys."""
    yield from _passphrases(case, drilled)
    yield from _signatures(case)
    yield from _expiry(case)


def _what(one: SetId) -> str:
    return f"{'full' if one.is_full else 'incremental'} of {format_instant(one.at)}"


def _passphrases(case: Case, drilled: Drilled) -> Iterator[Finding]:
    reach = drilled.ledger.mixed
    for one in safe.mixed(case):
        points = tuple(
            made.point.at
            for made in case.made
            if made.needs[0] == one.chain[0] and made.point.at in case.promised
        )
        yield Finding(
            code="passphrase-changed",
            subject=format_stamp(one.first.at),
            message=(
                f"The {_what(one.first)} was encrypted with another passphrase than the "
                f"{_what(one.chain[0])} that it stands on: no one passphrase opens the chain, "
                f"{counted(len(points), 'promised restore point')} in it."
            ),
            drills=tuple(reach.drills),
            restore_points=points,
            evidence={
                "set_at": one.first.at.isoformat(),
                "passphrases": {
                    format_stamp(found.at): number for found, number in one.passphrases.items()
                },
                "restore_points": stamps(points),
            },
        )


def _signatures(case: Case) -> Iterator[Finding]:
    """Sets that another key signed than the one that duplicity was told to take.

    gpg takes ``--default-key`` as a wish: where that key can't be used any secret key will do.
    """
    fingerprints = {key.number: key.fingerprint for key in case.history.of(KeyMade)}
    wrong: dict[tuple[str, str], list[SetId]] = {}
    for key, (step, read) in case.manifests.items():
        lock = case.locks.steps.get(step)
        one = parse_name(key).set
        if lock is None or one is None or lock.encryption == "none" or not read.signed_by:
            continue
        wanted = fingerprints.get(lock.sign_key, "")
        if wanted and wanted != read.signed_by:
            wrong.setdefault((wanted, read.signed_by), []).append(one)
    for (wanted, signer), sets in wrong.items():
        sets.sort(key=lambda one: one.at)
        more = f", and {counted(len(sets) - 1, 'set')} behind it" if len(sets) > 1 else ""
        yield Finding(
            code="signed-by-another-key",
            subject=format_stamp(sets[0].at),
            message=(
                f"The {_what(sets[0])} is signed by the key {signer[-16:]}{more}, and the job "
                f"names {wanted[-16:]}: a restore that insists on that one is refused."
            ),
            evidence={
                "signed_by": signer,
                "sign_key": wanted,
                "sets": stamps(one.at for one in sets),
            },
        )


def _expiry(case: Case) -> Iterator[Finding]:
    """Keys of the job that expire before what was backed up with them may go.

    Kept is what ``keep`` promises, or else what the policy keeps by age; without either nobody
    says how long, and only a key that is past its time by the calendar's end is told.
    """
    scenario = case.scenario
    kept = scenario.objectives.keep or scenario.policy.remove_older_than or timedelta()
    until = scenario.end_at + kept
    lock = case.locks.end
    uses = {"encrypt-key": lock.encrypt_key, "sign-key": lock.sign_key}
    for key in case.history.of(KeyMade):
        used_as = [use for use, number in uses.items() if number == key.number]
        if lock.encryption == "none" or not used_as or key.expires_at is None:
            continue
        if key.expires_at > until:
            continue
        who = f"{' and '.join(used_as)} {key.fingerprint[-16:]}"
        when = format_instant(key.expires_at)
        yield Finding(
            code="key-expires",
            subject=used_as[0],
            message=(
                f"The {who} expires at {when}, and what it locks at "
                f"{format_instant(scenario.end_at)} is to be kept for {format_interval(kept)}."
                if kept
                else f"The {who} expired at {when}, before the calendar's end."
            ),
            line=scenario.policy.line,
            evidence={
                "key_id": key.fingerprint,
                "expires_at": key.expires_at.isoformat(),
                "kept_until": until.isoformat(),
            },
        )
