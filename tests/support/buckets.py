"""What drtest itself read in a bucket, told beside a ``Story``: sound until it is harmed."""

from __future__ import annotations

import hashlib

from drtest.model.events import (
    ChainRecorded,
    ListingRecorded,
    ManifestRead,
    OpenUpload,
    StepFinished,
    Stored,
    StoredObject,
)
from drtest.model.manifest import VolumeLine
from drtest.model.names import SetId, parse_name
from drtest.model.scenario import Lose
from support.histories import Story, day, objects_of


def sha1(key: str) -> str:
    """The hash of what *key* holds while nobody harms it."""
    return hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()


def recorded(
    *keys: str,
    index: int,
    number: float,
    volumes: int = 1,
    spoiled: frozenset[str] = frozenset(),
    unreadable: frozenset[str] = frozenset(),
    plain: frozenset[str] = frozenset(),
    uploads: tuple[OpenUpload, ...] = (),
    passphrase: int = 1,
    signed_by: str = "",
) -> ChainRecorded:
    """What is read of *keys*, which came; each manifest names so many *volumes*."""
    manifests: list[ManifestRead] = []
    stored: list[Stored] = []
    for key in keys:
        name = parse_name(key)
        if name.kind == "volume":
            found = sha1(key + "!" if key in spoiled else key)
            stored.append(Stored(key=key, sha1=found, is_openpgp=key not in plain))
        elif name.kind == "manifest" and key in unreadable:
            manifests.append(ManifestRead(key=key, problem="gpg cannot decrypt it"))
        elif name.kind == "manifest":
            volume = key.replace("manifest", "vol{}.difftar")
            lines = tuple(
                VolumeLine(number=one, sha1=sha1(volume.format(one)))
                for one in range(1, volumes + 1)
            )
            manifests.append(
                ManifestRead(key=key, volumes=lines, passphrase=passphrase, signed_by=signed_by)
            )
    return ChainRecorded(
        index=index,
        at=day(number),
        manifests=tuple(manifests),
        volumes=tuple(stored),
        uploads=uploads,
    )


def three_sets(**more: object) -> tuple[Story, list[SetId]]:
    """A full and two incrementals, the last one restored right; all of it read in the bucket."""
    story = Story(**more)  # type: ignore[arg-type]
    sets = [story.backup(number) for number in (1, 2, 3)]
    for index, one in enumerate(sets, start=1):
        look(story, recorded(*objects_of(one), index=index, number=index))
    story.drill(3)
    return story, sets


def look(story: Story, record: ChainRecorded) -> None:
    """Put *record* behind the listing of its step, or replace what stands there."""
    story.events[:] = [
        one
        for one in story.events
        if not (isinstance(one, ChainRecorded) and one.index == record.index)
    ]
    place = next(
        number
        for number, one in enumerate(story.events)
        if isinstance(one, ListingRecorded) and one.index == record.index
    )
    story.events.insert(place + 1, record)


def later(
    story: Story,
    *,
    came: tuple[str, ...] = (),
    went: tuple[str, ...] = (),
    record: ChainRecorded | None = None,
) -> None:
    """A fourth step in which nothing ran and the bucket changed, before the drills."""
    drills = [one for one in story.events if type(one).__name__.startswith("Drill")]
    story.events[:] = [one for one in story.events if one not in drills]
    at = day(4)
    listing = ListingRecorded(
        index=4,
        at=at,
        added=tuple(StoredObject(key=key, size_bytes=1000) for key in came),
        removed=went,
    )
    story.step(at, Lose(what="archive dir"), lambda index: listing)
    look(story, record or recorded(*came, index=4, number=4))
    story.events += drills


def broken_off(story: Story) -> Story:
    """The calendar's last step never finished."""
    story.events[:] = [
        one
        for one in story.events
        if not (isinstance(one, StepFinished) and one.index == len(story.steps))
    ]
    return story
