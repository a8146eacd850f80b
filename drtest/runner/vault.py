"""The scenario's keys: what lies on the server, and what lies in the safe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from drtest.errors import EnvironmentFault
from drtest.keys.keyring import KeyMaterial, Keyring, new_passphrase
from drtest.model.events import KeyMade
from drtest.model.locks import Lock, Locks, lock_at, locks
from drtest.model.plan import clocks
from drtest.model.redact import Redactor
from drtest.model.scenario import EscrowItem, OwnKey, Revoke, Scenario, Which

OWN_PASSPHRASE = "DRTEST_KEY_PASSPHRASE"  # noqa: S105  (the name of a variable)
# Keys are older than the calendar, also where the machine's clock is set back in it.
_OLDER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """All that was made when the keys were made, for the whole calendar."""

    scenario: Scenario
    locks: Locks
    passphrases: tuple[str, ...] = field(repr=False)  # in the order in which the job has them
    keys: tuple[KeyMaterial, ...]  # as ``locks`` counts them
    gnupg: Path  # the server's GNUPGHOME
    # A key of the user's own may be younger than the calendar; gpg has the real clock then.
    follows_calendar: bool = True

    def key(self, number: int) -> KeyMaterial | None:
        """Return a key by its number, None for 0."""
        return self.keys[number - 1] if number else None

    def fingerprint(self, number: int) -> str:
        """Return a key's fingerprint, "" for 0."""
        return self.keys[number - 1].fingerprint if number else ""

    def clock(self, at: datetime) -> datetime | None:
        """Return what gpg takes for the time at *at*; None: the real clock."""
        return at if self.follows_calendar else None

    def made(self) -> Iterable[KeyMade]:
        """Yield what checks may know of the keys."""
        for number, (key, spec) in enumerate(zip(self.keys, self.locks.keys, strict=True), start=1):
            yield KeyMade(
                number=number,
                fingerprint=key.fingerprint,
                from_step=spec.from_step,
                expires_at=key.expires_at,
                has_passphrase=bool(key.passphrase),
            )

    # ------------------------------------------------------------ the server

    def server_env(self, lock: Lock) -> dict[str, str]:
        """What the backup job exports. Encrypting to a key without signing needs no passphrase."""
        if lock.encryption == "none":
            return {}
        passphrase = self.passphrases[lock.passphrase - 1]
        if lock.encryption == "key":
            if not lock.sign_key:
                return {"PASSPHRASE": ""}
            if not any(self.locks.keys[number - 1].passphrase for number in lock.keys):
                passphrase = ""
        return {"PASSPHRASE": passphrase, "SIGN_PASSPHRASE": passphrase}

    def change(self, ring: Keyring, before: Lock, after: Lock) -> None:
        """Bring the server's keyring from one lock to the next."""
        for number in set(after.keys) - set(before.keys):
            ring.put(secret=[self.keys[number - 1].secret])
            ring.trust(self.fingerprint(number))
        for number in after.revoked - before.revoked:
            if ring.has(self.fingerprint(number)):  # a keyring that was lost has nothing to revoke
                ring.revoke(self.keys[number - 1])
        if before.passphrase != after.passphrase:
            old, new = (self.passphrases[one.passphrase - 1] for one in (before, after))
            for number in before.keys:
                key = self.keys[number - 1]
                if key.passphrase and ring.has_secret(key.fingerprint):
                    ring.change_passphrase(key.fingerprint, old, new)

    # ------------------------------------------------------------ the safe

    def escrow(self, items: frozenset[EscrowItem] | None) -> frozenset[EscrowItem]:
        """Return what is in the safe: *items*, or all that there is to put in."""
        if items is not None:
            return items
        found: set[EscrowItem] = set()
        if self.keys:  # gpg gives no data up whose signature it cannot check
            found |= {"secret key", "public key"}
        if self.locks.has_passphrase:
            found.add("passphrase")
        return frozenset(found)

    def open(
        self, home: Path, items: frozenset[EscrowItem], *, point_at: datetime | None, now: datetime
    ) -> tuple[Keyring, dict[str, str]]:
        """Fill a fresh GNUPGHOME with what is in the safe; return it and what can be exported.

        Of several passphrases that one is exported which opens the restore point of *point_at*:
        whoever has them tries them in turn. What was revoked by *now* is revoked here too.
        """
        ring = Keyring(home)
        ring.set_clock(self.clock(now))
        if "public key" in items:
            ring.put(public=[key.public for key in self.keys])
        if "secret key" in items:
            ring.put(secret=[key.secret for key in self.keys])
        if items & {"public key", "secret key"}:
            for number in self._revoked(now):
                ring.revoke(self.keys[number - 1])
        wanted = self.locks.needed(lock_at(self.scenario, self.locks, point_at)).passphrase
        if "wrong passphrase" in items:
            return ring, {"PASSPHRASE": f"not-{self.passphrases[wanted - 1]}"}
        if not self.locks.has_passphrase:  # an empty one: duplicity would ask a terminal for it
            return ring, {} if self.locks.never_encrypts else {"PASSPHRASE": ""}
        held = self.locks.held(items)
        if not held:
            return ring, {}
        return ring, {"PASSPHRASE": self.passphrases[(wanted if wanted in held else max(held)) - 1]}

    def sign_key_of(self, which: Which | None) -> str:
        """Return the fingerprint that a restore insists on, "" for none."""
        lock = self.locks.start if which == "old" else self.locks.end
        return self.fingerprint(lock.sign_key) if which else ""

    def _revoked(self, now: datetime) -> frozenset[int]:
        found: frozenset[int] = frozenset()
        for dated in self.scenario.steps:
            if isinstance(dated.step, Revoke) and dated.at <= now:
                found |= self.locks.steps[dated.index].revoked
        return found


def make(
    scenario: Scenario, new_home: Callable[[], Path], redact: Redactor
) -> tuple[Vault, Keyring]:
    """Make all keys of the calendar; return them, and the server's keyring with its first ones.

    *new_home* gives a fresh folder for a GNUPGHOME. Keys that the job gets to use later are made
    in a keyring of their own: gpg signs with any other secret key that it finds where the one
    that it is told has expired.
    """
    planned = locks(scenario)
    passphrases = _passphrases(planned)
    try:
        redact.learn(passphrases)
    except ValueError as problem:
        raise EnvironmentFault(f"the passphrase in {OWN_PASSPHRASE}: {problem}") from problem
    begin_at = min(clocks(scenario).values()) - _OLDER
    ring = Keyring(new_home())
    workshop: Keyring | None = None
    made: list[KeyMaterial] = []
    try:
        for number, key in enumerate(planned.keys, start=1):
            if key.from_step and workshop is None:
                workshop = Keyring(new_home())
            place = workshop if key.from_step and workshop is not None else ring
            place.set_clock(None if isinstance(key.spec, OwnKey) else begin_at)
            made.append(
                place.make(
                    key.spec,
                    name=f"drtest key {number}",
                    passphrase=passphrases[max(key.passphrase, 1) - 1],
                )
            )
            if place is ring:
                ring.trust(made[-1].fingerprint)
    except BaseException:
        ring.close()
        raise
    finally:
        if workshop is not None:
            workshop.close()
    vault = Vault(
        scenario=scenario,
        locks=planned,
        passphrases=passphrases,
        keys=tuple(made),
        gnupg=ring.home,
        follows_calendar=all(
            one.created_at is None or one.created_at <= begin_at + _OLDER for one in made
        ),
    )
    ring.set_clock(vault.clock(begin_at))
    return vault, ring


def _passphrases(planned: Locks) -> tuple[str, ...]:
    first = new_passphrase()
    if any(isinstance(key.spec, OwnKey) for key in planned.keys):
        # Secrets travel by environment only; a user's own key brings its own passphrase.
        given = os.environ.get(OWN_PASSPHRASE)
        if given is None:
            raise EnvironmentFault(
                f"the scenario uses your own key: export its passphrase as {OWN_PASSPHRASE}"
            )
        first = given
    return (first, *(new_passphrase() for _ in range(planned.passphrases - 1)))
