"""What the scenario's head says must come, against what was seen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from drtest.model.finding import Finding, Severity
from drtest.model.scenario import Expectation, ExpectedFinding, Scenario
from drtest.model.verdict import Verdict

_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_NAMED = 5  # so many are named in a reason; the findings themselves tell all


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a scenario counts for the run, and why it is not as expected ("" where it is)."""

    counts_as: Verdict
    reason: str
    stale: Finding | None = None  # the note that goes with an expected FAIL that did not come


def expectation_for(scenario: Scenario, duplicity_version: str | None) -> Expectation | None:
    """Return the first expectation whose versions fit; None: PASS, because none was written.

    Versions are compared by their plain ``x.y.z``. One that names versions fits no unknown one.
    """
    return next((one for one in scenario.expect if _fits(one, duplicity_version)), None)


def _fits(one: Expectation, duplicity_version: str | None) -> bool:
    if one.duplicity is None:
        return True
    plain = _PLAIN.search(duplicity_version or "")
    if plain is None:
        return False
    try:
        return SpecifierSet(one.duplicity).contains(Version(plain[0]))
    except InvalidSpecifier as error:
        raise ValueError(f"expect: duplicity: {one.duplicity!r} names no versions") from error


def unmatched(
    expected: Sequence[ExpectedFinding], failures: Sequence[Finding]
) -> tuple[list[ExpectedFinding], list[Finding]]:
    """Return what was expected and did not come, and what came and was not expected.

    Both are multisets. Subjects are matched first, then a bare code takes any that is left.
    """
    left = Counter((one.code, one.subject) for one in failures)
    missing: list[ExpectedFinding] = []
    for wanted in sorted(expected, key=lambda one: one.subject is None):
        found = next(
            (
                key
                for key, count in left.items()
                if count > 0
                and key[0] == wanted.code
                and (wanted.subject is None or key[1] == wanted.subject)
            ),
            None,
        )
        if found is None:
            missing.append(wanted)
        else:
            left[found] -= 1
    surplus: list[Finding] = []
    for one in failures:
        if left[one.code, one.subject] > 0:
            left[one.code, one.subject] -= 1
            surplus.append(one)
    return missing, surplus


def settle(expected: Expectation | None, findings: Sequence[Finding]) -> Settled:
    """Return how *findings* count against *expected*.

    An unexpected failure is FAIL; else any doubt is UNVERIFIED, since it may hide what was
    expected; else an expected failure that did not come is FAIL; else all is as expected.
    """
    failures = [one for one in findings if one.severity is Severity.FAILURE]
    doubts = [one for one in findings if one.severity is Severity.UNVERIFIED]
    missing, surplus = unmatched(() if expected is None else expected.findings, failures)
    if surplus:
        reason = f"not expected: {_named(_label(one) for one in surplus)}"
        if missing:
            reason += f"; expected and not seen: {_named(map(str, missing))}"
        return Settled(counts_as=Verdict.FAIL, reason=reason)
    if doubts:
        return Settled(
            counts_as=Verdict.UNVERIFIED,
            reason=f"could not be verified: {_named(_label(one) for one in doubts)}",
        )
    if missing and expected is not None:
        names = _named(map(str, missing))
        reason = f"expectation-stale: expected {names}, which did not come"
        return Settled(
            counts_as=Verdict.FAIL, reason=reason, stale=_stale(expected, failures, names)
        )
    return Settled(counts_as=Verdict.PASS, reason="")


def _stale(expected: Expectation, failures: Sequence[Finding], names: str) -> Finding:
    return Finding(
        code="expectation-stale",
        subject="expect",
        message=f'Expected {names}, because "{expected.because}", and it did not come.',
        line=expected.line,
        evidence={
            "expected": [str(one) for one in expected.findings],
            "got": [_label(one) for one in failures],
            "because": expected.because,
        },
    )


def _label(one: Finding) -> str:
    return f"{one.code}: {one.subject}" if one.subject else one.code


def _named(labels: Iterable[str]) -> str:
    counts = Counter(labels)
    texts = [label if count == 1 else f"{label} ({count} times)" for label, count in counts.items()]
    more = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {more} more" if more > 0 else "")
