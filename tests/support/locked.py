"""Two nights between which keys or passphrases change, told as histories."""

from __future__ import annotations

from datetime import datetime, timedelta

from drtest.model.events import KeyMade
from drtest.model.scenario import NewKey, Policy, Step
from support.buckets import look, recorded
from support.histories import Story, day, objects_of

FIRST, SECOND = "A" * 40, "B" * 40  # fingerprints
NEW = NewKey(algorithm="ed25519")
SIGNED = Policy(encryption="key", encrypt_key=NEW, sign_key="same")


def made(
    number: int = 1,
    fingerprint: str = FIRST,
    *,
    from_step: int = 0,
    expires_at: datetime | None = None,
) -> KeyMade:
    return KeyMade(
        number=number,
        fingerprint=fingerprint,
        from_step=from_step,
        expires_at=expires_at,
        has_passphrase=True,
    )


def two_nights(
    *changes: Step,
    full: bool = False,
    passphrases: tuple[int, int] = (1, 1),
    signers: tuple[str, str] = ("", ""),
    keys: tuple[KeyMade, ...] = (),
    **more: object,
) -> Story:
    """A full, *changes* at noon, another set (an incremental unless *full*); no drill yet."""
    story = Story(**more)  # type: ignore[arg-type]
    story.events += keys
    for number, passphrase, signer in zip((1, 2), passphrases, signers, strict=True):
        one = story.backup(number, action="full" if full else "backup")
        index = len(story.steps)
        objects = objects_of(one)
        look(
            story,
            recorded(*objects, index=index, number=number, passphrase=passphrase, signed_by=signer),
        )
        if number == 1:
            for step in changes:
                story.step(day(1) + timedelta(hours=12), step)
    return story
