"""The steps of a calendar: a closed union, one value a word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from drtest.model.chain import Damage
from drtest.model.source import Mutation
from drtest.model.toxic import Kill, Toxic, When

BackupAction = Literal["backup", "full", "incremental"]
Losable = Literal["archive dir", "gnupg home", "secret key", "passphrase"]
Changeable = Literal["passphrase", "encrypt-key", "sign-key", "no-encryption"]
Revocable = Literal["encrypt-key", "sign-key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutate:
    """Change the source: by the file's ``mutate`` where ``mutations`` is None."""

    mutations: tuple[Mutation, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class During:
    """Changes to the source while duplicity reads it: while the request of ``when`` is held."""

    mutations: tuple[Mutation, ...]
    when: When

    def __post_init__(self) -> None:
        if not self.mutations:
            raise ValueError("a change during a backup changes something")
        if self.when.times != 1:
            raise ValueError("a change during a backup happens once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup; ``backup`` is duplicity's implied action, full or incremental by the policy."""

    action: BackupAction = "backup"
    must_be: Literal["done", "refused"] = "done"
    toxics: tuple[Toxic, ...] = ()
    same_second: bool = False  # on purpose at the instant of the backup before it
    during: During | None = None

    def __post_init__(self) -> None:
        if self.is_killed and self.must_be != "done":
            raise ValueError("an action that is killed has no other outcome")

    @property
    def is_killed(self) -> bool:
        """Whether a toxic is to kill it, so that it makes no set by itself."""
        return any(isinstance(toxic.does, Kill) for toxic in self.toxics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prune:
    """The retention actions of the policy; without force duplicity only lists."""

    force: bool = True
    must_be: Literal["done", "refused"] = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """Take something away from the machine, for good."""

    what: Losable


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Let the job use another one from here on; ``no-encryption`` becomes the other way round."""

    what: Changeable


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """Revoke a key that the job uses, in every keyring."""

    what: Revocable


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Move the timeline forward within one entry."""

    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Set the machine's clock off by that much from the timeline, from here on; negative: slow.

    duplicity sees the clock. The timeline goes on as before.
    """

    off: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmed:
    """Damage to stored objects, for good."""

    damage: Damage


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """Make current again, from the bucket's versions, what was so before the last damage."""


Step = Mutate | Backup | Prune | Lose | Change | Revoke | Wait | Clock | Harmed | RollBack


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedStep:
    """One step of the expanded calendar; ``index`` counts from 1 over the whole scenario."""

    index: int
    at: datetime
    step: Step
    line: int = 0
