"""Kills and damage with real duplicity: what was held, what was stored, what drtest read of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.bench import codes, drill, opened

from drtest.duplicity.versions import Duplicity
from drtest.model.chain import Damage
from drtest.model.events import ActionFinished, ChainRecorded, ListingRecorded, ToxicSeen
from drtest.model.scenario import (
    Backup,
    DatedStep,
    FileSet,
    Harmed,
    NewKey,
    Policy,
    Scenario,
    Size,
    Step,
)
from drtest.model.toxic import Kill, Point, Toxic, When
from drtest.runner.bench import Bench
from drtest.scenario.harm import parse_objects

START = datetime(2026, 1, 1, 3, tzinfo=UTC)
PLAIN = Policy(encryption="none", volsize_mib=1)
MIB = 1 << 20

pytestmark = pytest.mark.needs("gpg")


@pytest.fixture(scope="module")
def bench(duplicity: Duplicity) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder,  # short: see short_tmp
        opened(duplicity, Path(folder)) as running,
    ):
        yield running


def story(
    name: str, *steps: Step, policy: Policy = PLAIN, files: int = 4, size: int = 700 * 1024
) -> Scenario:
    """One step a day, then a restore of everything."""
    return Scenario(
        name=name,
        why="It is harmed.",
        source=(
            FileSet(
                path="/srv",
                files=files,
                size=Size(shape="fixed", low_bytes=size, high_bytes=size),
                kind="random",
            ),
        ),
        policy=policy,
        steps=tuple(
            DatedStep(index=index, at=START + timedelta(days=index), step=step)
            for index, step in enumerate(steps, start=1)
        ),
    )


def killed(at: Point, **when: object) -> Backup:
    toxic = Toxic(does=Kill(at=at), when=When(**when))  # type: ignore[arg-type]
    return Backup(action="full", toxics=(toxic,))


@pytest.mark.parametrize("at", ["head", "body", "answered"])
def test_a_killed_backup_stops_where_it_is_held_and_is_taken_up(
    bench: Bench, tmp_path: Path, at: Point
) -> None:
    first = killed(at, operations=("PutObject",), of="volume", volume=2)
    events, result = drill(bench, story(f"killed at {at}", first, Backup()), tmp_path)
    calls = [one for one in events if isinstance(one, ActionFinished)]
    assert [(one.call.status, one.must_be) for one in calls] == [(-9, "killed"), (0, "done")]
    (seen,) = [one for one in events if isinstance(one, ToxicSeen)]
    assert (seen.matching, seen.fired, len(seen.keys)) == (1, 1, 1)
    listing = next(one for one in events if isinstance(one, ListingRecorded))
    stored = {one.key.split(".")[2] for one in listing.added}
    assert stored == ({"vol1", "vol2"} if at == "answered" else {"vol1"})
    assert codes(result) == []
    assert result.judgement.verdict.value == "PASS"


def test_a_kill_within_an_upload_leaves_it_open(bench: Bench, tmp_path: Path) -> None:
    policy = Policy(encryption="none", volsize_mib=7, s3_multipart_chunk_size_mib=5)
    first = killed("answered", operations=("UploadPart",), of="volume", volume=2)
    wanted = story("killed in an upload", first, Backup(), policy=policy, files=9, size=2 * MIB)
    _, result = drill(bench, wanted, tmp_path)
    assert codes(result) == ["upload-left-open"]
    assert result.judgement.verdict.value == "PASS"


def test_a_kill_that_nothing_fits_is_unverified(bench: Bench, tmp_path: Path) -> None:
    wanted = story("never", killed("head", operations=("PutObject",), of="volume", volume=99))
    _, result = drill(bench, wanted, tmp_path)
    assert codes(result) == ["toxic-never-fired"]
    assert result.judgement.verdict.value == "UNVERIFIED"


@pytest.mark.parametrize(
    "policy",
    [
        Policy(),
        Policy(encryption="key", encrypt_key=NewKey(algorithm="rsa2048"), sign_key="same"),
        Policy(encryption="key", encrypt_key=NewKey(algorithm="ed25519")),
    ],
    ids=["passphrase", "signed", "key"],
)
def test_encrypted_manifests_are_read_with_drtests_own_keys(
    bench: Bench, tmp_path: Path, policy: Policy
) -> None:
    wanted = story(f"read {policy.encryption} {policy.sign_key}", Backup(), Backup(), policy=policy)
    events, result = drill(bench, wanted, tmp_path)
    records = [one for one in events if isinstance(one, ChainRecorded)]
    assert [len(one.manifests) for one in records] == [1, 1]
    assert [one.problem for record in records for one in record.manifests] == ["", ""]
    hashes = {one.sha1 for record in records for one in record.volumes}
    named = {line.sha1 for record in records for one in record.manifests for line in one.volumes}
    assert hashes == named != set()
    assert codes(result) == []


def test_damage_that_no_restore_meets_is_seen_in_the_bucket(bench: Bench, tmp_path: Path) -> None:
    harm = Damage(harm="delete", objects=(parse_objects("signatures of full 1"),))
    _, result = drill(bench, story("harmed", Backup(), Backup(), Harmed(damage=harm)), tmp_path)
    assert codes(result) == ["duplicity-warned", "signatures-missing"]  # the restore warns too
    assert result.judgement.verdict.value == "PASS"


def test_without_signatures_duplicity_makes_a_full_and_says_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    """The archive dir follows the bucket: what is gone there is deleted here too."""
    harm = Damage(harm="delete", objects=(parse_objects("signatures of full 1"),))
    _, result = drill(bench, story("unsigned", Backup(), Harmed(damage=harm), Backup()), tmp_path)
    assert codes(result) == ["full-not-made", "signatures-missing"]
