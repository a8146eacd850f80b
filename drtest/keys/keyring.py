"""A throw-away GNUPGHOME and what lies in it.

gpg-agent calibrates the hashing of a passphrase to about 0.1-0.4 s and pays it for every object
that duplicity signs or decrypts. ``s2k-count 65536``, written before a key is made, takes an
encrypted incremental from 3.4 s to 0.65 s; gpg still runs for real (facts 2.j). Reports say so.

gpg reads the real clock. ``faked-system-time`` in gpg.conf, written anew before each step, lets
keys be made, expire and be revoked by the calendar; whoever calls gpg need not know of it.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import gnupg

from drtest import process
from drtest.errors import EnvironmentFault, ToolMissing
from drtest.model.scenario import KeySpec, NewKey, OwnKey

CHEAP_COUNT = 65536
# The agent's socket lies in GNUPGHOME, and a socket's path has 108 bytes at most (unix(7)).
LONGEST_HOME = 60
GPGCONF_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaterial:
    """A key as it would lie in a safe; neither its passphrase nor its secret half is ever shown."""

    fingerprint: str
    public: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)  # "" where it has none
    revocation: str = field(repr=False, default="")  # "" for a key that drtest did not make
    created_at: datetime | None = None
    expires_at: datetime | None = None  # None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was decrypted, and how."""

    data: bytes = field(repr=False)
    passphrase: int  # which of those that were tried, from 1; any of them opens unprotected keys
    signed_by: str  # fingerprint of the primary key, "" where nothing is signed


def new_passphrase() -> str:
    """Return a passphrase that nobody knows."""
    return secrets.token_hex(16)


class Keyring:
    """One GNUPGHOME of its own, with its own agent; ``close`` ends the agent."""

    def __init__(self, home: Path, *, cheap: bool = True) -> None:
        if len(str(home)) > LONGEST_HOME:
            raise EnvironmentFault(
                f"GNUPGHOME {home} is longer than {LONGEST_HOME} characters, too long for "
                "gpg-agent's socket: choose a shorter --work"
            )
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home = home
        lines = [f"s2k-count {CHEAP_COUNT}"] if cheap else []
        (home / "gpg-agent.conf").write_text("".join(f"{line}\n" for line in lines))
        try:
            self._gpg = gnupg.GPG(gnupghome=str(home), env=_environment(home))
        except OSError as problem:
            raise ToolMissing("gpg is not there: apt-get install gnupg") from problem
        self._gpg.encoding = "utf-8"

    def make(self, spec: KeySpec, *, name: str, passphrase: str) -> KeyMaterial:
        """Make the key that *spec* describes, or import the user's own, and return it whole."""
        revocation = ""
        match spec:
            case NewKey():
                passphrase = passphrase if spec.has_passphrase else ""
                fingerprint = self._generate(spec, name, passphrase)
                revocation = self._revocation(fingerprint)
            case OwnKey(fingerprint=fingerprint, file=file):
                self._import_file(Path(file), fingerprint)
        (listed,) = [one for one in self._gpg.list_keys() if one["fingerprint"] == fingerprint]
        return KeyMaterial(
            fingerprint=fingerprint,
            public=self._gpg.export_keys(fingerprint),
            secret=self._gpg.export_keys(
                fingerprint, secret=True, passphrase=passphrase, expect_passphrase=bool(passphrase)
            ),
            passphrase=passphrase,
            revocation=revocation,
            created_at=_instant(listed["date"]),
            expires_at=_instant(listed["expires"]),
        )

    def set_clock(self, at: datetime | None) -> None:
        """Let gpg take *at* for the time, standing still; None: the real clock."""
        line = "" if at is None else f"faked-system-time {at.astimezone(UTC):%Y%m%dT%H%M%S}!\n"
        (self.home / "gpg.conf").write_text(line)

    def put(self, *, public: Iterable[str] = (), secret: Iterable[str] = ()) -> None:
        """Import exported halves; an import that gpg refuses is an EnvironmentFault."""
        for text in (*public, *secret):
            result = self._gpg.import_keys(text)
            if not result.fingerprints:
                raise EnvironmentFault(f"gpg did not import a key: {result.stderr[-400:]}")

    def trust(self, fingerprint: str) -> None:
        """Trust a key ultimately, as the machine that made it does."""
        self._gpg.trust_keys(fingerprint, "TRUST_ULTIMATE")

    def lose_secret(self, fingerprint: str) -> None:
        """Delete the secret half; the public one stays."""
        result = self._gpg.delete_keys(fingerprint, secret=True, expect_passphrase=False)
        if str(result) != "ok":
            raise EnvironmentFault(f"gpg did not delete the secret key: {result}")

    def revoke(self, key: KeyMaterial) -> None:
        """Revoke a key that drtest made, for good; EnvironmentFault where gpg does not."""
        self._gpg.import_keys(key.revocation)
        if not any(
            one["fingerprint"] == key.fingerprint and one["trust"] == "r"
            for one in self._gpg.list_keys()
        ):
            raise EnvironmentFault(f"gpg did not revoke the key {key.fingerprint}")

    def change_passphrase(self, fingerprint: str, old: str, new: str) -> None:
        """Protect a secret key with *new* instead of *old*; EnvironmentFault where gpg does not."""
        with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
            log = Path(folder) / "gpg.log"
            done = process.run(
                [
                    *("gpg", "--batch", "--no-tty", "--pinentry-mode=loopback"),
                    *("--command-fd=0", "--status-fd=1", "--passwd", fingerprint),
                ],
                env=_environment(self.home),
                log=log,
                timeout_s=GPGCONF_TIMEOUT_S,
                stdin=f"{old}\n{new}\n".encode(),  # never argv
            )
            said = log.read_text(errors="replace")
        if done.status != 0 or "SUCCESS keyedit.passwd" not in said:  # it fails with status 0 too
            raise EnvironmentFault(f"gpg did not change a key's passphrase: {said[-400:]}")

    def has(self, fingerprint: str) -> bool:
        """Whether any half of the key lies here."""
        return any(key["fingerprint"] == fingerprint for key in self._gpg.list_keys())

    def has_secret(self, fingerprint: str) -> bool:
        """Whether the secret half lies here."""
        return any(key["fingerprint"] == fingerprint for key in self._gpg.list_keys(secret=True))

    def decrypt(self, data: bytes, passphrases: Iterable[str]) -> Opened | None:
        """Return *data* decrypted with the first passphrase that opens it, None where none does."""
        for number, passphrase in enumerate(passphrases, start=1):
            result = self._gpg.decrypt(data, passphrase=passphrase, always_trust=True)
            if result.ok:
                signer = result.pubkey_fingerprint or result.fingerprint or ""
                return Opened(data=bytes(result.data), passphrase=number, signed_by=signer)
        return None

    def close(self) -> None:
        """End the agent: it daemonises away, and would outlive drtest."""
        stop_agent(self.home)

    def _revocation(self, fingerprint: str) -> str:
        """The certificate that gpg makes with a key; a colon keeps it from use by mistake."""
        text = (self.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
        return text[text.index("-----BEGIN") :]

    def _generate(self, spec: NewKey, name: str, passphrase: str) -> str:
        match spec.algorithm:
            case "rsa2048":
                fields = {
                    "key_type": "RSA",
                    "key_length": 2048,
                    "key_usage": "sign",
                    "subkey_type": "RSA",
                    "subkey_length": 2048,
                    "subkey_usage": "encrypt",
                }
            case _:
                fields = {
                    "key_type": "EDDSA",
                    "key_curve": "ed25519",
                    "key_usage": "sign",
                    "subkey_type": "ECDH",
                    "subkey_curve": "cv25519",
                    "subkey_usage": "encrypt",
                }
        wanted = self._gpg.gen_key_input(
            name_real=name,
            name_email="drill@example.invalid",
            expire_date="0" if spec.expires_at is None else f"{spec.expires_at:%Y%m%dT%H%M%S}",
            **({"passphrase": passphrase} if passphrase else {"no_protection": True}),
            **fields,
        )
        made = self._gpg.gen_key(wanted)
        if not made.fingerprint:
            raise EnvironmentFault(f"gpg did not make a key: {made.stderr[-400:]}")
        return str(made.fingerprint)

    def _import_file(self, file: Path, fingerprint: str) -> None:
        try:
            self.put(secret=[file.read_text(encoding="utf-8", errors="replace")])
        except OSError as problem:
            raise EnvironmentFault(f"the key file {file} cannot be read: {problem}") from problem
        if not any(key["fingerprint"] == fingerprint for key in self._gpg.list_keys()):
            raise EnvironmentFault(f"{file} does not hold the key {fingerprint}")


def _instant(epoch: str) -> datetime | None:
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else None


def stop_agent(home: Path) -> None:
    """End whatever daemons serve *home* and take away their socket folder; none is fine."""
    gpgconf = process.find("gpgconf", process.SYSTEM_PATH)
    if gpgconf is None or not home.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
        for request in ("--kill", "--remove-socketdir"):
            argv = [str(gpgconf), "--homedir", str(home), request]
            # A home that is half gone cannot be asked; the agent notices that by itself.
            with contextlib.suppress(OSError):
                process.run(
                    [*argv, "all"] if request == "--kill" else argv,
                    env=_environment(home),
                    log=Path(folder) / "gpgconf.log",
                    timeout_s=GPGCONF_TIMEOUT_S,
                )


def _environment(home: Path) -> dict[str, str]:
    return {
        **process.CLEAN_LOCALE,
        "PATH": process.SYSTEM_PATH,
        "HOME": str(home),
        "GNUPGHOME": str(home),
    }


def gpg_version() -> str:
    """Return gpg's version, ``2.2.40``; ToolMissing where it is not there."""
    with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
        log = Path(folder) / "gpg.log"
        env = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": folder}
        done = process.run(["gpg", "--version"], env=env, log=log, timeout_s=GPGCONF_TIMEOUT_S)
        first = log.read_text().splitlines()[:1]
    if done.status != 0 or not first:
        raise ToolMissing("gpg does not run: apt-get install gnupg")
    return first[0].rsplit(" ", 1)[-1]
