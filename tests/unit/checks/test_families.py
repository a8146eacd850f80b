"""The calendar, retention, objectives: figures, merging, and what says nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.histories import Story, call, day, file, folder, objects_of, tree, warning

from drtest.checks import judge
from drtest.checks.objectives import gaps
from drtest.checks.rules import excluded_by
from drtest.checks.stanzas import source_path
from drtest.model.events import FaultSeen, Stanza
from drtest.model.names import SetId
from drtest.model.rule import Rule
from drtest.model.scenario import Objectives, Policy
from drtest.model.verdict import Verdict

REFUSED = call("restore", status=21, name="mismatched_hash")


def nights(count: int, **more: object) -> Story:
    story = Story(**more)  # type: ignore[arg-type]
    for number in range(1, count + 1):
        story.backup(number)
    return story


def told(story: Story) -> list[tuple[str, str]]:
    return [(one.code, one.subject) for one in judge(story.history()).findings]


# ---------------------------------------------------------------- calls


def test_failures_merge_by_action_and_status() -> None:
    story = nights(1)
    story.drill(1)
    for number in (2, 3, 4):
        story.backup(number, done=call(status=50, name="backend_error"))
    error = Stanza(keyword="ERROR", code=31, text="Traceback (most recent call last):\n  x\nBoom")
    story.backup(4, done=call(status=31, name="gpg_failed", stanzas=(error,)))
    story.prune(4, done=call("remove-older-than", status=50, name="backend_error"))

    found = judge(story.history()).findings

    assert [(one.subject, one.evidence["status"]) for one in found] == [
        ("backup", 50),
        ("backup", 31),
        ("remove-older-than", 50),
    ]
    assert len(found[0].evidence["at"]) == 3  # type: ignore[arg-type]
    assert found[1].message == "backup ended with 31 gpg_failed at 2026-01-04 03:00: Boom."


def test_what_may_skip_a_night_is_not_blamed_for_it() -> None:
    story = nights(1, policy=Policy(options=("--skip-if-no-change",)))
    story.drill(1)
    story.backup(2, makes=())

    assert told(story) == []


def test_full_instead_of_an_incremental() -> None:
    """Signatures were lost: the implied action turns into a full, and a warning says so."""
    story = nights(2)
    text = "No signatures found, switching to full backup."
    story.backup(3, full=True, done=call(stanzas=(warning(1, text),)))
    story.drill(3)

    (found,) = judge(story.history()).findings

    assert found.code == "full-not-made"
    assert (found.evidence["asked"], found.evidence["made"]) == ("incremental", "full")


def test_warning_path_is_told_as_the_user_writes_it() -> None:
    made = call(argv=("duplicity", "--log-file", "/tmp/x", "backup", "/tmp/x/source", "s3:///b"))

    assert source_path("/tmp/x/source/etc/shadow", made) == "etc/shadow"
    assert source_path("/tmp/x/source", made) == "."
    assert source_path("/elsewhere", made) == "elsewhere"


def test_denied_to_drtest_is_denied_to_duplicity() -> None:
    story = Story()
    secret = file("secret", digest="", error="EACCES")
    story.backup(1, source=tree(secret, file("a")), unreadable=[("secret", "EACCES")])
    story.drill(1, got=tree(secret, file("a")))

    assert told(story) == [("unread-source", "/secret")]


def test_warnings_of_a_call_that_failed_are_explained_by_its_status() -> None:
    story = nights(1)
    story.drill(1)
    story.drill(
        1,
        number=2,
        must_be="refused",
        done=call("restore", status=50, stanzas=(warning(1, "Attempt of get Nr. 1 failed"),)),
    )

    assert told(story) == []


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("path", "number"), [("var/www/a", 2), ("etc/ssl/key", 0), ("etc/hosts", None)]
)
def test_the_rule_that_left_a_path_out(path: str, number: int | None) -> None:
    rules = (
        Rule(action="exclude", pattern="/etc/ssl"),
        Rule(action="include", pattern="/etc/s*"),
        Rule(action="exclude", pattern="/var"),
        Rule(action="exclude", pattern="/mnt"),
    )

    assert excluded_by(rules, file(path)) == (None if number is None else rules[number])


# ---------------------------------------------------------------- retention


def test_fulls_that_are_kept_by_number_keep_less_than_was_promised() -> None:
    objectives = Objectives(keep=timedelta(days=10), rpo=timedelta(days=9), rto=timedelta(hours=1))
    story = Story(
        policy=Policy(remove_all_but_n_full=2), objectives=replace(objectives, real_size=True)
    )
    first = story.backup(1, action="full")
    story.backup(8, action="full")
    story.backup(15, action="full")
    story.prune(15, first, done=call("remove-all-but-n-full"))
    story.drill(15)

    (found,) = judge(story.history()).findings

    assert found.code == "promise-disagrees"
    assert found.evidence["kept_days"] == 7.0
    assert found.message == (
        "keep promises 10D, and remove-all-but-n-full 2 keeps 7D at the least; over this calendar "
        "the oldest restore point was at least 7 and at most 14 days old."
    )


def test_promise_of_the_retention_itself_is_held_too() -> None:
    """No keep is stated: remove-older-than 5D promises five days, and a chain of them is lost."""
    story = Story(
        policy=Policy(remove_older_than=timedelta(days=5)),
        objectives=Objectives(rpo=timedelta(days=9), rto=timedelta(hours=1), real_size=True),
    )
    first = story.backup(1)
    story.backup(2, action="full")
    story.prune(2, first)
    story.drill(2)

    found = judge(story.history()).findings

    assert [one.code for one in found] == ["restore-point-gone", "no-objective"]
    assert "the policy's own retention" in found[0].message


def test_set_that_was_never_whole_cannot_be_restored() -> None:
    story = nights(2)
    third = SetId(at=day(3), base_at=day(2))
    story.backup(3, makes=objects_of(third)[:2])  # the manifest got lost on its way
    story.drill(2)
    story.drill(3, got=story.trees.truths[1])

    (found,) = judge(story.history()).findings

    assert (found.code, found.restore_points) == ("restore-point-gone", (day(3),))
    assert found.evidence["pruned_at"] is None
    assert "the bucket never held it whole" in found.message


def test_broken_off_calendar_is_not_blamed_for_what_was_to_come() -> None:
    rules = (Rule(action="include", pattern="/later"), Rule(action="exclude", pattern="/nothing"))
    story = Story(policy=Policy(select=rules, remove_older_than=timedelta(days=1)))
    story.objectives = replace(story.objectives, keep=timedelta(0), gone_after=timedelta(days=1))
    for number in (1, 2, 3):
        story.backup(number, action="full", rules=((0, 0), (0, 0)))
    story.drill(3)

    assert ("include-matches-nothing", "/later") in told(story)
    assert ("restore-point-kept", "2026-01-01 03:00") in told(story)

    story.is_complete = False

    assert told(story) == [("interrupted", "a story")]


def test_prune_that_failed_is_told_once() -> None:
    story = Story(policy=Policy(remove_older_than=timedelta(days=1)))
    story.objectives = replace(story.objectives, keep=timedelta(days=1))
    story.backup(1)
    story.backup(3, action="full")
    story.prune(3, done=call("remove-older-than", status=50, name="backend_error"))
    story.drill(3)

    assert told(story) == [("backup-failed", "remove-older-than")]


# ---------------------------------------------------------------- objectives

spans = st.integers(min_value=0, max_value=10**6).map(lambda number: timedelta(seconds=number))


@given(st.lists(spans), spans)
def test_gaps_cover_the_calendar_once(steps: list[timedelta], rest: timedelta) -> None:
    point = day(1)
    good = [point := point + step for step in steps]
    end = point + rest

    found = list(gaps(day(1), good, end))

    assert sum((one.age for one in found), timedelta()) == end - day(1)
    assert all(before.end_at == after.start_at for before, after in pairwise(found))
    assert all(one.has_point for one in found[1:])


def test_point_found_bad_is_no_recovery_point() -> None:
    story = nights(5, objectives=replace(Story().objectives, rpo=timedelta(days=1, hours=2)))
    story.drill(3, done=REFUSED)
    story.drill(5)

    found = {one.code: one for one in judge(story.history()).findings}

    assert set(found) == {"restore-refused", "rpo-exceeded"}
    assert found["rpo-exceeded"].evidence["recovery_point_age_s"] == 2 * 86400
    assert found["rpo-exceeded"].evidence["backups_without_point"] == [day(3).isoformat()]
    assert found["rpo-exceeded"].evidence["not_drilled"] == 3
    assert "after 1 backup that gave none" in found["rpo-exceeded"].message


def test_calendar_that_ends_late_is_late() -> None:
    story = nights(2)
    story.prune(5.5)
    story.drill(2)

    (found,) = judge(story.history()).findings

    assert found.code == "rpo-exceeded"
    assert found.evidence["at"] == day(5.5).isoformat()


def test_first_point_that_came_late() -> None:
    story = Story()
    for number in (1, 2, 3, 4):
        story.backup(number, done=call(status=50, name="backend_error"))
    story.backup(5)
    story.drill(5)

    found = {one.code: one for one in judge(story.history()).findings}

    assert set(found) == {"backup-failed", "rpo-exceeded"}
    assert found["rpo-exceeded"].message.startswith(
        "4D after the first backup was due there was no good restore point"
    )


def test_refusal_that_was_promised_does_not_make_a_point_bad() -> None:
    story = nights(3, objectives=replace(Story().objectives, rpo=timedelta(days=1)))
    story.drill(3)
    story.drill(2, number=2, must_be="refused", escrow=(), done=REFUSED)

    assert told(story) == []


# ---------------------------------------------------------------- the whole


def test_failures_stand_first_and_silent_ones_lead() -> None:
    story = nights(2)
    story.drill(2, done=REFUSED)
    story.drill(1, got=tree(folder("etc"), file("etc/hosts", "localhost")))
    story.objectives = Objectives()
    story.events.append(FaultSeen(code="store-failed", message="It died.", subject="moto"))

    judgement = judge(story.history())

    assert [one.code for one in judgement.findings] == [
        "missing-path",
        "restore-refused",
        "store-failed",
        "no-objective",
    ]
    assert judgement.verdict is Verdict.FAIL


def test_broken_check_harms_no_other() -> None:
    story = nights(1)
    story.drill(1)
    story.events.append(FaultSeen(code="no-such-code", message="?"))
    story.backup(2, makes=())

    judgement = judge(story.history())

    assert [(one.code, one.subject) for one in judgement.findings] == [
        ("nothing-backed-up", "backup"),
        ("drtest-broke", "unverified"),
    ]
    assert "ValueError" in str(judgement.findings[1].evidence["traceback"])
    assert judgement.counts_as is Verdict.FAIL


def test_history_of_nothing_is_unverified() -> None:
    story = nights(1)
    story.events.clear()
    story.is_complete = False

    judgement = judge(story.history())

    assert [one.code for one in judgement.findings] == ["interrupted"]
    assert judgement.verdict is judgement.counts_as is Verdict.UNVERIFIED
