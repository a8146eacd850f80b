"""Histories with toxics and damage, told by ``Story``."""

from __future__ import annotations

from dataclasses import replace

from drtest.model.chain import Damage, Objects
from drtest.model.events import Call, DamageDone, DrillFinished, ToxicSeen
from drtest.model.scenario import Harmed
from drtest.model.toxic import Kill, Toxic, When
from support.histories import Story, call, day, objects_of


def killed_at_night(*, fired: int = 1, status: int = -9, matching: int = 1) -> Story:
    """The first full is killed, the next backup takes it up; then a night, and a restore."""
    story = Story()
    kill = Toxic(does=Kill(), when=When(operations=("PutObject",), of="volume", volume=2))
    done = call(status=status, name="SIGKILL")
    one = story.backup(1, done=done, must_be="killed", toxics=(kill,), full=True)
    story.events.insert(
        -1,
        ToxicSeen(
            index=1,
            at=day(1),
            action="backup",
            toxic="kill",
            when=str(kill.when),
            matching=matching,
            fired=fired,
        ),
    )
    if status != 0:
        story.backup(2, full=True, makes=objects_of(one))
        story.newest = one  # it keeps the stamp of its first try
    story.backup(3)
    story.drill(3)
    return story


def harmed(*keys: str) -> Story:
    """A backup, a damage that hit *keys*, and another full with a restore of it."""
    story = Story()
    story.backup(1)
    target = Objects(what="volume", volume=9, of="full", number=1)
    damage = Damage(harm="delete", objects=(target,))
    story.step(
        day(2),
        Harmed(damage=damage),
        lambda index: DamageDone(
            index=index,
            at=day(2),
            damage=str(damage),
            target=str(target),
            keys=keys,
            candidates=("other",),
        ),
    )
    story.backup(3)
    story.drill(3)
    return story


LOST = "duplicity-full.20260101T030000Z.vol1.difftar.gpg"


def looked(*calls: Call) -> Story:
    """Three nights, restored right; then *calls*, each of which must detect that LOST is gone."""
    story = Story()
    for number in (1, 2, 3):
        story.backup(number)
    story.drill(3)
    for number, one in enumerate(calls, start=2):
        story.drill(3, number=number, must_be="detected", done=one, got=())
        done = story.events[-1]
        assert isinstance(done, DrillFinished)
        story.events[-1] = replace(done, damage=("delete volume 1 of full 1",), harmed=(LOST,))
    return story
