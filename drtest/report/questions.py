"""The four questions of a run and their answers, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drtest.model.finding import Finding, Severity
from drtest.model.interval import format_interval
from drtest.model.run import RunResult, ScenarioResult
from drtest.model.tune import Tuning
from drtest.model.verdict import Verdict
from drtest.report.calendar import counts
from drtest.report.money import Priced, by_prices, money
from drtest.report.plots import lasting
from drtest.report.probes import asked
from drtest.report.told import Mark, Told, points_of
from drtest.report.totals import add_up
from drtest.report.wording import count

_TIME = frozenset({"rpo-exceeded", "rto-exceeded"})
COST = frozenset(
    {
        "requests-exceeded",
        "cost-exceeded",
        "restore-cost-exceeded",
        "cost-not-judged",
        "prices-too-old",
        "price-missing",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One of the four questions and its answer."""

    title: str
    mark: Mark
    text: str
    anchor: str  # a section of the page
    section: str


def answers(run: RunResult, told: Sequence[Told]) -> tuple[Question, ...]:
    """Return the four; *told* is what was not expected of *run*."""
    return (_back(run, told), _trouble(run, told), _time(run, told), _cost(run, told))


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
        if (one.code in codes if codes is not None else one.code not in _TIME | COST)
    ]


def _back(run: RunResult, told: Sequence[Told]) -> Question:
    calm = [one for one in run.scenarios if not has_trouble(one)] or list(run.scenarios)
    mine = [one for one in told if one.result in calm and one.finding.code not in _TIME | COST]
    by_state = counts(points_of(calm))
    good = by_state.get("verified", 0)
    tried = sum(by_state.values()) - by_state.get("untried", 0) - by_state.get("pruned", 0)
    untried = by_state.get("untried", 0)
    text = f"{good:,} of {count(tried, 'restore point')} exact"
    text += f"; {untried:,} not drilled." if untried else "."
    if probes := asked(calm):
        text += f" The application was asked: {probes}."
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
    mine = [one for one in told if one.result in rough and one.finding.code not in _TIME | COST]
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
    mine = [one for one in told if one.finding.code in COST]
    accounts = [one.judgement.account for one in run.scenarios if one.judgement.account]
    is_judged = bool(mine) or any(
        one.goals.requests_per_month is not None
        or one.goals.cost_per_month
        or one.goals.restore_cost
        for one in accounts
    )
    number = totals.total if totals else 0
    asked = f"{count(number, 'request')} to S3, drills included"
    priced = by_prices(run.scenarios)
    said = [f"{_amount(one)} at {one.prices.place}" for one in priced]
    if said and len(accounts) == 1 and (budget := accounts[0].goals.cost_per_month):
        said[-1] += f", the budget is {budget}"
    mark = _mark(mine, run.scenarios, _of(run.scenarios, COST)) if is_judged else "none"
    if run.tune is not None and run.tune.advice:  # the sum over a grid's points means nothing
        return Question(
            title="What does it cost?",
            mark=mark,
            text=_month(run.tune),
            anchor="volumes",
            section="Cost and volume size",
        )
    return Question(
        title="What does it cost?",
        mark=mark,
        text=f"{'; '.join(said)}: {asked}." if said else f"{asked}; no prices were given.",
        anchor="cost" if said else "requests",
        section="Cost" if said else "Requests",
    )


def _amount(priced: Priced) -> str:
    """A month where one scenario says what it costs; else what all calendars come to."""
    currency = priced.prices.currency
    if len(priced.bills) == 1 and (month := priced.bills[0][1].per_month) is not None:
        return f"{money(month, currency)} a month"
    return money(priced.total, currency)


def _month(tuning: Tuning) -> str:
    """With the first of the prices."""
    advice = tuning.advice[0]
    yours, best = (
        money(tuning.point(at).priced[0].per_month, advice.prices.currency)
        for at in (advice.compared, advice.best)
    )
    told = f"{yours} a month with your volume size"
    if advice.best != advice.compared:
        told += f", {best} with {advice.best[0]} MiB"
    return f"{told}, at {advice.prices.place}."
