"""JUnit XML: every reader takes it, nothing that failed or was not verified looks passed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from junitparser import JUnitXml
from support.results import FIRST_POINT, drill, run, scenario
from support.runs import RUNS, green, hostile, nothing, silent

from drtest.model.finding import Finding
from drtest.model.run import RunResult
from drtest.model.scenario import Expectation, ExpectedFinding
from drtest.model.verdict import Verdict
from drtest.report.junit import JunitReporter, junit

# The common schema (Ant's JUnit task, JUnit.xsd): element -> attributes that it must have, those
# that it may have, and its children in their order, each with how often it may come.
SCHEMA: dict[str, tuple[set[str], set[str], list[tuple[str, int, int | None]]]] = {
    "testsuites": (set(), set(), [("testsuite", 0, None)]),
    "testsuite": (
        {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"},
        {"skipped"},
        [
            ("properties", 1, 1),
            ("testcase", 0, None),
            ("system-out", 1, 1),
            ("system-err", 1, 1),
        ],
    ),
    "properties": (set(), set(), [("property", 0, None)]),
    "property": ({"name", "value"}, set(), []),
    "testcase": (
        {"name", "classname", "time"},
        set(),
        [("skipped", 0, 1), ("error", 0, 1), ("failure", 0, 1)],
    ),
    "error": ({"type"}, {"message"}, []),
    "failure": ({"type"}, {"message"}, []),
    "system-out": (set(), set(), []),
    "system-err": (set(), set(), []),
}
FORMS = {
    "timestamp": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}",
    "time": r"\d+(\.\d+)?",
    **dict.fromkeys(("id", "tests", "failures", "errors"), r"\d+"),
    **dict.fromkeys(("name", "classname", "hostname", "type"), r".+"),
}


def problems(node: ElementTree.Element) -> list[str]:
    """Where *node* is not what the common schema says."""
    if node.tag not in SCHEMA:
        return [f"{node.tag}: unknown"]
    must, may, children = SCHEMA[node.tag]
    has = set(node.keys())
    found = [f"{node.tag}: no {name}" for name in must - has]
    found += [f"{node.tag}: {name} is not known" for name in has - must - may]
    found += [
        f"{node.tag}: {name}={value!r}"
        for name, value in node.attrib.items()
        if name in FORMS and not (node.tag == "property" or re.fullmatch(FORMS[name], value))
    ]
    order = [name for name, _, _ in children]
    tags = [child.tag for child in node]
    if sorted(tags, key=lambda tag: order.index(tag) if tag in order else -1) != tags:
        found.append(f"{node.tag}: {tags} are out of order")
    for name, least, most in children:
        number = tags.count(name)
        if number < least or (most is not None and number > most):
            found.append(f"{node.tag}: {number} of {name}")
    if node.tag == "testcase" and len(tags) > 1:
        found.append("testcase: more than one outcome")
    return found + [problem for child in node for problem in problems(child)]


def suites(told: RunResult) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(junit(told)))


def outcomes(told: RunResult) -> list[tuple[str, list[str]]]:
    return [
        (case.get("name", ""), [child.tag for child in case])
        for suite in suites(told)
        for case in suite.iter("testcase")
    ]


@pytest.mark.parametrize("name", RUNS)
def test_it_holds_to_the_common_schema(name: str) -> None:
    assert problems(ElementTree.fromstring(junit(RUNS[name]()))) == []


def test_a_document_that_does_not_is_found() -> None:
    root = ElementTree.fromstring(junit(green()))
    root[0].set("mood", "good")
    root[0].remove(root[0][0])
    root[1].find("testcase").set("time", "soon")  # type: ignore[union-attr]
    assert problems(root) == [
        "testsuite: mood is not known",
        "testsuite: 0 of properties",
        "testcase: time='soon'",
    ]


@pytest.mark.parametrize("name", RUNS)
def test_a_reader_counts_what_the_suite_says(name: str, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(junit(RUNS[name]()))
    for suite in JUnitXml.fromfile(str(path)):
        found = [type(one).__name__ for case in suite for one in case.result]
        assert suite.tests == len(list(suite)) > 0
        assert (suite.failures, suite.errors) == (found.count("Failure"), found.count("Error"))
        assert "Skipped" not in found


def test_an_unexpected_failure_is_one_with_its_differences() -> None:
    told = run(scenario("a", findings=[silent()], drills=2))
    assert outcomes(told) == [
        ("calendar", []),
        ("1.1: everything at 2026-01-01 03:00", ["failure"]),
        ("1.2: everything at 2026-01-02 03:00", []),
    ]
    (failure,) = ElementTree.fromstring(junit(told)).iter("failure")
    assert failure.get("type") == "digest-differs"
    text = failure.text or ""
    assert "/srv/www/cart.php" in text
    assert "in the source blake3 9f3a819f3a81; restored blake3 41c07e41c07e" in text
    assert "scenarios/a.yaml:31\nreproduce: drtest run scenarios/a.yaml" in text


def test_what_is_about_no_restore_is_the_calendars() -> None:
    late = Finding(code="rpo-exceeded", subject="rpo", message="Too old.")
    assert outcomes(run(scenario("a", findings=[late])))[0] == ("calendar", ["failure"])


def test_an_expected_failure_passes_and_is_told() -> None:
    told = green()
    assert all(not found for _, found in outcomes(told))
    texts = [suite.findtext("system-out") for suite in suites(told)]
    assert texts == ["", "", "1 finding came as expected: duplicity resumes blindly"]


def test_an_expected_failure_that_did_not_come_is_a_failure() -> None:
    stale = Finding(code="expectation-stale", subject="expect", message="It did not come.")
    made = scenario(
        "a",
        findings=[stale],
        expected=Expectation(
            verdict=Verdict.FAIL,
            findings=(ExpectedFinding(code="digest-differs"),),
            because="b",
        ),
        counts_as=Verdict.FAIL,
        reason="expectation-stale: it did not come",
    )
    assert outcomes(run(made))[0] == ("calendar", ["failure"])


def test_unverified_is_an_error_and_never_a_skip() -> None:
    doubt = Finding(code="out-of-space", subject="disk", message="No room.", drills=("1.1",))
    told = run(scenario("a", findings=[doubt], drills=[drill(verdict=Verdict.UNVERIFIED)]))
    assert outcomes(told)[1][1] == ["error"]
    silent_doubt = run(scenario("a", counts_as=Verdict.UNVERIFIED))
    assert outcomes(silent_doubt)[0][1] == ["error"]
    assert outcomes(nothing())[0] == ("calendar", ["error"])


def test_a_run_of_nothing_is_an_error() -> None:
    assert outcomes(run()) == [("set-up", ["error"])]


def test_control_characters_are_escaped() -> None:
    text = junit(hostile())
    assert not re.search(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", text)
    assert "\\x1b[2J\\x07bell\\x00nul" in text


def test_a_run_without_a_verdict_leaves_an_error_and_not_the_file_of_yesterday(
    tmp_path: Path,
) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(junit(green()))
    reporter = JunitReporter(path)
    reporter.close()
    reporter.close()
    root = ElementTree.fromstring(path.read_text())
    assert problems(root) == []
    assert [error.get("type") for error in root.iter("error")] == ["no-verdict"]


def test_a_verdict_stays_when_the_reporter_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    reporter = JunitReporter(path, redact=lambda text: text.replace("resumed", "***"))
    reporter.finish(replace(green(), started_at=FIRST_POINT), None)
    reporter.close()
    assert "a month" in path.read_text()
    assert "resumed" not in path.read_text()
