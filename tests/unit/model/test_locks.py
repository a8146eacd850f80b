"""What a job encrypts and signs with at each step of a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drtest.model.locks import Locks, Needed, lock_at, locks
from drtest.model.scenario import (
    Backup,
    Change,
    DatedStep,
    LiteralFile,
    NewKey,
    OwnKey,
    Policy,
    Revoke,
    Scenario,
    Step,
)

START = datetime(2026, 1, 1, 3, tzinfo=UTC)
NEW = NewKey(algorithm="rsa2048", expires_at=START + timedelta(days=9))
OPEN = NewKey(algorithm="ed25519", has_passphrase=False)
OWN = OwnKey(fingerprint="F" * 40, file="/keys")
KEY_SIGNED = Policy(encryption="key", encrypt_key=NEW, sign_key="same")
TWO_KEYS = Policy(encryption="key", encrypt_key=NEW, sign_key=OPEN)


def scenario(policy: Policy, *steps: Step) -> Scenario:
    """A backup a day, each of *steps* an hour before the next one."""
    dated: list[DatedStep] = []
    for number, step in enumerate((None, *steps)):
        at = START + timedelta(days=number)
        for hour, one in ((-1, step), (0, Backup())):
            if one is not None:
                index = len(dated) + 1
                dated.append(DatedStep(index=index, at=at + timedelta(hours=hour), step=one))
    return Scenario(
        name="x", why="x", source=(LiteralFile(path="/a", content=""),), policy=policy,
        steps=tuple(dated),
    )  # fmt: skip


def after(policy: Policy, *steps: Step) -> Locks:
    return locks(scenario(policy, *steps))


def test_without_changes_all_is_as_the_policy_says() -> None:
    found = after(KEY_SIGNED, Backup())
    assert set(found.steps.values()) == {found.start} == {found.end}
    assert (found.end.encrypt_key, found.end.sign_key, found.end.keys) == (1, 1, (1,))
    assert found.passphrases == 1
    assert [key.spec for key in found.keys] == [NEW]


def test_passphrases_are_counted() -> None:
    found = after(Policy(), Change(what="passphrase"), Change(what="passphrase"))
    assert [found.steps[index].passphrase for index in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]
    assert found.passphrases == 3
    assert [found.name_of(number) for number in (1, 2, 3)] == [
        "old passphrase",
        "passphrase",
        "new passphrase",
    ]
    assert found.held({"passphrase"}) == {1, 2, 3}
    assert found.held({"old passphrase", "secret key"}) == {1}
    assert found.held({"new passphrase"}) == {3}
    assert found.held({"wrong passphrase"}) == frozenset()


def test_one_passphrase_is_neither_old_nor_new() -> None:
    assert after(Policy()).name_of(1) == "passphrase"


def test_same_is_the_encryption_key_also_when_that_changes() -> None:
    end = after(KEY_SIGNED, Change(what="encrypt-key")).end
    assert (end.encrypt_key, end.sign_key) == (2, 2)
    end = after(KEY_SIGNED, Change(what="sign-key"), Change(what="encrypt-key")).end
    assert (end.encrypt_key, end.sign_key) == (3, 2)


def test_a_new_key_is_like_the_old_one_and_does_not_expire() -> None:
    found = after(TWO_KEYS, Change(what="passphrase"), Change(what="encrypt-key"))
    assert found.keys[2].spec == NewKey(algorithm="rsa2048")
    assert (found.keys[2].passphrase, found.keys[2].from_step) == (2, 4)
    assert after(TWO_KEYS, Change(what="sign-key")).keys[2].spec == OPEN
    own = Policy(encryption="key", encrypt_key=OWN)
    assert after(own, Change(what="encrypt-key")).keys[1].spec == NewKey(algorithm="ed25519")


def test_encryption_is_turned_off_and_on_again() -> None:
    found = after(KEY_SIGNED, Change(what="no-encryption"), Change(what="no-encryption"))
    assert [found.steps[index].encryption for index in (1, 2, 3, 4, 5)] == [
        "key", "none", "none", "key", "key",
    ]  # fmt: skip
    assert not found.never_encrypts
    off = after(Policy(encryption="none"), Change(what="no-encryption"))
    assert off.end.encryption == "passphrase"
    assert after(Policy(encryption="none")).never_encrypts


def test_what_is_revoked_stays_so() -> None:
    found = after(KEY_SIGNED, Revoke(what="sign-key"), Change(what="encrypt-key"))
    assert [found.steps[index].revoked for index in (1, 2, 4)] == [set(), {1}, {1}]


@pytest.mark.parametrize(
    ("policy", "needed", "has_passphrase"),
    [
        (Policy(encryption="none"), Needed(), False),
        (Policy(), Needed(passphrase=1), True),
        (KEY_SIGNED, Needed(passphrase=1, secret_key=True), True),
        (Policy(encryption="key", encrypt_key=OPEN), Needed(secret_key=True), False),
        # Whoever signs has a passphrase; to decrypt none is needed.
        (
            Policy(encryption="key", encrypt_key=OPEN, sign_key=NEW),
            Needed(secret_key=True),
            True,
        ),
    ],
)
def test_what_opens_a_backup(policy: Policy, needed: Needed, has_passphrase: bool) -> None:
    found = after(policy)
    assert found.needed(found.end) == needed
    assert found.has_passphrase is has_passphrase


def test_a_key_is_opened_with_the_passphrase_of_its_export() -> None:
    found = after(KEY_SIGNED, Change(what="passphrase"))
    assert found.needed(found.end).passphrase == 1


def test_a_point_is_locked_as_its_own_backup_was() -> None:
    given = scenario(Policy(), Change(what="passphrase"), Change(what="no-encryption"))
    found = locks(given)
    at = [START + timedelta(days=number) for number in (0, 1, 2)]
    # Plain text that stands on cipher text needs what that needs.
    assert [lock_at(given, found, one).passphrase for one in at] == [1, 2, 2]
    assert lock_at(given, found, at[2]).encryption == "passphrase"
    assert lock_at(given, found, at[0] - timedelta(seconds=1)) == found.end
    assert lock_at(given, found, None).passphrase == 2
