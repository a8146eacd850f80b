"""What can be wrong around a run is a clear error or UNVERIFIED; never PASS, never a FAIL."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bench import codes, drill, opened
from support.shell import SMALL, drtest

from drtest import api, process
from drtest.api import Options
from drtest.duplicity.versions import Duplicity
from drtest.model.scenario import FileSet, Policy, Scenario, Size
from drtest.model.verdict import Verdict

UNUSABLE = {
    "empty": ("", "no scenario in this file"),
    "binary": ("\0\1\2\3", "small.yaml"),
    "no such kind": (SMALL.replace("8 files", "{files: 8, kind: poetry}"), "poetry"),
    "volsize 0": (SMALL.replace("no-encryption: true", "volsize: 0"), "volsize"),
    "an impossible date": (SMALL.replace("2026-01-02", "2026-02-30"), "February 2026 has 28 days"),
    "time running backwards": (SMALL.replace("2026-01-02", "+0D"), "+0D"),
    "a word that is not built": (SMALL + "faults: {kill: 1}\n", "faults"),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "small.yaml").write_text(SMALL)
    return tmp_path


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_unusable_scenario_runs_nothing(what: str, place: Path) -> None:
    text, names = UNUSABLE[what]
    (place / "scenarios" / "small.yaml").write_text(text)
    said = drtest("run", "scenarios", cwd=place)
    assert said.status == 2
    assert names in said.err and "nothing was run" in said.err
    assert not (place / "reports").exists()


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (["scenarios", "-k", "no such name"], "no such name"),
        (["nowhere"], "nowhere"),
        (["scenarios", "--store", "floppy"], "floppy"),
        (["scenarios", "--duplicity", "latest"], "latest"),
        (["scenarios", "--jobs", "0"], "--jobs"),
        (["scenarios", "--drill", "9"], "--drill"),
        (["scenarios", "--reports", "/proc/reports"], "/proc/reports"),
        (["scenarios", "--no-such-option"], "--no-such-option"),
    ],
)
def test_unusable_arguments(args: list[str], names: str, place: Path) -> None:
    said = drtest("run", *args, cwd=place)
    assert said.status == 2
    assert names in said.err


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("#!/bin/sh\necho I am a teapot\n", "teapot"),
        ("#!/bin/sh\nexit 1\n", "ended with 1"),
        ("not a program\n", "is no program"),
    ],
)
def test_what_is_no_duplicity_leaves_all_unverified(
    script: str, names: str, place: Path, short_tmp: Path
) -> None:
    program = place / "duplicity"
    program.write_text(script)
    program.chmod(0o755 if script.startswith("#!") else 0o644)
    said = drtest("run", "--duplicity", str(program), "--work", str(short_tmp), cwd=place)
    assert said.status == 3
    told = " ".join(said.out.split())  # wherever the lines are broken
    assert "UNVERIFIED" in told and "tool-missing" in told and names in told
    assert said.out.rstrip().endswith("exit 3")
    (folder,) = (place / "reports").iterdir()
    document = json.loads((folder / "run.json").read_text())
    assert [one["verdict"] for one in document["scenarios"]] == ["UNVERIFIED"]


def test_without_gpg_all_is_unverified(
    place: Path, monkeypatch: pytest.MonkeyPatch, short_tmp: Path
) -> None:
    bare = place / "bin"
    bare.mkdir()
    monkeypatch.setattr(process, "SYSTEM_PATH", str(bare))
    done = api.run(Options(paths=(place / "scenarios",), reports=place / "reports", work=short_tmp))
    assert done.exit_status == 3
    assert done.result.scenarios[0].judgement.findings[0].code == "tool-missing"
    assert done.result.verdict is Verdict.UNVERIFIED


@pytest.fixture
def small_disk(short_tmp: Path) -> Iterator[Path]:
    """A file system of 64 MiB, mounted where gpg-agent's socket fits."""
    disk = short_tmp / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True
    )
    if made.returncode:
        pytest.fail(f"cannot mount: {made.stderr.decode()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.needs("root")
def test_a_run_that_would_not_fit_is_not_begun(place: Path, small_disk: Path) -> None:
    said = drtest("run", "--work", str(small_disk), cwd=place)
    assert said.status == 3
    assert "out-of-space" in said.out and "--work" in said.out
    assert list(small_disk.iterdir()) == []


@pytest.mark.needs("root")
def test_a_disk_that_fills_up_is_no_failure_of_the_backup(
    small_disk: Path, duplicity: Duplicity, tmp_path: Path
) -> None:
    scenario = Scenario(
        name="too big",
        why="Two copies of the source do not fit.",
        source=(
            FileSet(
                path="/srv",
                files=1,
                size=Size(shape="fixed", low_bytes=40 << 20, high_bytes=40 << 20),
                kind="random",
            ),
        ),
        policy=Policy(encryption="none", volsize_mib=5),
    )
    with opened(duplicity, small_disk) as bench:
        _, result = drill(bench, scenario, tmp_path)
    assert result.verdict is Verdict.UNVERIFIED
    assert codes(result)[0] in {"out-of-space", "store-failed"}  # whoever met it first


def test_a_run_can_be_stopped_before_it_begins(place: Path, short_tmp: Path) -> None:
    stop = threading.Event()
    stop.set()
    done = api.run(
        Options(paths=(place / "scenarios",), reports=place / "reports", work=short_tmp), stop=stop
    )
    assert done.exit_status == 130
    assert done.result.verdict is Verdict.UNVERIFIED
    assert list(short_tmp.iterdir()) == []


def test_a_source_that_cannot_be_built_as_said_is_unverified(place: Path, short_tmp: Path) -> None:
    text = SMALL.replace("do: [mutate, backup]", "do: [mutate: {delete: /srv/www/gone}, backup]")
    (place / "scenarios" / "small.yaml").write_text(text)
    said = drtest("run", "--work", str(short_tmp), cwd=place)
    assert said.status == 3
    assert "/srv/www/gone" in said.out
