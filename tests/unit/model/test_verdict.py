"""Verdicts add up: the worst decides, nothing checked is no PASS, the exit status follows."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import drill, scenario

from drtest.errors import Interrupted
from drtest.model.finding import Severity
from drtest.model.run import run_verdict
from drtest.model.verdict import Verdict, exit_status

VERDICTS = st.sampled_from(list(Verdict))


def test_nothing_is_unverified() -> None:
    assert Verdict.worst([]) is Verdict.UNVERIFIED
    assert run_verdict([]) is Verdict.UNVERIFIED


@given(st.lists(VERDICTS, min_size=1))
def test_the_worst_decides(verdicts: list[Verdict]) -> None:
    worst = Verdict.worst(verdicts)
    assert worst in verdicts
    assert all(one.rank <= worst.rank for one in verdicts)


@given(st.lists(VERDICTS), VERDICTS)
def test_one_more_never_makes_it_better(verdicts: list[Verdict], more: Verdict) -> None:
    before = Verdict.worst(verdicts)
    after = Verdict.worst([*verdicts, more])
    assert after.rank >= before.rank or not verdicts


@pytest.mark.parametrize(("interrupted", "broken"), list(product([False, True], repeat=2)))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_exit_status(verdict: Verdict, interrupted: bool, broken: bool) -> None:
    said = exit_status(verdict, interrupted=interrupted, broken=broken)
    if interrupted:
        assert said == Interrupted.exit_code
    elif verdict is Verdict.FAIL:
        assert said == 1
    elif broken:
        assert said == 70
    else:
        assert said == {Verdict.PASS: 0, Verdict.UNVERIFIED: 3}[verdict]


def test_a_run_counts_what_was_expected_and_not_what_was_seen() -> None:
    fine = scenario("a")
    known_debt = scenario("b", counts_as=Verdict.PASS)
    unsure = scenario("c", counts_as=Verdict.UNVERIFIED)
    bad = scenario("d", counts_as=Verdict.FAIL)
    assert run_verdict([fine, known_debt]) is Verdict.PASS
    assert run_verdict([fine, unsure]) is Verdict.UNVERIFIED
    assert run_verdict([fine, unsure, bad]) is Verdict.FAIL
    assert known_debt.judgement.as_expected
    assert not unsure.judgement.as_expected


def test_severities_give_verdicts() -> None:
    assert Severity.FAILURE.verdict is Verdict.FAIL
    assert Severity.UNVERIFIED.verdict is Verdict.UNVERIFIED


def test_a_restore_is_named_by_drill_and_part() -> None:
    assert drill(3, 2).label == "3.2"
