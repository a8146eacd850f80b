"""docs/ci.md as it stands: its run lines, in the bare environment of a CI runner and of cron."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML
from support.shell import DRTEST, SMALL

from drtest.api.options import cache_folder

PAGE = (Path(__file__).parents[2] / "docs/ci.md").read_text()
UNWANTED = SMALL + "    must-be: refused\n"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def workflow() -> list[dict[str, object]]:
    steps = YAML(typ="safe").load(block("yaml"))["jobs"]["drill"]["steps"]
    return list(steps)


@pytest.fixture
def home(short_tmp: Path) -> Path:
    """A machine's home with a checkout in it: drtest installed, one scenario, nothing else."""
    checkout = short_tmp / "drtest"
    (checkout / "scenarios").mkdir(parents=True)
    (checkout / "scenarios/small.yaml").write_text(SMALL)
    dev = checkout / "dev"
    dev.write_text(f'#!/bin/sh\nPATH={DRTEST.parent}:$PATH\nexec "$@"\n')
    dev.chmod(0o755)
    (short_tmp / ".cache").mkdir()
    cache_folder().mkdir(parents=True, exist_ok=True)
    (short_tmp / ".cache/drtest").symlink_to(cache_folder())  # its duplicity is provisioned once
    return short_tmp


def run(line: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LOGNAME": "drill", **more}
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=home / "drtest",
        env=environment,
        text=True,
        capture_output=True,
        timeout=300,
    )


def test_the_workflow_runs_and_uploads_reports_and_no_wreck(home: Path) -> None:
    lines = [str(step["run"]) for step in workflow() if "run" in step]
    (line,) = [one for one in lines if "drtest" in one]
    summary = home / "summary.md"
    said = run(line, home, CI="true", GITHUB_STEP_SUMMARY=str(summary))
    assert said.returncode == 0, said.stderr
    upload = workflow()[-1]["with"]
    assert isinstance(upload, dict)
    paths = upload["path"].split()
    assert paths == ["reports/", "drill.xml"]
    assert all((home / "drtest" / path).exists() for path in paths)
    (report,) = (home / "drtest/reports").iterdir()
    assert {"index.html", "run.json"} <= {path.name for path in report.iterdir()}
    assert str(report.relative_to(home / "drtest") / "index.html") in said.stdout
    assert not list((home / "drtest/reports").rglob("*wreck*"))
    assert summary.read_text().startswith("## ✅ PASS")
    root = ElementTree.parse(home / "drtest/drill.xml").getroot()
    assert [suite.get("tests") for suite in root] == ["3"]


def test_cron_is_silent_when_all_is_well_and_says_all_when_not(home: Path) -> None:
    (line,) = block("cron").splitlines()
    fields = line.split(None, 5)
    assert len(fields) == 6
    assert "%" not in line  # cron would end the line there
    said = run(fields[5], home)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    (home / "drtest/scenarios/small.yaml").write_text(UNWANTED)
    said = run(fields[5], home)
    assert "restore-not-refused" in said.stdout
    assert "exit 1" in said.stdout
    root = ElementTree.parse(home / "drtest/drill.xml").getroot()
    assert list(root.iter("failure"))


def test_no_verdict_is_an_error_and_not_the_file_of_yesterday(home: Path) -> None:
    (home / "drtest/drill.xml").write_text("<testsuites/>")
    (home / "drtest/scenarios/small.yaml").write_text("scenario: [")
    said = run("./dev drtest run scenarios/ --junit drill.xml", home)
    assert said.returncode == 2
    root = ElementTree.parse(home / "drtest/drill.xml").getroot()
    assert [error.get("type") for error in root.iter("error")] == ["no-verdict"]


def test_a_report_that_cannot_be_written_costs_no_other_and_no_verdict(home: Path) -> None:
    (home / "drtest/blocked").mkdir()
    said = run("./dev drtest run scenarios/ --junit blocked --markdown drill.md --json", home)
    assert said.returncode == 70
    assert "the JunitReporter reporter broke in finish" in said.stderr
    assert json.loads(said.stdout)["verdict"] == "PASS"
    assert (home / "drtest/drill.md").read_text().startswith("## ✅ PASS")
    (report,) = (home / "drtest/reports").iterdir()
    assert (report / "index.html").is_file()
