"""A set that the bucket holds in part is told once: the drills that met it are told with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.buckets import look, recorded, three_sets
from support.histories import Story, call, day, objects_of

from drtest.checks import judge
from drtest.model.events import Call, ListingRecorded
from drtest.model.finding import Finding
from drtest.model.history import History
from drtest.model.scenario import Lose, Objectives

REFUSED = call("restore", status=30, name="exception")
NO_GPG = call("restore", status=31, name="gpg_failed")


def maimed(*which: int, of: int = 1, done: Call = REFUSED, escrow: bool = True) -> Story:
    """Three sets; of set *of* the objects *which* go, and then each point is drilled."""
    story, sets = three_sets(
        objectives=Objectives(
            keep=timedelta(days=30), rpo=timedelta(days=2), rto=timedelta(hours=1)
        )
    )
    story.events[:] = [one for one in story.events if not type(one).__name__.startswith("Drill")]
    keys = objects_of(sets[of - 1])
    went = tuple(keys[number] for number in which)
    listing = ListingRecorded(index=4, at=day(4), added=(), removed=went)
    story.step(day(4), Lose(what="archive dir"), lambda index: listing)
    look(story, recorded(index=4, number=4))
    for number in (1, 2, 3):
        more = {} if escrow else {"escrow": ()}
        story.drill(number, done=done if number >= of else None, **more)  # type: ignore[arg-type]
    return story


def failures(history: History) -> list[Finding]:
    return [one for one in judge(history).findings if one.severity.value != "note"]


@pytest.mark.parametrize(
    ("which", "code"),
    [((2,), "manifest-missing"), ((0,), "volume-missing"), ((1, 2), "manifest-missing")],
)
def test_one_cause_is_one_finding(which: tuple[int, ...], code: str) -> None:
    (found,) = failures(maimed(*which, of=2).history())
    assert found.code == code
    assert found.drills == ("1.2", "1.3")
    assert found.restore_points == (day(2), day(3))
    assert not found.silent


def test_points_that_need_it_are_lost_and_others_are_not() -> None:
    account = judge(maimed(2, of=2).history()).account
    assert account is not None
    assert [one.state for one in account.points] == ["verified", "lost", "lost"]


def test_an_older_state_that_came_back_without_a_word_makes_it_silent() -> None:
    story = maimed(2, of=3)
    del story.events[-2:]
    story.drill(3, got=story.trees.truths[1])
    (found,) = failures(story.history())
    assert (found.code, found.silent, found.drills) == ("manifest-missing", True, ("1.3",))


def test_a_set_that_went_as_a_whole_is_a_matter_of_the_promise() -> None:
    found = failures(maimed(0, 1, 2, of=3).history())
    assert [one.code for one in found] == ["restore-point-gone"]


def test_a_manifest_that_gpg_cannot_read_stops_every_restore_and_is_told_once() -> None:
    story = maimed(of=1, done=NO_GPG)
    keys = tuple(key for one in story.keys if "inc.20260101" in (key := one))
    look(story, recorded(*keys, index=2, number=2, unreadable=frozenset(keys)))
    (found,) = failures(story.history())
    assert (found.code, found.drills) == ("manifest-missing", ("1.1", "1.2", "1.3"))


def test_an_empty_safe_is_told_as_such() -> None:
    found = failures(maimed(2, of=2, done=NO_GPG, escrow=False).history())
    assert {one.code for one in found} == {"manifest-missing", "key-not-in-escrow"}


def test_where_nothing_was_read_the_promise_tells_it() -> None:
    story = maimed(2, of=3)
    story.events[:] = [one for one in story.events if type(one).__name__ != "ChainRecorded"]
    found = failures(story.history())
    assert [one.code for one in found] == ["restore-point-gone"]
