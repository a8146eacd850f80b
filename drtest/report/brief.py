"""A run in a few sentences, for those who read no further: page and Markdown say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drtest.model.finding import Finding, Severity
from drtest.model.run import RunResult, ScenarioResult
from drtest.model.verdict import Verdict
from drtest.report.advice import verdict
from drtest.report.blocks import unexpected
from drtest.report.calendar import counts
from drtest.report.questions import COST, Question, answers
from drtest.report.rows import STALE, is_broken_off, is_stale
from drtest.report.told import Mark, Told, mark_of, points_of, scenario_mark
from drtest.report.wording import count

MOST_FIRST = 3  # things to do at the top


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What to do, and what says why: a finding, the section on volume size, or nothing."""

    text: str
    told: Told | None = None
    is_of_volumes: bool = False


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
        headline=_headline(run, findings),
        lead=_lead(run, findings),
        actions=tuple(_actions(run, told)),
        questions=answers(run, told),
        findings=findings,
        doubts=doubtful,
    )


# ---------------------------------------------------------------- at the top


def _headline(run: RunResult, findings: Sequence[Told]) -> str:
    total = len(run.scenarios)
    known = sum(scenario_mark(one) == "known" for one in run.scenarios)
    failed = sum(one.judgement.counts_as is Verdict.FAIL for one in run.scenarios)
    stale = sum(is_stale(one) for one in run.scenarios)
    codes = {one.finding.code for one in findings}
    match run.verdict:
        case _ if run.interrupted and run.verdict is not Verdict.FAIL:
            return "The drill was broken off."
        case Verdict.FAIL if failed and failed == stale:
            return "A failure that was expected did not come."
        case Verdict.FAIL if codes == {"prices-too-old"}:
            return "The prices are too old."
        case Verdict.FAIL if codes and codes <= COST:  # nothing is said against its restores
            return "It costs more than it may."
        case Verdict.FAIL if total in {1, failed}:
            return "This backup cannot be relied on yet."
        case Verdict.FAIL:
            return f"{failed:,} of {count(total, 'scenario')} failed, and should not have."
        case Verdict.UNVERIFIED if not any(one.judgement.drills for one in run.scenarios):
            return "Nothing could be verified."
        case Verdict.UNVERIFIED:
            return "Not everything could be verified."
        case Verdict.PASS if _is_tuned(run):
            return _of_volumes(run)
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
    parts += _moved(run)
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


def _actions(run: RunResult, told: Sequence[Told]) -> Iterable[Action]:
    """One text for each code, at most three; a green run has one as well.

    What volume size to choose comes before what could not be verified, and after what failed.
    """
    first: dict[str, Told] = {}
    for one in told:
        first.setdefault(one.finding.code, one)
    found = [Action(text=one.finding.advice, told=one) for one in first.values()]
    choice = [Action(text=text, is_of_volumes=True) for text in _choices(run)]
    both = [*found, *choice] if run.verdict is Verdict.FAIL else [*choice, *found]
    yield from both[:MOST_FIRST]
    if not both:
        yield Action(
            text="Nothing now. Drill again whenever the policy, duplicity or the store changes, "
            "and keep the secret key and its passphrase where a new machine finds them."
        )


# ---------------------------------------------------------------- of a tuned run


def _is_tuned(run: RunResult) -> bool:
    """Whether there are several points and a price to compare them by."""
    return run.tune is not None and len(run.tune.points) > 1 and bool(run.tune.advice)


def _of_volumes(run: RunResult) -> str:
    advice = run.tune.advice if run.tune else ()
    matters = sum(one.matters for one in advice)
    if matters in {0, len(advice)}:
        return f"Volume size {'matters' if matters else 'hardly matters'} for money."
    return f"Volume size matters with {matters} of {count(len(advice), 'price list')}."


def _moved(run: RunResult) -> Iterable[str]:
    """By how much it matters, with the first prices; a known failure stays in sight."""
    if run.tune is None or not _is_tuned(run):
        return
    first = run.tune.advice[0]
    text = verdict(run.tune, first)[0]
    several = len(run.tune.advice) > 1
    yield f"With {first.prices.place} {text[0].lower()}{text[1:]}" if several else text
    known = sum(scenario_mark(one) == "known" for one in run.scenarios)
    if known and run.verdict is Verdict.PASS:
        yield f"The drills went as expected, with {count(known, 'known failure')}."


def _choices(run: RunResult) -> Iterable[str]:
    """What to choose; each text once, the first with its prices where several differ."""
    if run.tune is None or not _is_tuned(run):
        return
    by_text: dict[str, str] = {}
    for advice in run.tune.advice:
        for text in verdict(run.tune, advice)[1:]:
            by_text.setdefault(text, advice.prices.place)
    for text, place in by_text.items():
        yield text if len(by_text) == 1 else f"With {place}: {text[0].lower()}{text[1:]}"


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
