"""Runs every family over one history and settles the verdict. Pure: the same history, the same."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace

from drtest.checks import (
    aftermath,
    backup,
    budgets,
    chain,
    cost,
    foreseen,
    keys,
    objectives,
    restored,
    retention,
    rules,
    schedule,
    stanzas,
    unverified,
)
from drtest.checks.account import account
from drtest.checks.case import Case
from drtest.checks.expectation import expectation_for, settle
from drtest.checks.restored import Drilled
from drtest.model.account import Account
from drtest.model.finding import Finding, Severity
from drtest.model.history import History
from drtest.model.run import Judgement
from drtest.model.verdict import Verdict
from drtest.oracle.diff import NOT_COMPARED

Check = Callable[[Case, Drilled], Iterable[Finding]]

FAMILIES: dict[str, Check] = {
    "restored": restored.check,
    "backup": lambda case, _: backup.check(case),
    "schedule": lambda case, _: schedule.check(case),
    "rules": lambda case, _: rules.check(case),
    "warnings": lambda case, _: stanzas.check(case),
    "chain": chain.check,
    "keys": keys.check,
    "retention": retention.check,
    "objectives": objectives.check,
    "requests": lambda case, _: foreseen.check(case),
    "cost": lambda case, _: cost.check(case),
    "budgets": lambda case, _: budgets.check(case),
    "aftermath": lambda case, _: aftermath.check(case),
    "unverified": unverified.check,
}

_RANK = {
    Severity.FAILURE: 0,
    Severity.UNVERIFIED: 2,
    Severity.WARNING: 3,
    Severity.NOTE: 4,
}


def judge(history: History, *, duplicity_version: str | None = None) -> Judgement:
    """Return what *history* says of its backup policy.

    Reads events, and side files through ``history.trees`` alone. *duplicity_version* picks the
    expectation; without it the version that the history names does. A check that crashes proves
    nothing: it becomes a ``drtest-broke`` finding, and the others still run.
    """
    case = Case(history=history)
    drilled = restored.drill(case)
    found: list[Finding] = []
    for name, check in FAMILIES.items():
        found += run(name, check, case, drilled)
    told: list[Account] = []

    def tell(case: Case, drilled: Drilled) -> Iterable[Finding]:
        told.append(account(case, drilled.results))
        return ()

    found += run("account", tell, case, drilled)
    found = ordered(objectives.forbid_warnings(case, found))
    started = history.started
    version = duplicity_version or (None if started is None else started.duplicity)
    expected = expectation_for(history.scenario, version)
    settled = settle(expected, found)
    if settled.stale is not None:
        found = ordered([*found, settled.stale])
    good = drilled.good_points()
    return Judgement(
        verdict=Verdict.worst([Verdict.PASS, *(one.severity.verdict for one in found)]),
        counts_as=settled.counts_as,
        reason=settled.reason,
        expected=expected,
        findings=tuple(found),
        drills=drilled.results,
        recovery_point_age_s=(
            (history.scenario.end_at - max(good)).total_seconds() if good else None
        ),
        not_compared=NOT_COMPARED,
        account=told[0] if told else None,
    )


def with_more(judgement: Judgement, more: Iterable[Finding]) -> Judgement:
    """Return *judgement* with findings that no single history can give, settled again."""
    found = ordered([*judgement.findings, *more])
    settled = settle(judgement.expected, found)
    return replace(
        judgement,
        verdict=Verdict.worst([Verdict.PASS, *(one.severity.verdict for one in found)]),
        counts_as=settled.counts_as,
        reason=settled.reason,
        findings=tuple(found),
    )


def run(name: str, check: Check, case: Case, drilled: Drilled) -> list[Finding]:
    """Return what *check* finds, and its crash as a finding too."""
    found: list[Finding] = []
    try:
        found.extend(check(case, drilled))  # what it found before a crash stays
    except Exception as error:
        found.append(
            Finding(
                code="drtest-broke",
                subject=name,
                message=f"The check {name} broke: {type(error).__name__}: {error}.",
                evidence={"traceback": traceback.format_exc()},
            )
        )
    return found


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return *findings* worst first: failures (silent ones lead), doubts, warnings, notes."""
    return sorted(findings, key=lambda one: _RANK[one.severity] + (not one.silent) * 0.5)
