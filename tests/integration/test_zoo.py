"""Every thing of the zoo through real duplicity: it comes back, or is lost as predicted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from support.bench import codes, drill, opened

from drtest import workload
from drtest.duplicity.versions import Duplicity, find
from drtest.model.events import DrillFinished
from drtest.model.scenario import Scenario, Zoo
from drtest.model.zoo import THINGS, Need
from drtest.oracle.diff import diff
from drtest.oracle.trees import TreeStore

ZOO = Scenario(name="zoo", why="Odd things.", source=(Zoo(path="/zoo"),))


def losses_by_thing(duplicity: Duplicity, folder: Path, archive: Path) -> dict[str, set[str]]:
    with opened(duplicity, folder) as bench:
        events, result = drill(bench, ZOO, archive)
    assert codes(result) == []
    assert result.verdict.value == "PASS"
    assert result.left_out == ()
    (finished,) = [event for event in events if isinstance(event, DrillFinished)]
    trees = TreeStore(archive / "trees")
    assert finished.truth is not None
    found: dict[str, set[str]] = {thing: set() for thing in THINGS}
    for one in diff(
        trees.truth(finished.truth), trees.restored(finished.restored[0].tree), as_root=True
    ):
        assert one.code == "known-loss"
        found[one.path.split("/")[1]].add(one.kind)
    return found


@pytest.mark.needs("root", "gpg")
def test_each_thing_is_lost_in_the_predicted_shape(
    duplicity: Duplicity, short_tmp: Path, tmp_path: Path
) -> None:
    found = losses_by_thing(duplicity, short_tmp, tmp_path)
    assert found == {thing: set(known.losses) for thing, known in THINGS.items()}


@pytest.mark.needs("root", "gpg", "duplicity-0.8")
def test_an_old_duplicity_loses_the_same(short_tmp: Path, tmp_path: Path) -> None:
    found = losses_by_thing(find("system", cache=tmp_path), short_tmp, tmp_path)
    assert found == {thing: set(known.losses) for thing, known in THINGS.items()}


@pytest.mark.needs("gpg")
@pytest.mark.parametrize("by_name", [False, True])
def test_what_the_machine_cannot_give_is_left_out_and_told(
    by_name: bool,
    duplicity: Duplicity,
    short_tmp: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = workload.lacks  # an ordinary user has more to leave out

    def lacks(folder: Path) -> dict[Need, str]:
        return {**given(folder), "device nodes": "not permitted"}

    monkeypatch.setattr(workload, "lacks", lacks)
    things = ("device", "fifo") if by_name else None
    scenario = replace(ZOO, source=(Zoo(path="/zoo", things=things),))
    with opened(duplicity, short_tmp) as bench:
        _, result = drill(bench, scenario, tmp_path)
    if by_name:
        (found,) = [one for one in result.judgement.findings if one.severity.value == "unverified"]
        assert (found.code, found.subject) == ("capability-missing", "/zoo/device")
        assert result.left_out == ()
    else:
        assert codes(result) == []
        assert "/zoo/device: needs device nodes: not permitted" in result.left_out
        assert len(result.left_out) == 1 or os.geteuid() != 0
    truth = TreeStore(tmp_path / "trees").truth(0)
    kinds = {one.type for one in truth}
    assert "fifo" in kinds and "char" not in kinds
