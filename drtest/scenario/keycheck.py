"""What only shows when keys are laid beside the calendar and the drills."""

from __future__ import annotations

from collections.abc import Iterable

from drtest.model.interval import format_instant
from drtest.model.scenario import Change, NewKey, OwnKey, Policy, Revoke
from drtest.scenario.calendar import Calendar
from drtest.scenario.drill import PlacedDrill
from drtest.scenario.fields import Fields
from drtest.scenario.problem import Problems
from drtest.scenario.text import Place


def check_keys(
    policy: Policy,
    calendar: Calendar,
    drills: Iterable[PlacedDrill],
    found: Fields,
    problems: Problems,
) -> None:
    """Note keys that expire too early, changes of what is not there, and names of no meaning."""
    _expiry(policy, calendar, found, problems)
    changes: set[str] = set()
    written: list[Place] = []  # a repeated entry stands in the file once
    for dated, place in zip(calendar.steps, calendar.places, strict=True):
        if not isinstance(dated.step, Change | Revoke) or place in written:
            continue
        written.append(place)
        if isinstance(dated.step, Change):
            _changed(policy, dated.step.what, place, problems)
            changes.add(dated.step.what)
        else:
            _revoked(policy, dated.step.what, place, problems)
    signs_anew = "sign-key" in changes or (policy.sign_key == "same" and "encrypt-key" in changes)
    for drill in drills:
        for item, place in drill.escrow:
            if item in ("old passphrase", "new passphrase") and "passphrase" not in changes:
                problems.add(
                    place,
                    f"there is no {item}: the calendar changes none",
                    "write passphrase, or add   change: passphrase   to the calendar",
                )
        if drill.drill.sign_key is None:
            continue
        if policy.sign_key is None:
            problems.add(
                drill.place, "this policy signs nothing", "leave sign-key out of the drill"
            )
        elif drill.drill.sign_key == "old" and not signs_anew:
            problems.add(
                drill.place,
                "there is no old signing key: the calendar changes none",
                "write sign-key: new, or add   change: sign-key   to the calendar",
            )


def _expiry(policy: Policy, calendar: Calendar, found: Fields, problems: Problems) -> None:
    first = calendar.steps[0].at
    for key in (policy.encrypt_key, policy.sign_key):
        if isinstance(key, NewKey) and key.expires_at is not None and key.expires_at <= first:
            problems.add(
                found.place("policy"),
                f"a key expires at {format_instant(key.expires_at)}, before the calendar begins",
                f"allowed: an instant after {format_instant(first)}",
            )


def _changed(policy: Policy, what: str, place: Place, problems: Problems) -> None:
    match what:
        case "encrypt-key" if policy.encrypt_key is None:
            problems.add(place, "this policy has no encrypt-key to change", "add one to the policy")
        case "sign-key" if policy.sign_key is None:
            problems.add(place, "this policy has no sign-key to change", "add one to the policy")
        case "passphrase" if not _has_passphrase(policy):
            problems.add(
                place,
                "this policy has no passphrase to change",
                "allowed where a passphrase encrypts, or protects a key",
            )
        case _:
            pass


def _revoked(policy: Policy, what: str, place: Place, problems: Problems) -> None:
    key = policy.encrypt_key if what == "encrypt-key" else policy.sign_key
    if key == "same":
        key = policy.encrypt_key
    if key is None:
        problems.add(place, f"this policy has no {what} to revoke", "add one to the policy")
    elif isinstance(key, OwnKey):
        problems.add(
            place, "only a key that drtest makes is revoked", "write new ed25519 in the policy"
        )


def _has_passphrase(policy: Policy) -> bool:
    if policy.encryption == "passphrase":
        return True
    return any(
        not isinstance(key, NewKey) or key.has_passphrase
        for key in (policy.encrypt_key, policy.sign_key)
        if key is not None and key != "same"
    )
