"""The server that is backed up: what its job has at hand, and what it loses or changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from drtest.duplicity.command import Commands
from drtest.duplicity.machine import Machine
from drtest.keys.keyring import Keyring
from drtest.model.locks import Lock
from drtest.model.scenario import Losable
from drtest.runner.vault import Vault
from drtest.runner.workspace import remove_tree

_PASSPHRASES = ("PASSPHRASE", "SIGN_PASSPHRASE")


@dataclass(slots=True, kw_only=True)
class Server:
    """One machine through the whole calendar; ``commands`` are those of the job as it is now."""

    machine: Machine
    keyring: Keyring
    vault: Vault
    commands: Commands

    def set_clock(self, at: datetime) -> None:
        """Let gpg take *at* for the time."""
        self.keyring.set_clock(self.vault.clock(at))

    def lose(self, what: Losable) -> None:
        """Take *what* away, for good."""
        match what:
            case "archive dir":
                remove_tree(self.machine.archive)
                self.machine.archive.mkdir(mode=0o700)
            case "gnupg home":
                self.keyring.close()
                remove_tree(self.keyring.home)
                self.keyring = Keyring(self.keyring.home)
            case "secret key":
                for key in self.vault.keys:
                    if self.keyring.has_secret(key.fingerprint):  # not of one of a later day
                        self.keyring.lose_secret(key.fingerprint)
            case "passphrase":
                self._forget()
            case _ as never:
                assert_never(never)

    def lock(self, index: int) -> None:
        """Let the job use what the step *index* says from here on."""
        before = self.vault.locks.steps.get(index - 1, self.vault.locks.start)
        after = self.vault.locks.steps[index]
        self.vault.change(self.keyring, before, after)
        self.commands = locked(self.commands, self.vault, after)
        only_revoked = before == replace(after, revoked=before.revoked)
        # Whoever adds --no-encryption to a job leaves what it exports as it is.
        if not only_revoked and after.encryption != "none":
            self._forget()
            self.machine.env.update(self.vault.server_env(after))

    def _forget(self) -> None:
        for name in _PASSPHRASES:
            self.machine.env.pop(name, None)


def locked(commands: Commands, vault: Vault, lock: Lock) -> Commands:
    """Return *commands* with the keys of *lock*."""
    return replace(
        commands,
        encryption=lock.encryption,
        encrypt_key=vault.fingerprint(lock.encrypt_key),
        sign_key=vault.fingerprint(lock.sign_key),
    )
