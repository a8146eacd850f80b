"""An evil duplicity is caught with exactly the code of its deed; a sound one gives none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.bench import codes, drill, opened
from support.evil import AFTER_RESTORE, INSTEAD, make

from drtest.duplicity.versions import Duplicity
from drtest.model.events import DrillFinished
from drtest.model.scenario import (
    DEFAULT_START,
    AtEach,
    AtInstant,
    Backup,
    DatedStep,
    Drill,
    FileSet,
    Mutate,
    Mutation,
    Policy,
    Scenario,
    Share,
    Size,
    Symlink,
)
from drtest.model.verdict import Verdict
from drtest.runner.bench import Bench

NIGHT = timedelta(days=1)
SECOND_NIGHT = DEFAULT_START + NIGHT

EXPECTED = {
    "drops a file": "missing-path",
    "adds a file": "extra-path",
    "flips a byte": "digest-differs",
    "cuts a file short": "digest-differs",
    "changes a mode": "mode-differs",
    "changes an mtime": "mtime-differs",
    "changes an owner": "owner-differs",
    "changes a link": "link-target-differs",
    "makes a file a folder": "type-differs",
    "swaps two files": "digest-differs",
    "restores half": "missing-path",
    "restores another point": "wrong-point-restored",
    "says success and restores nothing": "nothing-restored",
    "refuses to restore": "restore-refused",
    "says success and backs nothing up": "nothing-backed-up",
    "fails at a backup": "backup-failed",
    "hangs": "action-hung",
    "fills stderr and stdout": None,
    "does nothing evil": None,
}


def two_nights(*, time_limit: timedelta = timedelta(minutes=10)) -> Scenario:
    """A full and an incremental; the second night is restored."""
    backup_twice = (
        DatedStep(index=1, at=DEFAULT_START, step=Backup(action="full")),
        DatedStep(index=2, at=SECOND_NIGHT, step=Mutate()),
        DatedStep(index=3, at=SECOND_NIGHT, step=Backup()),
    )
    return Scenario(
        name="two nights",
        why="The smallest chain that has a restore point before its newest.",
        source=(
            FileSet(
                path="/srv/www",
                files=12,
                size=Size(shape="uniform", low_bytes=2000, high_bytes=9000),
            ),
            Symlink(path="/srv/current", target="www"),
        ),
        mutate=(Mutation(verb="edit", targets=(Share(of_files=0.2),)),),
        policy=Policy(encryption="none"),
        steps=backup_twice,
        drills=(Drill(number=1, at=(AtInstant(instant=SECOND_NIGHT),)),),
        time_limit=time_limit,
    )


@pytest.fixture(scope="module")
def bench(duplicity: Duplicity) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder,
        opened(duplicity, Path(folder)) as ready,
    ):
        yield ready


@pytest.mark.parametrize("deed", [*AFTER_RESTORE, *INSTEAD])
def test_each_deed_gives_exactly_its_code(
    deed: str, bench: Bench, duplicity: Duplicity, tmp_path: Path
) -> None:
    if deed == "changes an owner" and os.getuid() != 0:
        pytest.skip("only root can give a file away")
    scenario = two_nights(time_limit=timedelta(seconds=12 if deed == "hangs" else 600))
    evil = make(duplicity, deed, tmp_path)

    _, result = drill(bench, scenario, tmp_path, duplicity=evil)

    code = EXPECTED[deed]
    assert codes(result) == ([] if code is None else [code])
    assert result.verdict is (Verdict.PASS if code is None else Verdict.FAIL)


def test_every_deed_has_an_expected_code() -> None:
    assert set(EXPECTED) == {*AFTER_RESTORE, *INSTEAD}


def test_silently_wrong_is_said(bench: Bench, duplicity: Duplicity, tmp_path: Path) -> None:
    evil = make(duplicity, "flips a byte", tmp_path)
    _, result = drill(bench, two_nights(), tmp_path, duplicity=evil)
    (finding,) = [one for one in result.judgement.findings if one.code == "digest-differs"]
    assert finding.silent
    assert [one.disposition.value for one in result.judgement.drills] == ["silently-wrong"]


def test_one_deed_at_several_points_is_one_finding(
    bench: Bench, duplicity: Duplicity, tmp_path: Path
) -> None:
    import dataclasses

    scenario = dataclasses.replace(two_nights(), drills=(Drill(number=1, at=(AtEach(),)),))
    evil = make(duplicity, "drops a file", tmp_path)
    events, result = drill(bench, scenario, tmp_path, duplicity=evil)
    assert sum(isinstance(event, DrillFinished) for event in events) == 2
    (finding,) = [one for one in result.judgement.findings if one.code == "missing-path"]
    assert len(finding.restore_points) == 2
