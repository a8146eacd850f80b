"""A run in a few sentences, for those who read no further: page and Markdown say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from drtest.model.account import PointResult
from drtest.model.finding import CATALOGUE, Finding, Severity
from drtest.model.interval import format_interval
from drtest.model.run import RunResult, ScenarioResult
from drtest.model.verdict import Verdict
from drtest.report.blocks import unexpected
from drtest.report.calendar import counts
from drtest.report.money import by_prices, money
from drtest.report.plots import lasting
from drtest.report.rows import STALE, is_broken_off, is_stale
from drtest.report.totals import add_up
from drtest.report.wording import count

# "known": it failed as its head says it would. "none": nothing was stated to judge by.
Mark = Literal["pass", "fail", "unverified", "known", "none"]
MARKS: dict[Mark, str] = {
    "pass": "PASS",
    "fail": "FAIL",
    "unverified": "UNVERIFIED",
    "known": "KNOWN FAIL",
    "none": "NOT JUDGED",
}
MOST_FIRST = 3  # things to do at the top
_TIME = frozenset({"rpo-exceeded", "rto-exceeded"})
_COST = frozenset({"requests-exceeded", "prices-too-old", "price-missing"})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One of the four questions and its answer."""

    title: str
    mark: Mark
    text: str
    anchor: str  # a section of the page
    section: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What to do, and the finding that says why (None: none does)."""

    text: str
    told: Told | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All of it."""

    mark: Mark
    headline: str
    lead: str
    actions: tuple[Action, ...]
    questions: tuple[Question, ...]
    findings: tuple[Told, ...]  # unexpected failures and stale expectations, silent ones first
    doubts: tuple[Told, ...]  # what could not be verified; numbered after the findings


def brief(run: RunResult) -> Brief:
    """Return what is said of *run*."""
    bad: list[tuple[ScenarioResult, Finding]] = []
    doubts: list[tuple[ScenarioResult, Finding]] = []
    for result in run.scenarios:
        failures, _ = unexpected(result)
        bad += [(result, one) for one in failures]
        for one in result.judgement.findings:
            if one.severity is Severity.UNVERIFIED:
                doubts.append((result, one))
            elif one.code == STALE:
                bad.append((result, one))
    bad.sort(key=lambda pair: (not pair[1].silent, pair[1].code == STALE))
    told = [
        Told(number=number, finding=finding, result=result)
        for number, (result, finding) in enumerate([*bad, *doubts], start=1)
    ]
    findings, doubtful = tuple(told[: len(bad)]), tuple(told[len(bad) :])
    return Brief(
        mark=mark_of(run.verdict),
        headline=_headline(run),
        lead=_lead(run, findings),
        actions=tuple(_actions(told)),
        questions=(
            _back(run, told),
            _trouble(run, told),
            _time(run, told),
            _cost(run, told),
        ),
        findings=findings,
        doubts=doubtful,
    )


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


# ---------------------------------------------------------------- at the top


def _headline(run: RunResult) -> str:
    total = len(run.scenarios)
    known = sum(scenario_mark(one) == "known" for one in run.scenarios)
    failed = sum(one.judgement.counts_as is Verdict.FAIL for one in run.scenarios)
    stale = sum(is_stale(one) for one in run.scenarios)
    match run.verdict:
        case _ if run.interrupted and run.verdict is not Verdict.FAIL:
            return "The drill was broken off."
        case Verdict.FAIL if failed and failed == stale:
            return "A failure that was expected did not come."
        case Verdict.FAIL if total in {1, failed}:
            return "This backup cannot be relied on yet."
        case Verdict.FAIL:
            return f"{failed:,} of {count(total, 'scenario')} failed, and should not have."
        case Verdict.UNVERIFIED if not any(one.judgement.drills for one in run.scenarios):
            return "Nothing could be verified."
        case Verdict.UNVERIFIED:
            return "Not everything could be verified."
        case Verdict.PASS if known:
            return f"As expected, with {count(known, 'known failure')}."
        case Verdict.PASS:
            return "Every promise that was drilled was kept."


def _lead(run: RunResult, findings: Sequence[Told]) -> str:
    by_state = counts(points_of(run.scenarios))
    drilled = sum(by_state.get(one, 0) for one in ("verified", "wrong", "refused", "unverified"))
    parts = []
    if findings and not is_broken_off(findings[0].result):
        parts.append(_sentence(findings[0].finding.message))
    if drilled:
        said = [f"{by_state.get('verified') or 'none'} came back exact"]
        known = any(scenario_mark(one) == "known" for one in run.scenarios)
        for state, word in (
            ("wrong", "came back wrong without an error"),
            ("refused", "did not come back"),
            ("unverified", "could not be verified"),
        ):
            if number := by_state.get(state, 0):  # type: ignore[call-overload]
                said.append(f"{number:,} {word}")
        tail = " (known failures included)" if known and len(said) > 1 else ""
        of = count(drilled, "restore point")
        parts.append(
            f"Of {of} that {'was' if drilled == 1 else 'were'} drilled, {', '.join(said)}{tail}."
        )
    else:
        parts.append("No restore point was drilled.")
    if lost := by_state.get("lost", 0):
        parts.append(f"{count(lost, 'promised point')} {'is' if lost == 1 else 'are'} gone.")
    return " ".join(parts)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _actions(told: Sequence[Told]) -> Iterable[Action]:
    """One text for each code, at most three; a green run has one as well."""
    first: dict[str, Told] = {}
    for one in told:
        first.setdefault(one.finding.code, one)
    for one in list(first.values())[:MOST_FIRST]:
        yield Action(text=one.finding.advice, told=one)
    if not first:
        yield Action(
            text="Nothing now. Drill again whenever the policy, duplicity or the store changes, "
            "and keep the secret key and its passphrase where a new machine finds them.",
            told=None,
        )


# ---------------------------------------------------------------- the four questions


def has_trouble(result: ScenarioResult) -> bool:
    """Whether something was made to go wrong in it."""
    account = result.judgement.account
    return bool(account and account.disturbances) or any(
        one.must_be == "refused" for one in result.judgement.drills
    )


def _mark(
    told: Iterable[Told], results: Sequence[ScenarioResult], codes: Iterable[Finding]
) -> Mark:
    """The worst of what was not expected; else whether something known failed; else PASS."""
    severities = {one.finding.severity for one in told}
    if Severity.FAILURE in severities or Severity.NOTE in severities:
        return "fail"
    if Severity.UNVERIFIED in severities or not results:
        return "unverified"
    return "known" if any(one.severity is Severity.FAILURE for one in codes) else "pass"


def _of(results: Iterable[ScenarioResult], codes: frozenset[str] | None = None) -> list[Finding]:
    return [
        one
        for result in results
        for one in result.judgement.findings
        if (one.code in codes if codes is not None else one.code not in _TIME | _COST)
    ]


def _back(run: RunResult, told: Sequence[Told]) -> Question:
    calm = [one for one in run.scenarios if not has_trouble(one)] or list(run.scenarios)
    mine = [one for one in told if one.result in calm and one.finding.code not in _TIME | _COST]
    by_state = counts(points_of(calm))
    good = by_state.get("verified", 0)
    tried = sum(by_state.values()) - by_state.get("untried", 0) - by_state.get("pruned", 0)
    untried = by_state.get("untried", 0)
    text = f"{good:,} of {count(tried, 'restore point')} exact"
    text += f"; {untried:,} not drilled." if untried else "."
    drills = sum(len(one.judgement.drills) for one in calm)
    mark = _mark(mine, calm, _of(calm)) if drills or mine else "unverified"
    return Question(
        title="Can we get it back?",
        mark=mark,
        text=text if tried or untried else "No restore point was made.",
        anchor="points",
        section="Restore points",
    )


def _trouble(run: RunResult, told: Sequence[Told]) -> Question:
    rough = [one for one in run.scenarios if has_trouble(one)]
    made = [
        one
        for result in rough
        if result.judgement.account
        for one in result.judgement.account.disturbances
    ]
    refused = [
        one for result in rough for one in result.judgement.drills if one.must_be == "refused"
    ]
    title = "When something goes wrong?"
    if not rough:
        text = "Nothing was made to go wrong: no toxic, no damage, no loss."
        return Question(
            title=title, mark="none", text=text, anchor="faults", section="Disturbances"
        )
    mine = [one for one in told if one.result in rough and one.finding.code not in _TIME | _COST]
    parts = []
    if made:
        seen = sum(one.did_happen for one in made)
        parts.append(f"{seen:,} of {count(len(made), 'disturbance')} happened")
        if wrong := sum(one.silently_wrong > 0 for one in made):
            parts.append(f"{wrong:,} {'ends' if wrong == 1 else 'end'} silently wrong")
    if refused:
        right = sum(one.verdict is Verdict.PASS for one in refused)
        parts.append(f"{right:,} of {count(len(refused), 'restore')} refused as they must be")
    return Question(
        title=title,
        mark=_mark(mine, rough, _of(rough)),
        text=f"{'; '.join(parts)}.",
        anchor="faults",
        section="Disturbances",
    )


def _time(run: RunResult, told: Sequence[Told]) -> Question:
    results = [one for one in run.scenarios if one.judgement.account is not None]
    goals = [one.judgement.account.goals for one in results if one.judgement.account]
    drills = [drill for one in run.scenarios for drill in one.judgement.drills]
    is_judged = any(one.rpo_s is not None or (one.rto_s and one.real_size) for one in goals)
    mine = [one for one in told if one.finding.code in _TIME]
    parts = []
    if drills:
        parts.append(f"Slowest restore {lasting(max(one.recovery_time_s for one in drills))}")
    ages = [
        one.judgement.recovery_point_age_s
        for one in results
        if one.judgement.recovery_point_age_s is not None
    ]
    if ages:
        oldest = format_interval(timedelta(seconds=int(max(ages))))
        parts.append(f"newest good point at most {oldest} old at the end")
    text = "; ".join(parts) or "Nothing was restored"
    if not is_judged:
        text += "; no objective says how long or how old is too much"
    mark: Mark = "none"
    if is_judged:
        mark = _mark(mine, results, _of(results, _TIME)) if drills else "unverified"
    return Question(
        title="How long, how stale?",
        mark=mark,
        text=f"{text[0].upper()}{text[1:]}.",
        anchor="time",
        section="Time and age",
    )


def _cost(run: RunResult, told: Sequence[Told]) -> Question:
    totals = add_up(run.scenarios)
    mine = [one for one in told if one.finding.code in _COST]
    accounts = [one.judgement.account for one in run.scenarios if one.judgement.account]
    is_judged = bool(mine) or any(one.goals.requests_per_month is not None for one in accounts)
    number = totals.total if totals else 0
    asked = f"{count(number, 'request')} to S3, drills included"
    priced = by_prices(run.scenarios)
    said = [f"{money(one.total, one.prices.currency)} at {one.prices.place}" for one in priced]
    return Question(
        title="What does it cost?",
        mark=_mark(mine, run.scenarios, _of(run.scenarios, _COST)) if is_judged else "none",
        text=f"{'; '.join(said)}: {asked}." if said else f"{asked}; no prices were given.",
        anchor="cost" if said else "requests",
        section="Cost" if said else "Requests",
    )


def also(run: RunResult) -> list[tuple[str, str, int, str]]:
    """Return warnings and notes, each code once: code, a message, how many more, what to do."""
    told: dict[str, Finding] = {}
    number: Counter[str] = Counter()
    for result in run.scenarios:
        for one in result.judgement.findings:
            if one.severity in {Severity.WARNING, Severity.NOTE} and one.code not in {
                "known-loss",
                STALE,
            }:
                told.setdefault(one.code, one)
                number[one.code] += 1
    return [(one.code, one.message, number[one.code] - 1, one.advice) for one in told.values()]
