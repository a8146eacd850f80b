"""What a job encrypts and signs with at each step, and what of it a restore needs. Pure.

Passphrases and keys are counted from 1, in the order in which the job gets to use them. All are
known before a run: what a calendar changes to is made with the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, assert_never

from drtest.model.policy import KeySpec, NewKey, Policy
from drtest.model.scenario import (
    Backup,
    Change,
    Changeable,
    EscrowItem,
    Revocable,
    Revoke,
    Scenario,
)

Encryption = Literal["passphrase", "key", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What one backup is locked with."""

    encryption: Encryption
    passphrase: int = 1
    encrypt_key: int = 0  # 0: none
    sign_key: int = 0
    revoked: frozenset[int] = frozenset()  # keys

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys that the job uses, each once."""
        return tuple(dict.fromkeys(one for one in (self.encrypt_key, self.sign_key) if one))

    def number_of(self, what: Revocable) -> int:
        """Return the key that is used as *what*, 0 where none is."""
        return self.encrypt_key if what == "encrypt-key" else self.sign_key


@dataclass(frozen=True, slots=True, kw_only=True)
class LockKey:
    """A key that the job uses at some time."""

    spec: KeySpec
    passphrase: int  # with which it is made and exported; 0: it has none
    from_step: int = 0  # from which the job uses it; 0: from the calendar's beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What must be in the safe to decrypt a restore point."""

    passphrase: int = 0  # 0: none
    secret_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """The locks of a whole calendar."""

    keys: tuple[LockKey, ...]
    passphrases: int
    start: Lock
    steps: dict[int, Lock] = field(default_factory=dict)  # a change acts from its own step on

    @property
    def end(self) -> Lock:
        """What the job has when the calendar ends."""
        return [self.start, *self.steps.values()][-1]

    @property
    def never_encrypts(self) -> bool:
        """Whether all of the backup is plain text, and meant to be."""
        return all(one.encryption == "none" for one in (self.start, *self.steps.values()))

    @property
    def has_passphrase(self) -> bool:
        """Whether anything is opened with a passphrase."""
        return any(
            one.encryption == "passphrase"
            or any(self.keys[number - 1].passphrase for number in one.keys)
            for one in (self.start, *self.steps.values())
            if one.encryption != "none"
        )

    def held(self, items: Collection[EscrowItem]) -> frozenset[int]:
        """Return which passphrases are in a safe that holds *items*."""
        found: set[int] = set()
        if "passphrase" in items:
            found |= {*range(1, self.passphrases + 1)}
        if "old passphrase" in items:
            found.add(1)
        if "new passphrase" in items:
            found.add(self.passphrases)
        return frozenset(found)

    def name_of(self, passphrase: int) -> EscrowItem:
        """Return what a safe calls one of the passphrases."""
        if self.passphrases == 1 or passphrase not in (1, self.passphrases):
            return "passphrase"
        return "old passphrase" if passphrase == 1 else "new passphrase"

    def needed(self, lock: Lock) -> Needed:
        """Return what opens a backup that was made with *lock*."""
        match lock.encryption:
            case "none":
                return Needed()
            case "passphrase":
                return Needed(passphrase=lock.passphrase)
            case "key":
                key = self.keys[lock.encrypt_key - 1]
                return Needed(passphrase=key.passphrase, secret_key=True)
            case _ as never:
                assert_never(never)


def locks(scenario: Scenario) -> Locks:
    """Return what *scenario*'s job has at each step."""
    lock, keys = _first(scenario.policy)
    start, passphrases = lock, 1
    steps: dict[int, Lock] = {}
    for dated in scenario.steps:
        match dated.step:
            case Change(what="passphrase"):
                passphrases += 1
                lock = replace(lock, passphrase=passphrases)
            case Change(what=what):
                lock = _changed(lock, what, scenario.policy, keys, dated.index)
            case Revoke(what=what):
                lock = replace(lock, revoked=lock.revoked | {lock.number_of(what)} - {0})
            case _:
                pass
        steps[dated.index] = lock
    return Locks(keys=tuple(keys), passphrases=passphrases, start=start, steps=steps)


def lock_at(scenario: Scenario, given: Locks, point_at: datetime | None) -> Lock:
    """Return what the restore point of *point_at* is locked with: its chain's newest cipher text.

    A plain set may stand on an encrypted one, so the last backup up to the point that encrypted
    counts. None asks for what there is at the end.
    """
    found: Lock | None = None
    for dated in scenario.steps:
        if point_at is not None and dated.at > point_at:
            break
        lock = given.steps[dated.index]
        if isinstance(dated.step, Backup) and lock.encryption != "none":
            found = lock
    return found or given.end


def _first(policy: Policy) -> tuple[Lock, list[LockKey]]:
    keys: list[LockKey] = []

    def add(spec: KeySpec | None) -> int:
        if spec is None:
            return 0
        keys.append(LockKey(spec=spec, passphrase=int(_is_protected(spec))))
        return len(keys)

    encrypt = add(policy.encrypt_key)
    sign = encrypt if policy.sign_key == "same" else add(policy.sign_key)
    return Lock(encryption=policy.encryption, encrypt_key=encrypt, sign_key=sign), keys


def _changed(lock: Lock, what: Changeable, policy: Policy, keys: list[LockKey], index: int) -> Lock:
    if what == "no-encryption":
        always: Encryption = "passphrase" if policy.encryption == "none" else policy.encryption
        return replace(lock, encryption=always if lock.encryption == "none" else "none")
    before = lock.encrypt_key if what == "encrypt-key" else lock.sign_key
    if not before:
        return lock
    was = keys[before - 1].spec
    spec = NewKey(
        algorithm=was.algorithm if isinstance(was, NewKey) else "ed25519",
        has_passphrase=_is_protected(was),
    )
    passphrase = lock.passphrase if spec.has_passphrase else 0
    keys.append(LockKey(spec=spec, passphrase=passphrase, from_step=index))
    number = len(keys)
    if what == "sign-key":
        return replace(lock, sign_key=number)
    sign = number if lock.sign_key == lock.encrypt_key else lock.sign_key
    return replace(lock, encrypt_key=number, sign_key=sign)


def _is_protected(spec: KeySpec) -> bool:
    return not isinstance(spec, NewKey) or spec.has_passphrase
