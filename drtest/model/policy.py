"""duplicity's options as the user runs them, and the keys that they name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from drtest.model.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A throw-away key, made for the run a day before its calendar begins."""

    algorithm: Literal["rsa2048", "ed25519"]
    expires_at: datetime | None = None  # by the calendar; None: never
    has_passphrase: bool = True

    def __post_init__(self) -> None:
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("a key expires at an instant with a timezone")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """The user's own exported key: imported into throw-away keyrings only."""

    fingerprint: str
    file: str  # absolute path of the export


KeySpec = NewKey | OwnKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """duplicity's options as the user runs them; names are duplicity's long options."""

    encryption: Literal["passphrase", "key", "none"] = "passphrase"
    encrypt_key: KeySpec | None = None
    sign_key: KeySpec | Literal["same"] | None = None
    full_if_older_than: timedelta | None = None
    volsize_mib: int = 200  # duplicity's own default
    s3_multipart_chunk_size_mib: int | None = None  # None: duplicity's own default
    select: tuple[Rule, ...] = ()
    remove_older_than: timedelta | None = None
    remove_all_but_n_full: int | None = None
    remove_all_inc_of_but_n_full: int | None = None
    options: tuple[str, ...] = ()  # handed to every backup verbatim
    line: int = 0

    def __post_init__(self) -> None:
        if (self.encryption == "key") != (self.encrypt_key is not None):
            raise ValueError("encrypt_key goes with encryption 'key', and only with it")
        if self.sign_key is not None and self.encryption == "none":
            raise ValueError("sign-key needs encryption")
        if self.volsize_mib < 1:
            raise ValueError("volsize is a whole number of MiB, at least 1")
        if self.s3_multipart_chunk_size_mib is not None and self.s3_multipart_chunk_size_mib < 5:
            raise ValueError("s3-multipart-chunk-size is at least 5 MiB")
        for count in (self.remove_all_but_n_full, self.remove_all_inc_of_but_n_full):
            if count is not None and count < 1:
                raise ValueError("a number of fulls to keep is at least 1")

    @property
    def has_retention(self) -> bool:
        """Whether ``prune`` has anything to run."""
        return any(
            rule is not None
            for rule in (
                self.remove_older_than,
                self.remove_all_but_n_full,
                self.remove_all_inc_of_but_n_full,
            )
        )
