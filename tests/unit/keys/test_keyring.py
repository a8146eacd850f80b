"""Throw-away keyrings: cheap hashing, halves that go to safes, agents that end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gnupg
import pytest

from drtest import process
from drtest.clock import real_now
from drtest.errors import EnvironmentFault
from drtest.keys.keyring import (
    LONGEST_HOME,
    KeyMaterial,
    Keyring,
    gpg_version,
    new_passphrase,
)
from drtest.model.scenario import NewKey, OwnKey

pytestmark = pytest.mark.needs("gpg")

PASSPHRASE = "correct horse battery"


def agents(home: Path) -> list[int]:
    """Ids of the gpg-agents that serve *home*."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"gpg-agent") and os.fsencode(home) in words:
            found.append(int(folder.name))
    return found


@pytest.fixture
def ring(short_tmp: Path) -> Iterator[Keyring]:
    ring = Keyring(short_tmp / "g")
    yield ring
    ring.close()


def make(ring: Keyring, algorithm: str = "ed25519", **more: Any) -> KeyMaterial:
    spec = NewKey(algorithm=algorithm, **more)  # type: ignore[arg-type]
    return ring.make(spec, name="a key", passphrase=PASSPHRASE)


def can_encrypt_and_sign(ring: Keyring, key: KeyMaterial) -> bool:
    gpg = gnupg.GPG(gnupghome=str(ring.home))
    sealed = gpg.encrypt("word", key.fingerprint, sign=key.fingerprint, passphrase=PASSPHRASE)
    return bool(sealed.ok) and str(gpg.decrypt(str(sealed), passphrase=PASSPHRASE)) == "word"


@pytest.mark.parametrize("algorithm", ["ed25519", "rsa2048"])
def test_a_key_encrypts_signs_and_decrypts(ring: Keyring, algorithm: str) -> None:
    key = make(ring, algorithm)
    ring.trust(key.fingerprint)
    assert can_encrypt_and_sign(ring, key)


def test_hashing_is_cheap_and_the_key_was_made_so(ring: Keyring) -> None:
    key = make(ring)
    assert "s2k-count 65536" in (ring.home / "gpg-agent.conf").read_text()
    secret = next((ring.home / "private-keys-v1.d").iterdir()).read_bytes()
    assert b"5:65536" in secret or b"65536" in secret, key.fingerprint


def test_neither_secret_nor_passphrase_is_shown(ring: Keyring) -> None:
    key = make(ring)
    assert key.secret.startswith("-----BEGIN PGP PRIVATE KEY BLOCK-----")
    assert PASSPHRASE not in repr(key)
    assert "BEGIN PGP" not in repr(key)


def test_the_public_half_restores_nothing_and_the_secret_half_all(
    ring: Keyring, short_tmp: Path
) -> None:
    key = make(ring)
    only_public, both = Keyring(short_tmp / "p"), Keyring(short_tmp / "s")
    try:
        only_public.put(public=[key.public])
        both.put(secret=[key.secret])
        assert not only_public.has_secret(key.fingerprint)
        assert both.has_secret(key.fingerprint)
        both.trust(key.fingerprint)
        assert can_encrypt_and_sign(both, key)
    finally:
        only_public.close()
        both.close()


def test_a_lost_secret_is_lost(ring: Keyring) -> None:
    key = make(ring)
    ring.lose_secret(key.fingerprint)
    assert not ring.has_secret(key.fingerprint)
    with pytest.raises(EnvironmentFault, match="did not delete"):
        ring.lose_secret(key.fingerprint)


def test_the_users_own_key_is_imported_from_its_file(ring: Keyring, short_tmp: Path) -> None:
    key = make(ring)
    export = short_tmp / "key.asc"
    export.write_text(key.secret)
    other = Keyring(short_tmp / "o")
    try:
        again = other.make(
            OwnKey(fingerprint=key.fingerprint, file=str(export)), name="", passphrase=PASSPHRASE
        )
        assert again.fingerprint == key.fingerprint
        assert other.has_secret(key.fingerprint)
        for file, says in ((short_tmp / "absent", "cannot be read"), (export, "does not hold")):
            with pytest.raises(EnvironmentFault, match=says):
                other.make(OwnKey(fingerprint="0" * 40, file=str(file)), name="", passphrase="")
        (short_tmp / "junk").write_bytes(b"\xff no key")
        with pytest.raises(EnvironmentFault, match="did not import"):
            other.make(
                OwnKey(fingerprint="0" * 40, file=str(short_tmp / "junk")), name="", passphrase=""
            )
    finally:
        other.close()


# ---------------------------------------------------------------- the life of a key

MADE_AT = datetime(2026, 1, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def seal(ring: Keyring, key: KeyMaterial, passphrase: str = PASSPHRASE) -> bytes:
    """Encrypted to and signed by *key*; b"" where gpg refuses."""
    gpg = gnupg.GPG(gnupghome=str(ring.home))
    sealed = gpg.encrypt(
        b"word",
        key.fingerprint,
        sign=key.fingerprint,
        passphrase=passphrase,
        always_trust=True,
        armor=False,
    )
    return bytes(sealed.data) if sealed.ok else b""


def test_a_key_expires_by_the_clock_that_gpg_is_given(ring: Keyring) -> None:
    ring.set_clock(MADE_AT)
    key = make(ring, expires_at=MADE_AT + 2 * DAY)
    assert (key.created_at, key.expires_at) == (MADE_AT, MADE_AT + 2 * DAY)
    sealed: dict[int, bytes] = {}
    for days in (1, 3):
        ring.set_clock(MADE_AT + days * DAY)
        sealed[days] = seal(ring, key)
    assert sealed[1] and not sealed[3]
    # What was made with it before comes back, and is known to be signed by it.
    found = ring.decrypt(sealed[1], [PASSPHRASE])
    assert found is not None
    assert (found.data, found.passphrase, found.signed_by) == (b"word", 1, key.fingerprint)


def test_without_a_clock_of_its_own_gpg_has_the_real_one(ring: Keyring) -> None:
    ring.set_clock(MADE_AT)
    ring.set_clock(None)
    created_at = make(ring).created_at
    assert created_at is not None
    assert abs(created_at - real_now()) < DAY


def test_a_revoked_key_encrypts_no_more_and_still_decrypts(ring: Keyring) -> None:
    key = make(ring)
    sealed = seal(ring, key)
    ring.revoke(key)
    assert not seal(ring, key)
    found = ring.decrypt(sealed, [PASSPHRASE])
    assert found is not None and found.data == b"word"


def test_what_is_no_certificate_revokes_nothing(ring: Keyring) -> None:
    key = make(ring)
    with pytest.raises(EnvironmentFault, match="did not revoke"):
        ring.revoke(replace(key, revocation=""))


def test_another_passphrase_protects_the_key_from_then_on(ring: Keyring) -> None:
    key = make(ring)
    ring.change_passphrase(key.fingerprint, PASSPHRASE, "another one")
    ring.close()  # its agent remembers what it was told
    assert not seal(ring, key)
    assert seal(ring, key, "another one")
    with pytest.raises(EnvironmentFault, match="did not change") as caught:
        ring.close()
        ring.change_passphrase(key.fingerprint, PASSPHRASE, "a third one")
    assert PASSPHRASE not in str(caught.value)


def test_a_key_without_a_passphrase_opens_with_any(ring: Keyring) -> None:
    key = make(ring, has_passphrase=False)
    assert key.passphrase == ""
    found = ring.decrypt(seal(ring, key, "any at all"), ["any other"])
    assert found is not None and found.data == b"word"


def test_the_passphrase_that_opened_is_named(ring: Keyring) -> None:
    gpg = gnupg.GPG(gnupghome=str(ring.home))
    sealed = gpg.encrypt(b"word", None, symmetric=True, passphrase="second", armor=False)
    found = ring.decrypt(bytes(sealed.data), ["first one", "second"])
    assert found is not None
    assert (found.passphrase, found.signed_by) == (2, "")
    assert ring.decrypt(bytes(sealed.data), ["first one"]) is None


def test_closing_ends_the_agent(ring: Keyring) -> None:
    make(ring)
    assert agents(ring.home)
    ring.close()
    assert not agents(ring.home)
    ring.close()  # twice is once


def test_a_home_too_long_for_the_agents_socket_is_refused(tmp_path: Path) -> None:
    home = tmp_path / ("x" * LONGEST_HOME)
    with pytest.raises(EnvironmentFault, match="--work"):
        Keyring(home)
    assert not home.exists()


def test_passphrases_differ() -> None:
    assert len({new_passphrase() for _ in range(20)}) == 20


def test_the_version_is_that_of_gpg(tmp_path: Path) -> None:
    process.run(
        ["gpg", "--version"],
        env={"PATH": process.SYSTEM_PATH, "HOME": str(tmp_path)},
        log=tmp_path / "log",
        timeout_s=20,
    )
    assert gpg_version() in (tmp_path / "log").read_text().splitlines()[0]
