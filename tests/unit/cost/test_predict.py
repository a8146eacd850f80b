"""Predictions against counts that real runs had: duplicity 3.2.1 on moto, through the gateway."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from drtest.cost.habits import habits
from drtest.cost.predict import predict
from drtest.cost.rehearsal import NEAR_A_LIMIT
from drtest.cost.source import FileGroup, SourceShape
from drtest.model.bill import compare
from drtest.model.rule import Rule
from drtest.model.scenario import (
    DEFAULT_START,
    AtEach,
    AtOldest,
    Backup,
    Change,
    CopyOf,
    Count,
    DatedStep,
    Drill,
    FileSet,
    LiteralFile,
    Lose,
    Mutate,
    Mutation,
    NewKey,
    Objectives,
    OneFile,
    Paths,
    Policy,
    Prune,
    Scenario,
    Share,
    Size,
    Step,
)
from drtest.model.traffic import Totals

DAY = timedelta(days=1)
EDIT = Mutation(verb="edit", targets=(Share(of_files=0.05),))
WEB = FileSet(
    path="/srv/www", files=40, size=Size(shape="about", low_bytes=4096, high_bytes=262_144)
)
MEDIA = FileSet(
    path="/srv/m",
    files=4,
    size=Size(shape="fixed", low_bytes=2**20, high_bytes=2**20),
    kind="random",
)


def calendar(*parts: Step | timedelta) -> tuple[DatedStep, ...]:
    at, steps = DEFAULT_START, []
    for part in parts:
        if isinstance(part, timedelta):
            at += part
        else:
            steps.append(DatedStep(index=len(steps) + 1, at=at, step=part))
    return tuple(steps)


def scenario(*parts: Step | timedelta, **more: object) -> Scenario:
    words: dict[str, object] = {
        "name": "x",
        "why": "y",
        "source": (WEB, MEDIA),
        "mutate": (EDIT,),
        "steps": calendar(*parts),
        **more,
    }
    return Scenario(**words)  # type: ignore[arg-type]


def full(uploads: int = 3, heads: int = 1, lists: int = 2, **more: int) -> dict[str, int]:
    return {
        "HeadBucket": 1,
        "ListObjects": lists,
        "PutObject": uploads,
        "HeadObject": heads,
        **more,
    }


def drill(objects: int) -> dict[str, int]:
    return {"HeadBucket": 1, "ListObjects": 3, "HeadObject": objects, "GetObject": objects}


LONG = (
    Backup(),
    DAY,
    Mutate(),
    Backup(),
    DAY,
    Mutate(),
    Backup(action="incremental"),
    DAY,
    Backup(action="full"),
    DAY,
    Prune(force=False),
    Prune(),
    Mutate(),
    Backup(),
    20 * DAY,
    Mutate(),
    Backup(),
    Prune(),
    Lose(what="archive dir"),
    DAY,
    Backup(),
)
INCREMENTAL = full(heads=2, GetObject=1)
# Seen in the request log of this scenario, with --no-encryption and with a passphrase alike.
SEEN = {
    "1": full(lists=3),
    "3": INCREMENTAL,
    "5": INCREMENTAL,
    "6": full(),
    "7": {"HeadBucket": 1, "ListObjects": 1},
    "8": {"HeadBucket": 1, "ListObjects": 5, "DeleteObject": 9},
    "10": INCREMENTAL,
    "12": full(lists=3),
    "13": {"HeadBucket": 1, "ListObjects": 4, "DeleteObject": 6},
    "15": full(lists=3, heads=4, GetObject=3),
    "drill 1.1": drill(5),
    "drill 1.2": drill(6),
    "drill 2.1": drill(5),
    "drill 2.2": drill(5),
}
# ... and of the one that encrypts to a key without signing, at volsize 1.
SEEN_KEY = {
    "1": full(7, 5, 3),
    "3": full(),
    "5": full(),
    "6": full(7, 5),
    "7": {"HeadBucket": 1, "ListObjects": 1},
    "8": {"HeadBucket": 1, "ListObjects": 5, "DeleteObject": 13},
    "10": full(),
    "12": full(7, 5, 3),
    "13": {"HeadBucket": 1, "ListObjects": 4, "DeleteObject": 10},
    "15": {"HeadBucket": 1, "ListObjects": 2, "HeadObject": 1, "GetObject": 1},
    "drill 1.1": drill(7),
    "drill 2.1": drill(3),
}
AT_THE_END = Objectives(real_size=True)  # as these were seen: no drill is begun before
DRILLS = (
    Drill(number=1, at=(AtEach(),)),
    Drill(number=2, restore=OneFile(), at=(AtEach(),)),
)


def policy(encryption: str, volsize_mib: int) -> Policy:
    key = NewKey(algorithm="rsa2048") if encryption == "key" else None
    return Policy(
        encryption=encryption,  # type: ignore[arg-type]
        encrypt_key=key,
        volsize_mib=volsize_mib,
        full_if_older_than=10 * DAY,
        remove_all_but_n_full=1,
    )


@pytest.mark.parametrize(
    ("encryption", "volsize_mib", "seen"),
    [("none", 5, SEEN), ("passphrase", 5, SEEN), ("key", 1, SEEN_KEY)],
)
def test_a_long_calendar_is_predicted_to_the_request(
    encryption: str, volsize_mib: int, seen: dict[str, dict[str, int]]
) -> None:
    prediction = predict(
        scenario(
            *LONG,
            policy=policy(encryption, volsize_mib),
            drills=DRILLS,
            objectives=AT_THE_END,
        ),
        duplicity_version="3.2.1",
    )
    assert {step.step: step.operations for step in prediction.steps} == seen


# Debian's 0.8.22 with boto3 1.26.27, --no-encryption at volsize 5 and no full-if-older-than.
OLD_INCREMENTAL = full(heads=3, GetObject=1)
SEEN_OLD = {
    "1": full(lists=3, heads=2),
    "3": OLD_INCREMENTAL,
    "5": OLD_INCREMENTAL,
    "6": full(lists=3, heads=2),
    "7": {"HeadBucket": 1, "ListObjects": 1},
    "8": {"HeadBucket": 1, "ListObjects": 2, "DeleteObject": 9},
    "10": OLD_INCREMENTAL,
    "12": OLD_INCREMENTAL,
    "13": {"HeadBucket": 1, "ListObjects": 1},
    "15": full(lists=3, heads=9, GetObject=7),
    "drill 1.1": drill(9),
    "drill 1.2": drill(10),
    "drill 1.3": drill(11),
    "drill 1.4": drill(12),
}


def test_the_old_duplicity_is_predicted_to_the_request() -> None:
    prediction = predict(
        scenario(
            *LONG,
            policy=Policy(encryption="none", volsize_mib=5, remove_all_but_n_full=1),
            drills=DRILLS[:1],
            objectives=AT_THE_END,
        ),
        duplicity_version="0.8.22",
    )
    assert {step.step: step.operations for step in prediction.steps} == SEEN_OLD


def test_it_says_which_steps_are_exact() -> None:
    small = predict(
        scenario(*LONG, policy=policy("none", 5), drills=DRILLS), duplicity_version="3.2.1"
    )
    assert {step.step for step in small.steps if step.why_estimate} == {"drill 2.2"}
    large = predict(scenario(Backup(), policy=policy("none", 1)), duplicity_version="3.2.1")
    assert large.why_estimates("backup") == (NEAR_A_LIMIT,)


def test_bytes_are_close_to_those_of_the_run() -> None:
    prediction = predict(
        scenario(*LONG, policy=policy("passphrase", 5), drills=DRILLS), duplicity_version="3.2.1"
    )
    assert prediction.uploaded_bytes == pytest.approx(12_982_505, rel=0.03)
    assert prediction.downloaded_bytes == pytest.approx(17_361_895, rel=0.03)


def test_the_restores_of_one_drill_share_an_archive_dir() -> None:
    etc = tuple(LiteralFile(path=f"/etc/{name}", content=name) for name in "ab")
    prediction = predict(
        scenario(
            Backup(),
            source=etc,
            drills=(Drill(number=1, restore=Paths(paths=("/etc/a", "/etc/b"))),),
        ),
        duplicity_version="3.2.1",
    )
    assert prediction.by_phase["drill"] == {
        "HeadBucket": 2,
        "ListObjects": 5,
        "HeadObject": 4,
        "GetObject": 4,
    }
    assert prediction.is_exact


def test_each_retention_rule_is_a_process_of_its_own() -> None:
    both = Policy(remove_older_than=30 * DAY, remove_all_inc_of_but_n_full=1)
    prediction = predict(
        scenario(
            Backup(action="full"), DAY, Mutate(), Backup(), DAY, Backup(action="full"), Prune(),
            policy=both,
        ),
        duplicity_version="3.2.1",
    )  # fmt: skip
    # remove-older-than finds nothing; the other takes the incremental and leaves its full.
    assert prediction.by_phase["prune"] == {"HeadBucket": 2, "ListObjects": 4, "DeleteObject": 3}


def test_a_large_volume_is_uploaded_in_parts_and_restored_in_ranges() -> None:
    shape = SourceShape(
        groups=(
            FileGroup(
                files=60,
                mean_bytes=2**20,
                ratio=1.0,
                delta_bytes=0,
                append_bytes=0,
                largest_bytes=2**20,
            ),
        )
    )
    prediction = predict(
        scenario(
            Backup(action="full"),
            policy=Policy(encryption="none", volsize_mib=25),
            drills=(Drill(number=1, at=(AtOldest(),)),),
        ),
        duplicity_version="3.2.1",
        source=shape,
    )
    assert prediction.by_phase["full"] == {
        "HeadBucket": 1,
        "ListObjects": 2,
        "CreateMultipartUpload": 2,
        "UploadPart": 4,
        "CompleteMultipartUpload": 2,
        "PutObject": 3,
        "HeadObject": 3,
    }
    assert prediction.by_phase["drill"]["GetObject"] == 4 + 4 + 2 + 2
    assert not prediction.is_exact


def test_an_incremental_without_a_full_makes_nothing() -> None:
    prediction = predict(scenario(Backup(action="incremental")), duplicity_version="3.2.1")
    assert prediction.by_phase == {"incremental": {"HeadBucket": 1, "ListObjects": 2}}


def test_options_count() -> None:
    def counts(*options: str) -> dict[str, int]:
        found = predict(
            scenario(
                Backup(action="full"), DAY, Backup(), policy=Policy(options=options), drills=()
            ),
            duplicity_version="3.2.1",
        )
        return found.by_phase["backup"]

    assert counts() == full(heads=2, GetObject=1)
    assert counts("--skip-if-no-change")["HeadObject"] == 1
    assert "PutObject" not in counts("--skip-if-no-change")
    assert counts("--jsonstat")["PutObject"] == 4
    assert "ListObjects" not in counts("--no-check-remote")
    assert counts("--concurrency", "2")["HeadBucket"] == 2
    assert counts("--concurrency=2")["HeadBucket"] == 2


def test_what_is_not_known_is_said() -> None:
    rules = Policy(select=(Rule(action="exclude", pattern="**.log"),))
    copied = scenario(Backup(), source=(CopyOf(path="/srv", of="/home"),))
    for case, word in ((scenario(Backup(), policy=rules), "rules"), (copied, "/srv")):
        prediction = predict(case, duplicity_version="3.2.1")
        assert word in prediction.why_estimates("backup")[0]


def test_the_source_grows_with_the_calendar() -> None:
    add = Mutation(verb="add", targets=(Count(files=4),))
    parts = [part for _ in range(10) for part in (Mutate(), DAY)]
    prediction = predict(
        scenario(*parts, Backup(), source=(MEDIA,), mutate=(add,)), duplicity_version="3.2.1"
    )
    assert prediction.uploaded_bytes == pytest.approx(44 * 2**20, rel=0.03)


def test_comparison_shows_both_sides_of_each_phase() -> None:
    prediction = predict(scenario(Backup(), drills=()), duplicity_version="3.2.1")
    metered = Totals(by_phase={"backup": full(lists=3), "prune": {"ListObjects": 1}})
    backup, prune = compare(prediction, metered)
    assert backup.is_met and backup.deviation == 0
    assert not prune.is_met and prune.predicted == {}
    assert prune.deviation == -1


def test_from_a_loss_on_everything_is_an_estimate() -> None:
    prediction = predict(
        scenario(Backup(), DAY, Lose(what="secret key"), Backup()), duplicity_version="3.2.1"
    )
    first, second, restore = prediction.steps
    assert not first.why_estimate
    assert second.why_estimate == restore.why_estimate == "the secret key is lost"


def test_from_a_change_of_keys_on_everything_is_an_estimate() -> None:
    prediction = predict(
        scenario(Backup(), DAY, Change(what="passphrase"), Backup()), duplicity_version="3.2.1"
    )
    first, second, restore = prediction.steps
    assert not first.why_estimate
    assert second.why_estimate == restore.why_estimate == "keys or passphrases change on the way"


@pytest.mark.parametrize(
    ("has_passphrase", "sign", "reads", "syncs"),
    [
        (True, "same", True, True),
        (True, None, False, False),
        # Metered: the PASSPHRASE is empty, so nothing is read back; and it opens what is fetched.
        (False, "same", False, True),
        (False, None, False, True),
    ],
)
def test_what_a_key_lets_duplicity_read(
    has_passphrase: bool, sign: Literal["same"] | None, reads: bool, syncs: bool
) -> None:
    key = NewKey(algorithm="ed25519", has_passphrase=has_passphrase)
    policy = Policy(encryption="key", encrypt_key=key, sign_key=sign)
    found = habits(policy, duplicity_version="3.2.1")
    assert (found.reads_last_manifest, found.can_sync_when_cold) == (reads, syncs)


def test_two_backups_within_one_second_are_no_fair_trial() -> None:
    prediction = predict(scenario(Backup(), Backup()), duplicity_version="3.2.1")
    assert "one second" in prediction.steps[1].why_estimate


ASKED = {"HeadBucket": 1, "ListObjects": 2}
AT_FIRST_METADATA = {**ASKED, "HeadObject": 1, "GetObject": 1}


@pytest.mark.parametrize(
    ("encryption", "escrow", "want"),
    [
        ("passphrase", frozenset(), ASKED),
        ("passphrase", {"wrong passphrase"}, AT_FIRST_METADATA),
        ("passphrase", {"passphrase"}, drill(3)),
        ("key", {"secret key"}, ASKED),
        ("key", {"passphrase"}, AT_FIRST_METADATA),
        ("key", {"secret key", "passphrase"}, drill(3)),
        ("none", frozenset(), drill(3)),
    ],
)
def test_what_is_in_escrow_decides_how_far_a_restore_gets(
    encryption: str, escrow: set[str], want: dict[str, int]
) -> None:
    drills = (Drill(number=1, escrow=frozenset(escrow)),)  # type: ignore[arg-type]
    prediction = predict(
        scenario(Backup(), policy=policy(encryption, 50), drills=drills), duplicity_version="3.2.1"
    )
    assert prediction.by_phase["drill"] == want
    assert bool(prediction.why_estimates("drill")) == (want != drill(3))


def test_a_drill_that_must_be_refused_is_an_estimate() -> None:
    drills = (Drill(number=1, must_be="refused"),)
    prediction = predict(scenario(Backup(), drills=drills), duplicity_version="3.2.1")
    assert "refused" in prediction.why_estimates("drill")[0]
