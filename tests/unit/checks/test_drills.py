"""Restores against the truth: what merges, what is silent, what masks what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from support.histories import Story, call, day, file, nightly, rerooted, tree

from drtest.checks import judge
from drtest.model.events import Restored
from drtest.model.finding import Finding
from drtest.model.run import Judgement
from drtest.model.scenario import NewKey, Policy
from drtest.model.tree import Entry
from drtest.model.verdict import Disposition, Verdict

REFUSED = call("restore", status=21, name="mismatched_hash")


def nights(count: int = 3, **more: object) -> Story:
    story = Story(**more)  # type: ignore[arg-type]
    for number in range(1, count + 1):
        story.backup(number)
    return story


def changed(number: int, **more: object) -> tuple[Entry, ...]:
    return tuple(
        one._replace(**more) if one.path == "etc/motd" else one  # type: ignore[arg-type]
        for one in nightly(number)
    )


def codes(judgement: Judgement) -> list[str]:
    return [one.code for one in judgement.findings]


def only(judgement: Judgement) -> Finding:
    (found,) = judgement.findings
    return found


def test_same_difference_at_many_points_is_one_finding() -> None:
    story = nights()
    for number in (1, 2, 3):
        story.drill(number, got=changed(number, mode=0o600))
    story.objectives = replace(story.objectives, rpo=None)

    found = next(one for one in judge(story.history()).findings if one.code == "mode-differs")

    assert found.restore_points == (day(1), day(2), day(3))
    assert found.drills == ("1.1", "1.2", "1.3")
    assert found.silent
    assert found.evidence["count"] == 1
    assert found.message == (
        "/etc/motd came back with mode 0600, was 0644, "
        "at 3 restore points (2026-01-01 03:00, 2026-01-02 03:00, 2026-01-03 03:00)."
    )


def test_codes_do_not_merge_with_each_other() -> None:
    story = nights()
    story.drill(3, got=changed(3, mode=0o600, uid=1000))

    assert sorted(codes(judge(story.history()))) == ["mode-differs", "owner-differs"]


def test_evidence_is_capped_and_the_total_is_told() -> None:
    story = Story()
    story.backup(1, source=tree(*(file(f"f{number:04d}") for number in range(1500))))
    story.drill(1, got=tree(file("f1499")))

    found = only(judge(story.history()))

    assert (found.code, found.subject) == ("missing-path", "/f0000")
    assert found.evidence["count"] == 1499
    assert len(found.evidence["paths"]) == 1000  # type: ignore[arg-type]
    assert "1,498 more paths" in found.message


def test_stale_content_names_the_point_it_is_of() -> None:
    """Nothing else changed that night, and still it is no wrong point: the mtime is the new one."""
    story = nights()
    story.drill(3, got=changed(3, digest="digest-of-day 1"))

    found = only(judge(story.history()))

    assert found.code == "digest-differs"
    assert found.evidence["matches_point"] == day(1).isoformat()
    assert "the content of 2026-01-01 03:00" in found.message
    (path,) = found.evidence["paths"]  # type: ignore[misc]
    assert path["want"]["blake3"] == "digest-of-day 3"
    assert path["got"]["blake3"] == "digest-of-day 1"
    assert path["want"]["size_bytes"] == path["got"]["size_bytes"] == 5


def test_one_file_of_another_point_is_a_wrong_point() -> None:
    story = nights()
    (old,) = (one for one in nightly(2) if one.path == "etc/motd")
    story.drill(3, path="etc/motd", got=(old._replace(path="."),))

    found = only(judge(story.history()))

    assert found.code == "wrong-point-restored"
    assert found.evidence["got_at"] == day(2).isoformat()


def test_folder_of_another_point_is_a_wrong_point() -> None:
    story = nights()
    story.drill(3, path="etc", got=rerooted(nightly(2), "etc"))

    found = only(judge(story.history()))

    assert found.code == "wrong-point-restored"
    assert found.evidence["got_at"] == day(2).isoformat()
    assert judge(story.history()).drills[0].path == "/etc"


def test_before_the_first_point_the_oldest_came_back() -> None:
    story = nights()
    story.drill(None, asked=0, got=nightly(1))

    found = only(judge(story.history()))

    assert found.code == "wrong-point-restored"
    assert found.silent
    assert found.message == (
        "Drill 1: asked for 2025-12-31 03:00, the state of 2026-01-01 03:00 came back, "
        "with status 0."
    )


def test_before_the_first_point_a_refusal_is_right() -> None:
    story = nights()
    story.drill(None, asked=0, done=REFUSED, must_be="refused")

    judgement = judge(story.history())

    assert judgement.findings == ()
    assert judgement.drills[0].disposition is Disposition.REFUSED
    assert judgement.verdict is Verdict.PASS


def test_refusal_that_was_promised_and_wrong_data_are_two_facts() -> None:
    story = nights()
    story.drill(3, must_be="refused", got=changed(3, digest="digest-of-rubbish"))

    judgement = judge(story.history())

    assert codes(judgement) == ["digest-differs", "restore-not-refused"]
    assert [one.silent for one in judgement.findings] == [True, False]
    assert judgement.drills[0].disposition is Disposition.SILENTLY_WRONG


def test_hung_restore_is_no_refusal() -> None:
    story = nights()
    hung = call("restore", status=-9, name="SIGKILL", timed_out=True)
    story.drill(3, done=hung, must_be="refused")
    story.drill(3, done=hung)

    found = only(judge(story.history()))

    assert (found.code, found.subject) == ("action-hung", "restore")
    assert found.drills == ("1.1", "1.2")


def test_done_asks_for_the_status_alone() -> None:
    story = nights()
    story.drill(3, must_be="done", got=tree(file("rubbish")))

    assert judge(story.history()).findings == ()

    story.drill(3, must_be="done", done=REFUSED)

    assert codes(judge(story.history())) == ["restore-refused"]


def test_drills_of_one_entry_that_were_refused_are_one_finding() -> None:
    story = nights()
    story.drill(1, done=REFUSED, name="all nights")
    story.drill(2, done=call("restore", status=1, name="generic"), name="all nights")
    story.drill(3, name="all nights")

    found = only(judge(story.history()))

    assert found.subject == "all nights"
    assert found.evidence["statuses"] == {"21 mismatched_hash": 1, "1 generic": 1}
    assert found.restore_points == (day(1), day(2))


def test_one_refused_path_does_not_hide_another_that_is_wrong() -> None:
    story = nights()
    story.trees.targets["wrong"] = (file(".", "rubbish", mtime_ns=int(day(3).timestamp()) * 10**9),)
    story.drill(
        3,
        restored=[
            Restored(path="etc/hosts", call=REFUSED, tree="", paths=0),
            Restored(path="etc/motd", call=call("restore"), tree="wrong", paths=1),
        ],
    )

    judgement = judge(story.history())

    assert codes(judgement) == ["digest-differs", "restore-refused"]
    assert judgement.drills[0].path == "/etc/hosts, /etc/motd"
    assert judgement.drills[0].disposition is Disposition.SILENTLY_WRONG
    assert judgement.drills[0].recovery_time_s == 3.0


def test_drill_that_restored_nothing_is_not_green() -> None:
    story = nights()
    story.drill(3, restored=[])

    judgement = judge(story.history())

    assert codes(judgement) == ["nothing-checked"]
    assert judgement.verdict is Verdict.UNVERIFIED
    assert judgement.drills[0].verdict is Verdict.UNVERIFIED


def test_point_that_retention_took_is_one_finding_of_retention() -> None:
    """A newer full is there: the status is 0, another state came back."""
    story = Story(policy=Policy(remove_older_than=timedelta(days=30)))
    first = story.backup(1)
    story.backup(2, action="full")
    story.prune(2, first)
    story.drill(1, got=nightly(2))
    story.drill(2)

    judgement = judge(story.history())

    found = only(judgement)
    assert (found.code, found.subject) == ("restore-point-gone", "2026-01-01 03:00")
    assert found.drills == ("1.1",)
    assert found.silent
    assert found.evidence["pruned_at"] == day(2).isoformat()
    assert found.evidence["action"] == "remove-older-than"
    assert [one.verdict for one in judgement.drills] == [Verdict.FAIL, Verdict.PASS]
    assert judgement.recovery_point_age_s == 0


def test_wrong_key_in_the_safe_is_not_blamed_on_the_chain() -> None:
    key = Policy(encryption="key", encrypt_key=NewKey(algorithm="ed25519"))
    gpg = call("restore", status=31, name="gpg_failed")
    story = nights(policy=key)
    story.drill(3, escrow=("secret key", "wrong passphrase"), done=gpg)
    story.drill(3, number=2, escrow=("secret key", "passphrase"), done=gpg)
    story.drill(3, number=3, escrow=(), done=REFUSED)

    found = judge(story.history()).findings

    assert [(one.code, one.subject) for one in found] == [
        ("key-not-in-escrow", "drill 1"),
        ("restore-refused", "drill 2"),
        ("restore-refused", "drill 3"),
    ]
    assert found[0].evidence["missing"] == ["passphrase"]


def test_age_is_of_the_newest_point_that_restored_everywhere() -> None:
    story = nights()
    story.drill(1)
    story.drill(3, path="etc/hosts")
    story.drill(3, done=REFUSED)

    assert judge(story.history()).recovery_point_age_s == timedelta(days=2).total_seconds()


def test_losses_of_all_drills_are_one_note_a_kind() -> None:
    fine = 1_700_000_000 * 10**9 + 1
    story = Story()
    story.backup(1, source=tree(file("a", mtime_ns=fine), file("b", mtime_ns=fine, xattrs="x")))
    story.drill(1, got=tree(file("a"), file("b")))
    story.drill(1, got=tree(file("a"), file("b")))

    found = judge(story.history()).findings

    assert [(one.code, one.subject) for one in found] == [
        ("known-loss", "sub-second-mtime"),
        ("known-loss", "xattr"),
    ]
    assert [one.evidence["count"] for one in found] == [2, 1]
    assert judge(story.history()).verdict is Verdict.PASS


def test_unreadable_restore_is_a_doubt() -> None:
    story = nights()
    story.drill(3, unreadable=[("etc/motd", "EACCES")], got=changed(3, digest="", error="EACCES"))

    judgement = judge(story.history())

    assert [(one.code, one.subject) for one in judgement.findings] == [
        ("truth-incomplete", "/etc/motd")
    ]
    assert judgement.drills[0].verdict is Verdict.UNVERIFIED


def test_time_that_no_calendar_knows_is_told_all_the_same() -> None:
    story = nights()
    story.drill(3, got=changed(3, mtime_ns=2**62 * 1000))

    assert codes(judge(story.history())) == ["mtime-differs"]


def test_hostile_names_are_carried_as_they_are() -> None:
    name = "a\n\x1b[31m\udcff"
    story = Story()
    story.backup(1, source=tree(file(name)))
    story.drill(1, got=tree(file("b")))

    found = judge(story.history()).findings

    assert {one.code: one.subject for one in found} == {
        "missing-path": f"/{name}",
        "extra-path": "/b",
    }
