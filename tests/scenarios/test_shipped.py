"""The shipped scenarios give what their heads say, through the command that the README names."""

from __future__ import annotations

from pathlib import Path

from support.documents import problems
from support.shell import drtest

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def test_all_shipped_scenarios_are_as_expected(tmp_path: Path, short_tmp: Path) -> None:
    said = drtest(
        "run", str(SCENARIOS), "--json", "--work", str(short_tmp), cwd=tmp_path, timeout_s=900
    )
    assert said.status == 0, said.err
    document = said.document
    assert problems(document) == []
    assert all(one["as_expected"] for one in document["scenarios"])
    assert {one["verdict"] for one in document["scenarios"]} == {"PASS", "FAIL"}
    assert document["verdict"] == "PASS"
    assert list(short_tmp.iterdir()) == []


def test_the_2012_post_fails_for_its_typing_mistakes_alone(tmp_path: Path, short_tmp: Path) -> None:
    said = drtest(
        "run", str(SCENARIOS / "blog-2012.yaml"), "--json", "--work", str(short_tmp), cwd=tmp_path
    )
    (scenario,) = said.document["scenarios"]
    failures = [
        (one["code"], one["subject"])
        for one in scenario["findings"]
        if one["severity"] == "failure"
    ]
    assert sorted(failures) == [
        ("include-matches-nothing", "/var/lib/mysqll"),
        ("include-matches-nothing", "/var/ww"),
        ("protected-not-selected", "/var/lib/mysql"),
        ("protected-not-selected", "/var/www"),
    ]
