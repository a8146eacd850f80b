"""What a report says of findings and scenarios: their marks, numbers and places on the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from drtest.model.account import PointResult
from drtest.model.finding import CATALOGUE, Finding
from drtest.model.run import ScenarioResult
from drtest.model.verdict import Verdict

# "known": it failed as its head says it would. "none": nothing was stated to judge by.
Mark = Literal["pass", "fail", "unverified", "known", "none"]
MARKS: dict[Mark, str] = {
    "pass": "PASS",
    "fail": "FAIL",
    "unverified": "UNVERIFIED",
    "known": "KNOWN FAIL",
    "none": "NOT JUDGED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One finding that was not expected, its number in the report and where it comes from."""

    number: int
    finding: Finding
    result: ScenarioResult

    @property
    def anchor(self) -> str:
        """The name of its place on the page."""
        return f"f{self.number}"

    @property
    def title(self) -> str:
        """The meaning of its code, as a headline."""
        meaning = CATALOGUE[self.finding.code].meaning
        return meaning[0].upper() + meaning[1:]


def mark_of(verdict: Verdict) -> Mark:
    """Return the mark of a verdict."""
    match verdict:
        case Verdict.PASS:
            return "pass"
        case Verdict.FAIL:
            return "fail"
        case Verdict.UNVERIFIED:
            return "unverified"


def scenario_mark(result: ScenarioResult) -> Mark:
    """Return the mark of one scenario: a FAIL that its head foretells is a known one."""
    if result.verdict is Verdict.FAIL and result.judgement.as_expected:
        return "known"
    return mark_of(result.verdict if result.judgement.as_expected else result.judgement.counts_as)


def points_of(results: Iterable[ScenarioResult]) -> list[PointResult]:
    """Return the points of all *results* together."""
    return [
        point
        for one in results
        if one.judgement.account is not None
        for point in one.judgement.account.points
    ]
