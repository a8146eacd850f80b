"""Which restore points a run made, by what its bucket showed."""

from __future__ import annotations

from datetime import datetime

from support.histories import Story, call, day, objects_of

from drtest.model.names import SetId
from drtest.model.plan import plan
from drtest.model.points import made, points, present


def told(story: Story) -> list[tuple[datetime, int, bool]]:
    history = story.history()
    return [(one.at, one.chain, one.is_full) for one in points(history.events, history.scenario)]


def test_points_of_a_sound_calendar_are_the_plan() -> None:
    story = Story()
    for number in (1, 2):
        story.backup(number)
    story.backup(3, action="full")
    story.backup(4)
    history = story.history()

    assert points(history.events, history.scenario) == plan(history.scenario).made


def test_failed_and_empty_backups_are_no_points() -> None:
    story = Story()
    story.backup(1)
    story.backup(2, done=call(status=50))
    story.backup(3, makes=())
    story.backup(4, must_be="refused")

    assert told(story) == [(day(1), 1, True)]


def test_resumed_backup_is_a_point_of_the_night_that_ended_it() -> None:
    story = Story()
    one = SetId(at=day(1))
    volume, signatures, manifest = objects_of(one)
    story.backup(1, done=call(status=-9), makes=[volume])
    story.backup(2, full=True, makes=[signatures, manifest])
    history = story.history()

    assert told(story) == [(day(2), 1, True)]
    assert [point.set for point in made(history.events, history.scenario)] == [one]
    assert present(history.events) == {one}


def test_set_whose_manifest_was_lost_is_a_point_that_cannot_be_restored() -> None:
    story = Story()
    story.backup(1, makes=objects_of(SetId(at=day(1)))[:2])
    history = story.history()

    (point,) = made(history.events, history.scenario)
    assert point.point.at == day(1)
    assert not point.is_restorable(present(history.events))


def test_incremental_needs_its_whole_chain() -> None:
    story = Story()
    first, second, third = (story.backup(number) for number in (1, 2, 3))
    story.backup(4, action="full")
    story.prune(4, keys=objects_of(second)[:1])
    history = story.history()
    sets = present(history.events)

    assert [one.needs for one in made(history.events, history.scenario)][2] == (
        first,
        second,
        third,
    )
    restorable = [one.is_restorable(sets) for one in made(history.events, history.scenario)]
    assert restorable == [True, False, False, True]


def test_incremental_on_nothing_is_never_restorable() -> None:
    story = Story()
    orphan = SetId(at=day(2), base_at=day(1))
    story.backup(2, makes=objects_of(orphan))
    history = story.history()

    (point,) = made(history.events, history.scenario)
    assert not point.is_restorable(present(history.events))


def test_later_backup_of_the_same_second_takes_the_names() -> None:
    story = Story()
    story.backup(1)
    story.backup(1, action="full")
    history = story.history()

    assert [one.step for one in points(history.events, history.scenario)] == [2]


def test_prefixes_and_foreign_objects_do_not_matter() -> None:
    story = Story()
    keys = [f"host-{key}" for key in objects_of(SetId(at=day(1)))]
    story.backup(1, makes=[*keys, "README", "duplicity-full.20269999T030000Z.manifest"])

    assert told(story) == [(day(1), 1, True)]
