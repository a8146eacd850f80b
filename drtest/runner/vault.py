"""The scenario's keys: what lies on the server, and what lies in the safe."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from drtest.errors import EnvironmentFault
from drtest.keys.keyring import KeyMaterial, Keyring, new_passphrase
from drtest.model.redact import Redactor
from drtest.model.scenario import EscrowItem, KeySpec, OwnKey, Policy

OWN_PASSPHRASE = "DRTEST_KEY_PASSPHRASE"  # noqa: S105  (the name of a variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """All that was made when the keys were made."""

    policy: Policy
    passphrase: str = field(repr=False)
    keys: tuple[KeyMaterial, ...]  # the encryption key first, then another signing key if any
    gnupg: Path  # the server's GNUPGHOME

    @property
    def encrypt_key(self) -> str:
        """Fingerprint of the encryption key, "" where there is none."""
        return self.keys[0].fingerprint if self.policy.encrypt_key is not None else ""

    @property
    def sign_key(self) -> str:
        """Fingerprint of the signing key, "" where nothing is signed."""
        if self.policy.sign_key is None:
            return ""
        return self.keys[0 if self.policy.sign_key == "same" else -1].fingerprint

    def server_env(self) -> dict[str, str]:
        """What the backup job exports. Encrypting to a key without signing needs no passphrase."""
        match self.policy.encryption:
            case "none":
                return {}
            case "key" if self.policy.sign_key is None:
                return {"PASSPHRASE": ""}
            case _:
                return {"PASSPHRASE": self.passphrase, "SIGN_PASSPHRASE": self.passphrase}

    def escrow(self, items: frozenset[EscrowItem] | None) -> frozenset[EscrowItem]:
        """Return what is in the safe: *items*, or all that there is to put in."""
        if items is not None:
            return items
        match self.policy.encryption:
            case "none":
                return frozenset()
            case "passphrase" if not self.keys:
                return frozenset({"passphrase"})
            case "passphrase" | "key":  # gpg gives no data up whose signature it cannot check
                return frozenset({"secret key", "public key", "passphrase"})

    def open(self, home: Path, items: frozenset[EscrowItem]) -> tuple[Keyring, dict[str, str]]:
        """Fill a fresh GNUPGHOME with what is in the safe; return it and what can be exported."""
        ring = Keyring(home)
        if "public key" in items:
            ring.put(public=[key.public for key in self.keys])
        if "secret key" in items:
            ring.put(secret=[key.secret for key in self.keys])
        if "wrong passphrase" in items:
            return ring, {"PASSPHRASE": f"not-{self.passphrase}"}
        return ring, {"PASSPHRASE": self.passphrase} if "passphrase" in items else {}


def make(policy: Policy, home: Path, redact: Redactor) -> tuple[Vault, Keyring]:
    """Make the policy's keys in the server's GNUPGHOME and return them with the keyring."""
    specs: list[KeySpec] = []
    if policy.encrypt_key is not None:
        specs.append(policy.encrypt_key)
    if policy.sign_key is not None and policy.sign_key != "same":
        specs.append(policy.sign_key)
    passphrase = _passphrase(specs)
    try:
        redact.learn([passphrase])
    except ValueError as problem:
        raise EnvironmentFault(f"the passphrase in {OWN_PASSPHRASE}: {problem}") from problem
    ring = Keyring(home)
    keys = tuple(
        ring.make(spec, name=f"drtest key {number}", passphrase=passphrase)
        for number, spec in enumerate(specs, start=1)
    )
    for key in keys:
        ring.trust(key.fingerprint)
    return Vault(policy=policy, passphrase=passphrase, keys=keys, gnupg=home), ring


def _passphrase(specs: list[KeySpec]) -> str:
    if not any(isinstance(spec, OwnKey) for spec in specs):
        return new_passphrase()
    # Secrets travel by environment only; a user's own key brings its own passphrase.
    given = os.environ.get(OWN_PASSPHRASE)
    if given is None:
        raise EnvironmentFault(
            f"the scenario uses your own key: export its passphrase as {OWN_PASSPHRASE}"
        )
    return given
