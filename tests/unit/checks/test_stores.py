"""Several stores, one scenario: what is said where they differ, and nothing where they don't."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.results import scenario, totals

from drtest.api.judging import compared
from drtest.checks.stores import compare
from drtest.model.finding import CATALOGUE, Finding, Severity
from drtest.model.run import ScenarioResult, run_verdict
from drtest.model.scenario import Expectation, ExpectedFinding
from drtest.model.traffic import Totals
from drtest.model.verdict import Verdict

LOST = Finding(code="missing-path", subject="/etc/motd", message="/etc/motd is missing.")
DEAD = Finding(code="store-failed", subject="store", message="The store died.")
KNOWN = Expectation(
    verdict=Verdict.FAIL, findings=(ExpectedFinding(code="missing-path"),), because="it is so"
)


def on(
    store: str, *findings: Finding, requests: Totals | None = None, **more: object
) -> ScenarioResult:
    return scenario(
        "a", findings=findings, on=store, store=f"{store} 1.0", requests=requests, **more
    )


def sound() -> Totals:
    return replace(totals(), failed=0)


def added(*results: ScenarioResult) -> dict[str, list[str]]:
    return {
        title: [finding.code for finding in findings]
        for title, findings in compare(results).items()
    }


def test_equal_verdicts_and_equal_counts_say_nothing() -> None:
    assert added(*(on(one, requests=sound()) for one in ("moto", "minio", "seaweedfs"))) == {}
    assert added(*(on(one, LOST, requests=sound()) for one in ("moto", "minio"))) == {}


def test_the_store_that_is_alone_disagrees() -> None:
    found = added(on("moto", LOST), on("minio"), on("seaweedfs"))
    assert found == {"a on moto": ["stores-disagree"]}


def test_of_two_the_second_differs_from_the_first() -> None:
    assert added(on("moto"), on("minio", LOST)) == {"a on minio": ["stores-disagree"]}
    (finding,) = compare([on("moto"), on("minio", LOST)])["a on minio"]
    assert finding.message == "FAIL on minio 1.0 and PASS on moto: missing-path."
    assert finding.evidence["verdicts"] == ["PASS", "FAIL"]


def test_what_could_not_be_verified_agrees_with_all() -> None:
    assert added(on("moto"), on("minio", DEAD)) == {}
    assert added(on("moto", LOST), on("minio", DEAD)) == {}


def test_other_scenarios_are_not_compared() -> None:
    other = replace(on("minio", LOST), name="b")
    assert added(on("moto"), other) == {}


def test_a_result_without_a_store_of_its_own_is_left_alone() -> None:
    assert added(scenario("a"), scenario("a", findings=[LOST])) == {}


def test_counts_that_differ_are_a_warning() -> None:
    found = added(on("moto", requests=sound()), on("minio", requests=replace(totals(2), failed=0)))
    assert found == {"a on minio": ["store-counts-differ"]}
    assert CATALOGUE["store-counts-differ"].severity is Severity.WARNING


@pytest.mark.parametrize(
    "other",
    [
        replace(totals(2), failed=1),
        replace(totals(2), failed=0, unknown=1),
    ],
    ids=["failed", "unknown"],
)
def test_counts_of_a_run_with_faults_are_not_compared(other: Totals) -> None:
    assert added(on("moto", requests=sound()), on("minio", requests=other)) == {}


def test_counts_of_a_fail_are_not_compared() -> None:
    many = replace(totals(2), failed=0)
    found = added(on("moto", LOST, requests=sound()), on("minio", LOST, requests=many))
    assert found == {}


def test_a_disagreement_fails_the_run_even_behind_an_expected_fail() -> None:
    stale = on("minio", expected=KNOWN, counts_as=Verdict.FAIL, reason="expectation-stale: ...")
    as_expected = on("moto", LOST, expected=KNOWN, counts_as=Verdict.PASS)
    results = compared([as_expected, stale])
    assert [one.judgement.as_expected for one in results] == [True, False]
    assert "stores-disagree: minio" in results[1].judgement.reason
    assert run_verdict(results) is Verdict.FAIL


def test_a_warning_changes_no_verdict() -> None:
    results = compared(
        [on("moto", requests=sound()), on("minio", requests=replace(totals(2), failed=0))]
    )
    assert [one.verdict for one in results] == [Verdict.PASS] * 2
    assert run_verdict(results) is Verdict.PASS
