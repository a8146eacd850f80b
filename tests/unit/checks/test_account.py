"""The account of a calendar: each point's state, each disturbance with its proof."""

from __future__ import annotations

from dataclasses import replace

from support.histories import Story, call, day, nightly, tree

from drtest.checks import judge
from drtest.model.account import Account, PointState
from drtest.model.events import DrillFinished, ToxicSeen
from drtest.model.scenario import Objectives


def told(story: Story) -> Account:
    found = judge(story.history()).account
    assert found is not None
    return found


def states(story: Story) -> list[tuple[PointState, int, bool]]:
    return [(one.state, one.chain, one.is_full) for one in told(story).points]


def nights(number: int = 3) -> Story:
    story = Story()
    for one in range(1, number + 1):
        story.backup(one)
    return story


def test_what_came_back_and_what_nobody_asked_for() -> None:
    story = nights()
    story.drill(1)
    story.drill(3)
    assert states(story) == [("verified", 1, True), ("untried", 1, False), ("verified", 1, False)]


def test_wrong_and_refused() -> None:
    story = nights()
    got = tuple(
        one._replace(digest="other") if one.path == "etc/motd" else one for one in nightly(2)
    )
    story.drill(2, got=got)
    story.drill(3, done=call("restore", status=21, name="mismatched_hash"), got=tree())
    assert [state for state, _, _ in states(story)] == ["untried", "wrong", "refused"]


def test_a_restore_that_must_be_refused_says_nothing_of_its_point() -> None:
    story = nights()
    story.drill(3, must_be="refused", escrow=(), done=call("restore", status=31), got=tree())
    assert [state for state, _, _ in states(story)] == ["untried"] * 3


def test_a_backup_that_made_no_point_is_missing() -> None:
    story = nights(1)
    story.backup(2, done=call(status=50))
    story.backup(3)
    assert [state for state, _, _ in states(story)] == ["untried", "missing", "untried"]


def test_a_harmed_copy_says_nothing_of_the_point_and_is_a_disturbance() -> None:
    story = nights()
    story.drill(3, done=call("restore", status=21, name="mismatched_hash"), got=tree())
    story.events = [
        replace(one, damage=("flip-byte: volume 1",), harmed=("a-key",), must_be="detected")
        if isinstance(one, DrillFinished)
        else one
        for one in story.events
    ]
    found = told(story)
    assert [one.state for one in found.points] == ["untried"] * 3
    (seen,) = found.disturbances
    assert seen.what == "flip-byte: volume 1, in drill 1 alone"
    assert (seen.happened, seen.did_happen, seen.restores) == ("1 object differs", True, 1)


def test_a_toxic_that_never_fired_did_not_happen() -> None:
    story = nights()
    story.drill(3)
    armed = ToxicSeen(
        index=2, at=day(2), action="backup", toxic="kill", when="the 9th", matching=3, fired=0
    )
    story.events.append(armed)
    story.events.append(replace(armed, fired=1))
    never, once = told(story).disturbances
    assert (never.happened, never.did_happen) == ("never; 3 requests fitted", False)
    assert (once.happened, once.did_happen, once.was) == (
        "once; 3 requests fitted",
        True,
        "status 0 ok",
    )
    assert (once.restores, once.restores_right) == (1, 1)


def test_goals_are_those_of_the_scenario() -> None:
    story = nights()
    story.objectives = Objectives()
    goals = told(story).goals
    assert (goals.rpo_s, goals.rto_s, goals.keep_s, goals.real_size) == (None, None, None, False)
