"""Keys as the policy says, and what of them lies on the server and in the safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import get_args

import gnupg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.errors import EnvironmentFault
from drtest.keys.keyring import KeyMaterial, Keyring
from drtest.model.locks import locks
from drtest.model.redact import HIDDEN, Redactor
from drtest.model.scenario import (
    Backup,
    Change,
    DatedStep,
    EscrowItem,
    LiteralFile,
    NewKey,
    OwnKey,
    Policy,
    Revoke,
    Scenario,
    Step,
)
from drtest.runner import vault as vaults
from drtest.runner.vault import OWN_PASSPHRASE, Vault

START = datetime(2026, 1, 1, 3, tzinfo=UTC)
NEW = NewKey(algorithm="ed25519")
OPEN = NewKey(algorithm="ed25519", has_passphrase=False)
NONE = Policy(encryption="none")
SYMMETRIC = Policy(encryption="passphrase")
SYMMETRIC_SIGNED = Policy(encryption="passphrase", sign_key=NEW)
KEY = Policy(encryption="key", encrypt_key=NEW)
KEY_SIGNED = Policy(encryption="key", encrypt_key=NEW, sign_key="same")
TWO_KEYS = Policy(encryption="key", encrypt_key=NEW, sign_key=NEW)
OPEN_KEY = Policy(encryption="key", encrypt_key=OPEN, sign_key="same")
PASSPHRASES = ("correct horse", "battery staple", "third of them")


def scenario(policy: Policy, *steps: Step) -> Scenario:
    """A backup at ``START``, *steps* a day later each, and a backup with the last of them."""
    dated = [
        DatedStep(index=index, at=START + timedelta(days=index - 1), step=step)
        for index, step in enumerate((Backup(), *steps), start=1)
    ]
    dated.append(DatedStep(index=len(dated) + 1, at=dated[-1].at, step=Backup()))
    source = (LiteralFile(path="/a", content=""),)
    return Scenario(name="x", why="x", source=source, policy=policy, steps=tuple(dated))


def vault(policy: Policy, *steps: Step) -> Vault:
    """A vault whose keys are none."""
    told = scenario(policy, *steps)
    planned = locks(told)
    made = tuple(
        KeyMaterial(
            fingerprint=f"F{number}",
            public="",
            secret="",
            passphrase=PASSPHRASES[key.passphrase - 1] if key.passphrase else "",
        )
        for number, key in enumerate(planned.keys, start=1)
    )
    return Vault(
        scenario=told,
        locks=planned,
        passphrases=PASSPHRASES[: planned.passphrases],
        keys=made,
        gnupg=Path("/g"),
    )


@pytest.mark.parametrize(
    ("policy", "encrypt", "sign", "names"),
    [
        (NONE, "", "", set()),
        (SYMMETRIC, "", "", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
        (SYMMETRIC_SIGNED, "", "F1", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
        (KEY, "F1", "", {"PASSPHRASE"}),
        (KEY_SIGNED, "F1", "F1", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
        (TWO_KEYS, "F1", "F2", {"PASSPHRASE", "SIGN_PASSPHRASE"}),
    ],
)
def test_what_the_server_has(policy: Policy, encrypt: str, sign: str, names: set[str]) -> None:
    made = vault(policy)
    start = made.locks.start
    assert made.fingerprint(start.encrypt_key) == encrypt
    assert made.fingerprint(start.sign_key) == sign
    assert set(made.server_env(start)) == names
    assert PASSPHRASES[0] not in repr(made)


def test_a_server_that_only_encrypts_to_a_key_knows_no_passphrase() -> None:
    made = vault(KEY)
    assert made.server_env(made.locks.start) == {"PASSPHRASE": ""}


def test_a_key_without_a_passphrase_is_used_with_an_empty_one() -> None:
    made = vault(OPEN_KEY)
    assert made.server_env(made.locks.start) == {"PASSPHRASE": "", "SIGN_PASSPHRASE": ""}
    mixed = vault(replace(OPEN_KEY, sign_key=NEW))
    assert mixed.server_env(mixed.locks.start)["SIGN_PASSPHRASE"] == PASSPHRASES[0]


def test_the_job_exports_the_passphrase_of_its_day() -> None:
    made = vault(SYMMETRIC, Change(what="passphrase"))
    exported = [made.server_env(lock)["PASSPHRASE"] for lock in made.locks.steps.values()]
    assert exported == [PASSPHRASES[0], PASSPHRASES[1], PASSPHRASES[1]]


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
    assert vault(SYMMETRIC).escrow(None) == {"passphrase"}
    # gpg gives up no data whose signature it cannot check.
    assert vault(SYMMETRIC_SIGNED).escrow(None) == {"secret key", "public key", "passphrase"}
    assert vault(KEY).escrow(None) == {"secret key", "public key", "passphrase"}
    assert vault(OPEN_KEY).escrow(None) == {"secret key", "public key"}


# ---------------------------------------------------------------- with a real gpg


@pytest.fixture
def homes(short_tmp: Path) -> Callable[[], Path]:
    numbers = count(1)
    return lambda: short_tmp / f"g{next(numbers)}"


@pytest.fixture
def opened(homes: Callable[[], Path]) -> Iterator[Callable[..., tuple[Keyring, dict[str, str]]]]:
    """Opens safes; ends their agents."""
    rings: list[Keyring] = []

    def open_one(made: Vault, *items: EscrowItem, day: int) -> tuple[Keyring, dict[str, str]]:
        at = START + timedelta(days=day)
        ring, env = made.open(homes(), frozenset(items), point_at=at, now=made.scenario.end_at)
        rings.append(ring)
        return ring, env

    yield open_one
    for ring in rings:
        ring.close()


Opened = Callable[..., tuple[Keyring, dict[str, str]]]


@pytest.mark.needs("gpg")
def test_a_fresh_home_holds_what_is_in_the_safe_and_no_more(
    homes: Callable[[], Path], opened: Opened
) -> None:
    redact = Redactor()
    made, ring = vaults.make(scenario(TWO_KEYS), homes, redact)
    ring.close()
    fingerprints = [key.fingerprint for key in made.keys]
    assert len(set(fingerprints)) == 2
    assert redact(f"it is {made.passphrases[0]}") == f"it is {HIDDEN}"
    cases: list[tuple[tuple[EscrowItem, ...], bool, set[str]]] = [
        ((), False, set()),
        (("public key", "passphrase"), False, {"PASSPHRASE"}),
        (("secret key",), True, set()),
    ]
    for items, has_secret, names in cases:
        fresh, env = opened(made, *items, day=0)
        assert [fresh.has_secret(one) for one in fingerprints] == [has_secret] * 2
        assert set(env) == names


@pytest.mark.needs("gpg")
def test_a_wrong_passphrase_is_none_of_the_right_ones(opened: Opened) -> None:
    _, env = opened(vault(SYMMETRIC), "wrong passphrase", day=0)
    assert env["PASSPHRASE"] not in PASSPHRASES


@pytest.mark.needs("gpg")
@pytest.mark.parametrize(
    ("item", "exported"),
    [
        ("passphrase", PASSPHRASES),  # each point gets the one that opens it
        ("old passphrase", (PASSPHRASES[0],) * 3),
        ("new passphrase", (PASSPHRASES[2],) * 3),
    ],
)
def test_whoever_has_several_passphrases_takes_the_one_that_fits(
    opened: Opened, item: EscrowItem, exported: tuple[str, ...]
) -> None:
    told = scenario(SYMMETRIC, Change(what="passphrase"), Backup(), Change(what="passphrase"))
    made = replace(vault(SYMMETRIC, *(one.step for one in told.steps[1:-1])), scenario=told)
    found = [opened(made, item, day=day)[1]["PASSPHRASE"] for day in (0, 2, 3)]
    assert found == list(exported)


@pytest.mark.needs("gpg")
def test_later_keys_are_not_on_the_server_before_their_day(homes: Callable[[], Path]) -> None:
    steps = (Change(what="passphrase"), Revoke(what="encrypt-key"), Change(what="encrypt-key"))
    made, ring = vaults.make(scenario(KEY_SIGNED, *steps), homes, Redactor())
    try:
        first, second = made.keys
        assert [ring.has_secret(one.fingerprint) for one in made.keys] == [True, False]
        assert first.passphrase != second.passphrase
        before = made.locks.start
        for lock in made.locks.steps.values():
            made.change(ring, before, lock)
            before = lock
        assert [ring.has_secret(one.fingerprint) for one in made.keys] == [True, True]
        gpg = gnupg.GPG(gnupghome=str(ring.home))
        trust = {one["fingerprint"]: one["trust"] for one in gpg.list_keys()}
        assert trust == {first.fingerprint: "r", second.fingerprint: "u"}
        # Asked to sign with the revoked one, gpg takes the other: it has the passphrase of the day.
        signed = gpg.sign("word", keyid=first.fingerprint, passphrase=made.passphrases[1])
        assert signed.fingerprint == second.fingerprint
    finally:
        ring.close()


@pytest.mark.needs("gpg")
def test_what_was_revoked_is_revoked_in_the_safe_too(
    homes: Callable[[], Path], opened: Opened
) -> None:
    told = scenario(KEY, Revoke(what="encrypt-key"))
    made, ring = vaults.make(told, homes, Redactor())
    ring.close()
    fresh, _ = opened(made, "secret key", day=0)
    (listed,) = gnupg.GPG(gnupghome=str(fresh.home)).list_keys()
    assert listed["trust"] == "r"


@pytest.mark.needs("gpg")
def test_keys_live_by_the_calendar_but_own_younger_ones(
    homes: Callable[[], Path], short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, ring = vaults.make(scenario(KEY), homes, Redactor())
    ring.close()
    assert made.follows_calendar
    assert made.keys[0].created_at == START - timedelta(days=1)
    assert [one.expires_at for one in made.made()] == [None]

    young = Keyring(homes())  # of the real now: later than the calendar
    own = young.make(NEW, name="own", passphrase=PASSPHRASES[0])
    young.close()
    file = short_tmp / "own.asc"
    file.write_text(own.secret)
    monkeypatch.setenv(OWN_PASSPHRASE, PASSPHRASES[0])
    policy = Policy(
        encryption="key", encrypt_key=OwnKey(fingerprint=own.fingerprint, file=str(file))
    )
    made, ring = vaults.make(scenario(policy), homes, Redactor())
    ring.close()
    assert not made.follows_calendar
    assert made.clock(START) is None
    assert (ring.home / "gpg.conf").read_text() == ""


@pytest.mark.parametrize(
    ("given_", "says"), [(None, f"export its passphrase as {OWN_PASSPHRASE}"), ("abc", "6 char")]
)
def test_an_own_key_needs_its_passphrase_in_the_environment(
    homes: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, given_: str | None, says: str
) -> None:
    monkeypatch.delenv(OWN_PASSPHRASE, raising=False)
    if given_ is not None:
        monkeypatch.setenv(OWN_PASSPHRASE, given_)
    own = Policy(encryption="key", encrypt_key=OwnKey(fingerprint="F", file="/absent"))
    with pytest.raises(EnvironmentFault, match=says):
        vaults.make(scenario(own), homes, Redactor())
