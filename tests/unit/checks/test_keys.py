"""What is said of passphrases and keys that change: who is blamed, and for what."""

from __future__ import annotations

import pytest
from support.histories import Story, call, day
from support.locked import FIRST, NEW, SECOND, SIGNED, made, two_nights

from drtest.checks import judge
from drtest.model.finding import Finding
from drtest.model.scenario import Change, NewKey, Objectives, Policy

GPG = call("restore", status=31, name="gpg_failed")
CHANGED = Change(what="passphrase")
KEY = Policy(encryption="key", encrypt_key=NEW)


def findings(story: Story) -> list[Finding]:
    return list(judge(story.history()).findings)


def test_a_mixed_chain_is_one_finding_with_every_drill_and_point() -> None:
    story = two_nights(CHANGED, passphrases=(1, 2))
    story.drill(1, done=GPG)
    story.drill(2, done=GPG)
    (found,) = findings(story)
    assert (found.code, found.subject) == ("passphrase-changed", "20260102T030000Z")
    assert found.drills == ("1.1", "1.2")
    assert found.restore_points == (day(1), day(2))
    assert found.evidence["passphrases"] == {"20260101T030000Z": 1, "20260102T030000Z": 2}


def test_a_mixed_chain_excuses_no_other_refusal() -> None:
    story = two_nights(CHANGED, passphrases=(1, 2))
    story.drill(2, done=call("restore", status=50, name="backend_error"))
    assert {one.code for one in findings(story)} == {"passphrase-changed", "restore-refused"}


@pytest.mark.parametrize(
    ("policy", "point", "escrow", "missing"),
    [
        (Policy(), 1, ("new passphrase",), ["old passphrase"]),
        (Policy(), 2, ("old passphrase",), ["new passphrase"]),
        (Policy(), 2, (), ["new passphrase"]),
        # The key in the safe has the passphrase that it was exported with.
        (KEY, 2, ("secret key", "new passphrase"), ["old passphrase"]),
        (KEY, 2, ("passphrase",), ["secret key"]),
    ],
)
def test_what_is_missing_in_the_safe_is_named(
    policy: Policy, point: int, escrow: tuple[str, ...], missing: list[str]
) -> None:
    story = two_nights(CHANGED, full=True, passphrases=(1, 2), policy=policy)
    story.drill(point, escrow=escrow, done=GPG)
    (found,) = findings(story)
    assert found.code == "key-not-in-escrow"
    assert found.evidence["missing"] == missing
    assert f"the safe holds no {missing[0]}" in found.message


def test_a_key_without_a_passphrase_needs_none_in_the_safe() -> None:
    key = NewKey(algorithm="ed25519", has_passphrase=False)
    story = two_nights(policy=Policy(encryption="key", encrypt_key=key))
    story.drill(2, escrow=("secret key",), done=GPG)
    assert [one.code for one in findings(story)] == ["restore-refused"]


def test_other_signers_are_told_by_the_two_keys() -> None:
    story = two_nights(policy=SIGNED, keys=(made(),), signers=(SECOND, SECOND))
    story.drill(2)
    (found,) = findings(story)
    assert (found.code, found.subject) == ("signed-by-another-key", "20260101T030000Z")
    assert found.evidence["signed_by"] == SECOND
    assert found.evidence["sign_key"] == FIRST
    assert "and 1 set behind it" in found.message
    assert not found.silent  # what came back is right


@pytest.mark.parametrize("change", ["sign-key", "encrypt-key", "no-encryption"])
def test_only_keys_that_the_job_still_uses_are_told_to_expire(change: str) -> None:
    story = two_nights(
        Change(what=change),  # type: ignore[arg-type]
        policy=Policy(encryption="key", encrypt_key=NEW, sign_key=NEW),
        keys=(
            made(1, FIRST, expires_at=day(3)),
            made(2, SECOND, expires_at=day(3)),
            made(3, "C" * 40, from_step=2),
        ),
    )
    story.drill(2)
    told = [one.subject for one in findings(story) if one.code == "key-expires"]
    left = {"sign-key": ["encrypt-key"], "encrypt-key": ["sign-key"], "no-encryption": []}
    assert told == left[change]


def test_without_a_kept_time_only_a_key_past_its_time_is_told() -> None:
    def told(expires: float) -> list[str]:
        story = two_nights(
            policy=SIGNED, keys=(made(expires_at=day(expires)),), objectives=Objectives()
        )
        story.drill(2)
        return [one.message for one in findings(story) if one.code == "key-expires"]

    assert told(2.1) == []
    (message,) = told(1.5)
    assert "expired at 2026-01-01 15:00, before the calendar's end" in message
