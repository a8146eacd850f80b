"""What the head of a scenario says against what was seen."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.histories import Story, call

from drtest.checks import judge
from drtest.checks.expectation import expectation_for, settle, unmatched
from drtest.model.finding import Finding
from drtest.model.scenario import Expectation, ExpectedFinding
from drtest.model.verdict import Verdict


def finding(code: str, subject: str = "") -> Finding:
    return Finding(code=code, subject=subject, message="It is so.")


def expected(*wanted: ExpectedFinding, duplicity: str | None = None) -> Expectation:
    return Expectation(
        verdict=Verdict.FAIL, findings=wanted, because="a known debt", duplicity=duplicity, line=3
    )


MISSING = ExpectedFinding(code="missing-path", subject="/a")
BARE = ExpectedFinding(code="missing-path")

failures = st.builds(
    finding,
    st.sampled_from(["missing-path", "extra-path", "rpo-exceeded"]),
    st.sampled_from(["/a", "/b", ""]),
)
others = st.builds(
    finding, st.sampled_from(["known-loss", "rule-never-acts", "no-objective"]), st.just("x")
)
doubts = st.builds(finding, st.sampled_from(["store-failed", "interrupted"]), st.just("x"))


def wanted_of(one: Finding) -> ExpectedFinding:
    return ExpectedFinding(code=one.code, subject=one.subject)


@given(st.lists(failures, min_size=1), st.lists(others))
def test_exactly_what_was_expected_passes(came: list[Finding], more: list[Finding]) -> None:
    head = expected(*(wanted_of(one) for one in reversed(came)))

    assert settle(head, [*more, *came]).counts_as is Verdict.PASS


@given(st.lists(failures, min_size=1), st.lists(failures))
def test_bare_codes_and_subjects_add_up(named: list[Finding], bare: list[Finding]) -> None:
    """However they are mixed, the codes alone decide how many are too few or too many."""
    head = [*(wanted_of(one) for one in named), *(ExpectedFinding(code=one.code) for one in bare)]

    assert unmatched(head, [*bare, *named]) == ([], [])


@given(st.lists(failures), st.lists(failures))
def test_unmatched_is_the_difference_of_multisets(
    came: list[Finding], wanted: list[Finding]
) -> None:
    missing, surplus = unmatched([wanted_of(one) for one in wanted], came)

    was = Counter((one.code, one.subject) for one in came)
    said = Counter((one.code, one.subject) for one in wanted)
    assert Counter((one.code, one.subject) for one in surplus) == was - said
    assert Counter((one.code, one.subject) for one in missing) == said - was


@given(st.lists(failures, min_size=1), failures, st.lists(doubts))
def test_an_expected_failure_masks_no_other(
    came: list[Finding], one_more: Finding, unsure: list[Finding]
) -> None:
    head = expected(*(wanted_of(one) for one in came))

    assert settle(head, [*unsure, *came, one_more]).counts_as is Verdict.FAIL


@given(st.lists(failures, min_size=1), st.lists(failures), st.lists(doubts, min_size=1))
def test_a_doubt_is_never_green(
    wanted: list[Finding], came: list[Finding], unsure: list[Finding]
) -> None:
    head = expected(*(wanted_of(one) for one in wanted))

    assert settle(head, [*came, *unsure]).counts_as is not Verdict.PASS
    assert settle(None, unsure).counts_as is Verdict.UNVERIFIED


@given(st.lists(others))
def test_warnings_and_notes_change_nothing(more: list[Finding]) -> None:
    assert settle(None, more).counts_as is Verdict.PASS


def test_expected_failure_that_did_not_come_is_stale() -> None:
    settled = settle(expected(MISSING), [])

    assert settled.counts_as is Verdict.FAIL
    assert settled.reason == "expectation-stale: expected missing-path: /a, which did not come"
    assert settled.stale is not None
    assert settled.stale.evidence["expected"] == ["missing-path: /a"]


def test_doubt_may_hide_what_was_expected() -> None:
    settled = settle(expected(MISSING), [finding("store-failed", "moto")])

    assert settled.counts_as is Verdict.UNVERIFIED
    assert settled.stale is None
    assert settled.reason == "could not be verified: store-failed: moto"


def test_other_place_is_surplus_and_missing() -> None:
    settled = settle(expected(MISSING), [finding("missing-path", "/b")])

    assert settled.counts_as is Verdict.FAIL
    assert settled.reason == (
        "not expected: missing-path: /b; expected and not seen: missing-path: /a"
    )


def test_reason_names_a_few() -> None:
    settled = settle(None, [finding("missing-path", f"/{number}") for number in range(9)])

    assert settled.reason.endswith("missing-path: /4 and 4 more")


@pytest.mark.parametrize(
    ("version", "line"),
    [("3.2.1", 1), ("3.0.0", 1), ("2.2.4", 2), ("0.8.22-1", 2), ("3.2.1.dev5", 1), (None, 3)],
)
def test_first_expectation_whose_versions_fit(version: str | None, line: int) -> None:
    story = Story()
    story.backup(1)
    story.more["expect"] = (
        Expectation(duplicity=">= 3", line=1),
        Expectation(duplicity="< 3", line=2),
        Expectation(line=3),
    )

    found = expectation_for(story.history().scenario, version)

    assert found is not None
    assert found.line == line


def test_verdict_stays_what_was_seen() -> None:
    story = Story()
    story.backup(1)
    story.drill(1)
    story.backup(2, done=call(status=50, name="backend_error"))
    wanted = ExpectedFinding(code="backup-failed", subject="backup")
    story.more["expect"] = (expected(wanted),)

    seen = judge(story.history())
    elsewhere = judge(story.history(), duplicity_version="2.1")

    assert (seen.verdict, seen.counts_as, seen.reason) == (Verdict.FAIL, Verdict.PASS, "")
    assert seen.as_expected
    assert elsewhere.expected == seen.expected
