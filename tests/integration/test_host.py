"""Drills as another machine, by real duplicity: what changes, and what is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.bench import codes, drill, opened

from drtest.duplicity.versions import Duplicity
from drtest.model.events import DrillFinished, ScenarioFinished
from drtest.model.host import Host
from drtest.model.scenario import (
    AtEach,
    Backup,
    DatedStep,
    Drill,
    FileSet,
    Policy,
    Prune,
    Scenario,
    Size,
    Zoo,
)

WWW = FileSet(path="/srv/www", files=3, size=Size(shape="fixed", low_bytes=99, high_bytes=99))


def restored_as(host: Host, *options: str) -> Scenario:
    return Scenario(
        name="another machine",
        why="It is seldom the same.",
        source=(WWW, Zoo(path="/zoo", things=("unicode", "setuid"))),
        drills=(Drill(number=1, host=host, options=options),),
    )


@pytest.mark.needs("root", "gpg")
def test_an_ordinary_user_is_judged_as_one(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    short_tmp.chmod(0o711)
    with opened(duplicity, short_tmp) as bench:
        nobody = Host(user="nobody")
        events, refused = drill(bench, restored_as(nobody), tmp_path / "refused")
        more, given_up = drill(
            bench, restored_as(nobody, "--no-restore-ownership"), tmp_path / "given-up"
        )
        left = sorted(path.name for path in bench.workspace.root.iterdir())
    finished = [one for one in (*events, *more) if isinstance(one, DrillFinished)]
    assert [one.is_root for one in finished] == [False, False]
    assert all(one.host == "user nobody" and one.host in one.what for one in finished)
    # chown comes first and is refused: mode and mtime are never set, and the status is 0.
    assert {"mode-differs", "mtime-differs"} <= set(codes(refused))
    assert "owner-differs" not in codes(refused)
    assert codes(given_up) == []
    assert not [name for name in left if name.startswith("s1-") or name.endswith("g1.1")]


@pytest.mark.needs("root", "gpg")
@pytest.mark.parametrize(
    "host",
    [Host(hostname="rescue"), Host(timezone="Europe/Berlin", umask=0o077, lang="C")],
    ids=str,
)
def test_another_machine_changes_nothing_of_a_restore(
    host: Host, duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    with opened(duplicity, short_tmp) as bench:
        _, result = drill(bench, restored_as(host), tmp_path)
    assert codes(result) == []
    assert result.judgement.drills[0].what.endswith(str(host))


@pytest.mark.needs("root", "gpg")
def test_a_workspace_that_the_user_cannot_reach_is_unverified(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    short_tmp.chmod(0o700)
    with opened(duplicity, short_tmp) as bench:
        _, result = drill(bench, restored_as(Host(user="nobody")), tmp_path)
    (found,) = [one for one in result.judgement.findings if one.severity.value == "unverified"]
    assert (found.code, found.subject) == ("capability-missing", "host: user")
    assert "--work" in found.message


@pytest.mark.needs("gpg")
def test_what_the_machine_cannot_do_is_unverified(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    host = Host(user="nobody-of-this-name", umask=0o022)
    with opened(duplicity, short_tmp) as bench:
        _, result = drill(bench, restored_as(host), tmp_path)
    assert codes(result) == ["capability-missing"]
    assert result.verdict.value == "UNVERIFIED"


@pytest.mark.needs("gpg")
def test_only_the_drill_that_cannot_be_run_is_unverified(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    night = datetime(2026, 1, 1, 3, tzinfo=UTC)
    steps = tuple(
        DatedStep(index=index, at=night + timedelta(days=index), step=step)
        for index, step in enumerate((Backup(action="full"), Backup(), Prune(force=True)), start=1)
    )
    drills = (
        Drill(number=1, name="in Qo'noS", at=(AtEach(),), host=Host(lang="tlh_QO.UTF-8"), line=9),
        Drill(number=2, at=(AtEach(),)),
        Drill(number=3, when="after each prune", host=Host(user="nobody-of-this-name"), line=11),
        Drill(number=4, host=Host(umask=0o022)),
    )
    scenario = Scenario(
        name="one of four",
        why="The others say what they can.",
        source=(WWW,),
        policy=Policy(encryption="none", remove_all_but_n_full=1),
        steps=steps,
        drills=drills,
    )
    with opened(duplicity, short_tmp) as bench:
        events, result = drill(bench, scenario, tmp_path)
    assert isinstance(events[-1], ScenarioFinished)
    assert [one.label for one in result.judgement.drills] == ["2.1", "2.2", "4.1"]
    assert {one.verdict.value for one in result.judgement.drills} == {"PASS"}
    doubts = [one for one in result.judgement.findings if one.severity.value == "unverified"]
    assert [(one.code, one.subject, one.line) for one in doubts] == [
        ("capability-missing", "host: lang", 9),
        ("capability-missing", "host: user", 11),
    ]
    assert "Drill 1 (in Qo'noS) was not run" in doubts[0].message
    assert result.verdict.value == "UNVERIFIED"
