"""Keys as the policy says, and what of them lies on the server and in the safe."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.errors import EnvironmentFault
from drtest.keys.keyring import KeyMaterial
from drtest.model.redact import HIDDEN, Redactor
from drtest.model.scenario import EscrowItem, NewKey, OwnKey, Policy
from drtest.runner import vault as vaults
from drtest.runner.vault import OWN_PASSPHRASE, Vault

NEW = NewKey(algorithm="ed25519")
NONE = Policy(encryption="none")
SYMMETRIC = Policy(encryption="passphrase")
SYMMETRIC_SIGNED = Policy(encryption="passphrase", sign_key=NEW)
KEY = Policy(encryption="key", encrypt_key=NEW)
KEY_SIGNED = Policy(encryption="key", encrypt_key=NEW, sign_key="same")
TWO_KEYS = Policy(encryption="key", encrypt_key=NEW, sign_key=NEW)
PASSPHRASE = "correct horse"


def vault(policy: Policy, keys: int = 2) -> Vault:
    made = tuple(
        KeyMaterial(fingerprint=f"F{number}", public="", secret="", passphrase=PASSPHRASE)
        for number in range(1, keys + 1)
    )
    return Vault(policy=policy, passphrase=PASSPHRASE, keys=made, gnupg=Path("/g"))


@pytest.mark.parametrize(
    ("policy", "keys", "encrypt", "sign", "names"),
    [
        (NONE, 0, "", "", set()),
        (SYMMETRIC, 0, "", "", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
        (SYMMETRIC_SIGNED, 1, "", "F1", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
        (KEY, 1, "F1", "", {"PASSPHRASE"}),
        (KEY_SIGNED, 1, "F1", "F1", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
        (TWO_KEYS, 2, "F1", "F2", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
    ],
)
def test_what_the_server_has(
    policy: Policy, keys: int, encrypt: str, sign: str, names: set[str]
) -> None:
    made = vault(policy, keys)
    assert (made.encrypt_key, made.sign_key) == (encrypt, sign)
    assert set(made.server_env()) == names
    assert PASSPHRASE not in repr(made)


def test_a_server_that_only_encrypts_to_a_key_knows_no_passphrase() -> None:
    assert vault(KEY, 1).server_env() == {"PASSPHRASE": ""}


@given(
    st.sampled_from([NONE, SYMMETRIC, KEY_SIGNED]),
    st.frozensets(st.sampled_from(get_args(EscrowItem))),
)
def test_what_the_scenario_says_is_in_the_safe(
    policy: Policy, items: frozenset[EscrowItem]
) -> None:
    assert vault(policy).escrow(items) == items


def test_by_default_all_that_was_made_is_in_the_safe() -> None:
    assert vault(NONE).escrow(None) == frozenset()
    assert vault(SYMMETRIC, 0).escrow(None) == {"passphrase"}
    # gpg gives up no data whose signature it cannot check.
    assert vault(SYMMETRIC_SIGNED, 1).escrow(None) == {"secret key", "public key", "passphrase"}
    assert vault(KEY).escrow(None) == {"secret key", "public key", "passphrase"}


@pytest.mark.needs("gpg")
def test_a_fresh_home_holds_what_is_in_the_safe_and_no_more(short_tmp: Path) -> None:
    redact = Redactor()
    made, ring = vaults.make(TWO_KEYS, short_tmp / "g", redact)
    try:
        fingerprints = [key.fingerprint for key in made.keys]
        assert len(set(fingerprints)) == 2
        assert redact(f"it is {made.passphrase}") == f"it is {HIDDEN}"
        cases: list[tuple[frozenset[EscrowItem], bool, set[str]]] = [
            (frozenset(), False, set()),
            (frozenset({"public key", "passphrase"}), False, {"PASSPHRASE"}),
            (frozenset({"secret key"}), True, set()),
        ]
        for number, (items, has_secret, names) in enumerate(cases):
            fresh, env = made.open(short_tmp / str(number), items)
            try:
                assert [fresh.has_secret(one) for one in fingerprints] == [has_secret] * 2
                assert set(env) == names
            finally:
                fresh.close()
    finally:
        ring.close()


@pytest.mark.needs("gpg")
def test_a_wrong_passphrase_is_none_of_the_right_ones(short_tmp: Path) -> None:
    ring, env = vault(SYMMETRIC, 0).open(short_tmp / "g", frozenset({"wrong passphrase"}))
    ring.close()
    assert env["PASSPHRASE"] != PASSPHRASE


@pytest.mark.parametrize(
    ("given_", "says"), [(None, f"export its passphrase as {OWN_PASSPHRASE}"), ("abc", "6 char")]
)
def test_an_own_key_needs_its_passphrase_in_the_environment(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch, given_: str | None, says: str
) -> None:
    monkeypatch.delenv(OWN_PASSPHRASE, raising=False)
    if given_ is not None:
        monkeypatch.setenv(OWN_PASSPHRASE, given_)
    own = Policy(encryption="key", encrypt_key=OwnKey(fingerprint="F", file="/absent"))
    with pytest.raises(EnvironmentFault, match=says):
        vaults.make(own, short_tmp / "g", Redactor())
