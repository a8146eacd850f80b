"""A source that changes while real duplicity reads it, at a counted request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.bench import codes, drill, opened

from drtest.duplicity.versions import Duplicity, find
from drtest.model.events import SourceChanged, ToxicSeen
from drtest.model.scenario import (
    AtInstant,
    AtNewest,
    Backup,
    DatedStep,
    Drill,
    During,
    FileSet,
    Mutation,
    PathTarget,
    Policy,
    Scenario,
    Size,
)
from drtest.model.toxic import When

FIRST, SECOND = datetime(2026, 1, 1, 3, tzinfo=UTC), datetime(2026, 1, 2, 3, tzinfo=UTC)
MIB = 1 << 20


def story(*verbs: str, nth: int = 2, sent_bytes: int | None = None) -> Scenario:
    mutations = tuple(
        Mutation(verb=verb, targets=(PathTarget(path="/db"),))  # type: ignore[arg-type]
        for verb in verbs
    )
    when = When(operations=("PutObject",), of="volume", nth=nth)
    if sent_bytes is not None:
        when = replace(when, nth=1, sent_bytes=sent_bytes)
    return Scenario(
        name="written to",
        why="Nobody stops it.",
        source=(
            FileSet(
                path="/db",
                files=1,
                size=Size(shape="fixed", low_bytes=3 * MIB, high_bytes=3 * MIB),
                kind="database",
                depth=0,
            ),
        ),
        policy=Policy(encryption="none", volsize_mib=1, options=("--no-compression",)),
        steps=(
            DatedStep(
                index=1,
                at=FIRST,
                step=Backup(action="full", during=During(mutations=mutations, when=when)),
            ),
            DatedStep(index=2, at=SECOND, step=Backup()),
        ),
        drills=(Drill(number=1, at=(AtInstant(instant=FIRST), AtNewest())),),
    )


def seen(scenario: Scenario, duplicity: Duplicity, work: Path, archive: Path) -> list[str]:
    with opened(duplicity, work) as bench:
        events, result = drill(bench, scenario, archive)
    assert sum(isinstance(one, SourceChanged) for one in events) == (
        0 if "toxic-never-fired" in codes(result) else 1
    )
    return codes(result)


@pytest.mark.needs("gpg")
def test_a_torn_file_is_a_warning_and_the_next_night_has_it_right(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    assert seen(story(*["edit"] * 4), duplicity, short_tmp, tmp_path) == ["changed-while-read"]


@pytest.mark.needs("gpg")
def test_bytes_say_where_it_stands_too(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    """Volumes of a mebibyte and a little: with the second one more than one is sent."""
    with opened(duplicity, short_tmp) as bench:
        events, result = drill(bench, story(*["edit"] * 4, sent_bytes=3 * MIB // 2), tmp_path)
    (toxic,) = [one for one in events if isinstance(one, ToxicSeen)]
    assert (toxic.fired, toxic.when) == (1, "PutObject of volume, with 1,572,864 bytes sent")
    assert [key.split(".")[2] for key in toxic.keys] == ["vol2"]
    assert toxic.matching_bytes > 3 * MIB
    assert codes(result) == ["changed-while-read"]


@pytest.mark.needs("gpg")
def test_bytes_that_are_never_sent_are_told(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    with opened(duplicity, short_tmp) as bench:
        _, result = drill(bench, story("edit", sent_bytes=99 * MIB), tmp_path)
    (found,) = [one for one in result.judgement.findings if one.code == "toxic-never-fired"]
    assert "4 requests of 3,1" in found.message


@pytest.mark.needs("gpg", "duplicity-0.8")
def test_an_old_duplicity_tears_it_too(short_tmp: Path, tmp_path: Path) -> None:
    old = find("system", cache=tmp_path)
    archive = tmp_path / "archive"
    archive.mkdir()
    assert seen(story(*["edit"] * 4), old, short_tmp, archive) == ["changed-while-read"]


@pytest.mark.needs("gpg")
def test_a_request_that_never_comes_changes_nothing_and_is_told(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    found = seen(story("edit", nth=99), duplicity, short_tmp, tmp_path)
    assert found == ["toxic-never-fired"]


@pytest.mark.needs("gpg")
def test_a_file_that_vanishes_meanwhile_is_no_lie(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    assert seen(story("delete"), duplicity, short_tmp, tmp_path) == []
