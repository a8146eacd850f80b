"""``drtest tune`` with real duplicity: measured and held to, told again, failed, broken off."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from support.documents import problems
from support.shell import drtest, processes

STANDARD = "aws/us-east-1/STANDARD"
# 6 MiB that do not compress: five whole volumes of 1 MiB, two of 2 MiB.
GRID = f"""\
scenario: a small grid
why: It is run at each point.
source:
  /srv/m: {{files: 24, size: 256 KiB, kind: random}}
  /srv/w: {{files: 20, size: 2 KiB}}
mutate: {{edit: 5%}}
policy: {{no-encryption: true, volsize: 2, full-if-older-than: 3D, remove-all-but-n-full: 1}}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: 5
    do: [mutate, backup, prune]
drills:
  - restore: everything
    at: [oldest promised, newest]
tune:
  volsize: [1, 4, 200]
  prices: {STANDARD}
  project: {{size: 10 GiB}}
"""


def write(folder: Path, text: str = GRID) -> None:
    (folder / "grid.yaml").write_text(text)


def document(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("reports/*/run.json")
    found: dict[str, Any] = json.loads(path.read_text())
    assert problems(found) == []
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned")
    text = GRID.replace("size: 256 KiB", "size: 512 KiB")  # 12 MiB
    write(folder, text)
    said = drtest("tune", "grid.yaml", cwd=folder)
    assert said.status == 0, said.err
    assert "model against meter  requests " in said.out
    assert "modelled             volsize 200: a full has fewer than 3 whole volumes" in said.out
    return folder


def test_each_point_is_measured_or_says_why_not(place: Path) -> None:
    told = document(place)
    assert told["verdict"] == "PASS"
    tune = told["tune"]
    points = {one["volsize_mib"]: one for one in tune["points"]}
    assert list(points) == [1, 2, 4, 200]
    assert [volsize for volsize, one in points.items() if one["is_measured"]] == [1, 2, 4]
    assert (points[2]["is_yours"], points[200]["is_default"]) == (True, True)
    run = {one["name"] for one in told["scenarios"]}
    assert {one["metered"]["title"] for one in points.values() if one["metered"]} < run
    for volsize in (1, 2, 4):
        metered = points[volsize]["metered"]
        assert metered["verdict"] == "PASS"
        assert metered["requests"] > 0
        assert metered["uploaded_bytes"] > 12 * 2**20
        assert metered["full_s"] > metered["increment_s"] > 0
    assert points[1]["metered"]["requests"] > points[4]["metered"]["requests"]
    assert all(one["preloaded"] for one in told["scenarios"])


def test_the_model_keeps_what_it_claims(place: Path) -> None:
    tune = document(place)["tune"]
    errors = [one["error"] for one in tune["points"] if one["error"]] + [tune["unseen"]]
    assert [one["volsize_mib"] for one in errors] == [2, 4, 3]
    for error in errors:
        assert error["fitted_on_mib"] == 1
        assert abs(error["requests_off"]) <= 0.02
        assert abs(error["bytes_off"]) <= 0.03
        assert error["is_within"]


def test_it_is_told_again_from_what_is_kept(place: Path) -> None:
    before = document(place)["tune"]
    said = drtest("report", cwd=place)
    assert said.status == 0, said.err
    assert "model against meter" in said.out
    assert document(place)["tune"] == before


def test_it_is_priced_otherwise_without_running_anything(place: Path) -> None:
    before = document(place)["tune"]
    said = drtest("report", "--prices", STANDARD, "--prices", "b2/all/STANDARD", cwd=place)
    assert said.status == 0, said.err
    assert "b2/all/STANDARD" in said.out
    after = document(place)["tune"]
    assert after["grid"]["prices"] == [STANDARD, "b2/all/STANDARD"]
    assert [len(one["priced"]) for one in after["points"]] == [2] * 4
    assert [one["metered"] for one in after["points"]] == [
        one["metered"] for one in before["points"]
    ]
    drtest("report", "--prices", STANDARD, cwd=place)  # as it was


def test_a_point_that_fails_its_drills_fails_the_run(tmp_path: Path) -> None:
    """The promise holds what the rules leave out: at every point the same."""
    text = GRID.replace(
        "remove-all-but-n-full: 1}",
        "remove-all-but-n-full: 1, select: [exclude: /srv/w]}\nobjectives: {protect: [/srv/w]}",
    )
    write(tmp_path, text)
    said = drtest("tune", "grid.yaml", "--volsize", "1", "--json", cwd=tmp_path)
    assert said.status == 1
    rows = {one["volsize_mib"]: one for one in said.document["tune"]["points"]}
    assert rows[1]["metered"]["counts_as"] == "FAIL"
    assert "protected-not-selected" in said.err
    (row,) = (one for one in said.err.splitlines() if one.split()[:2] == ["1", "20"])
    assert row.endswith("FAIL") or "FAIL, " in row, row


def test_what_cannot_be_verified_is_no_answer(tmp_path: Path) -> None:
    write(tmp_path, GRID.replace("tune:\n", "needs: checks-clock\ntune:\n"))
    said = drtest("tune", "grid.yaml", cwd=tmp_path)  # on moto, which does not
    assert said.status == 3
    assert "no point of the grid made a full: there is nothing to compare" in said.out.replace(
        "\n" + " " * 14, " "
    )
    assert document(tmp_path)["tune"] is None


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("/srv/m: {files: 0, size: 1 KiB}", "an empty source"),
        ("/srv/m: {files: 3, size: 100 KiB, kind: random}", "smaller than a volume"),
    ],
)
def test_a_source_that_shows_nothing_of_a_volume(tmp_path: Path, source: str, what: str) -> None:
    start, _, rest = GRID.partition("source:\n")
    rest = rest[rest.index("mutate:") :].replace("  project: {size: 10 GiB}\n", "")
    write(tmp_path, f"{start}source:\n  {source}\n{rest}")
    said = drtest("tune", "grid.yaml", "--restores-per-month", "0", cwd=tmp_path)
    assert said.status in {0, 3}, (what, said.err)
    tune = document(tmp_path)["tune"]
    assert not any(one["is_measured"] for one in tune["points"])
    assert "the source is too small" in tune["why_no_unseen"]
    assert tune["advice"][0]["matters"] is False


def test_interrupted_it_tells_what_was_finished(tmp_path: Path, short_tmp: Path) -> None:
    write(tmp_path, GRID.replace("size: 256 KiB", "size: 512 KiB"))
    said = drtest(
        "tune",
        "grid.yaml",
        "--jobs",
        "1",
        "--work",
        str(short_tmp),
        cwd=tmp_path,
        send=signal.SIGINT,
        when="reports/*/02-*/logs/*backup*.log",
    )
    assert said.status == 130
    told = document(tmp_path)
    assert told["interrupted"]
    points = {one["volsize_mib"]: one for one in told["tune"]["points"]}
    assert points[1]["is_measured"]
    assert points[2]["why_modelled"] in {
        "its run did not come to its end",
        "its run made no full",
    }
    assert "which it had not seen" not in said.out
    assert processes(str(short_tmp)) == []


def test_an_ordinary_run_does_not_act_on_the_grid(tmp_path: Path) -> None:
    write(tmp_path)
    said = drtest("run", "grid.yaml", cwd=tmp_path)
    assert said.status == 0, said.err
    told = document(tmp_path)
    assert told["tune"] is None
    assert [one["name"] for one in told["scenarios"]] == ["a small grid"]
