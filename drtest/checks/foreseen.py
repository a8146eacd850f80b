"""Whether the model of duplicity's requests holds for this run: predicted against metered."""

from __future__ import annotations

from collections.abc import Iterator

from drtest.checks.case import Case
from drtest.checks.words import counted
from drtest.model.bill import PhaseComparison, compare
from drtest.model.events import DamageDone, DrillFinished, FaultSeen, ToxicSeen
from drtest.model.finding import Finding

TOLERANCE = 0.02
LARGE = 1000  # requests of a phase: from here on an estimate, too, must be within the tolerance


def check(case: Case) -> Iterator[Finding]:
    """Yield one warning where counts are off; none where the run was no fair trial of the model.

    A call that failed asks for less than the model says, and one that was disturbed for more: then
    a difference says nothing of the model.
    """
    history = case.history
    if history.predicted is None or history.requests is None or not is_fair(case):
        return
    off = [row for row in compare(history.predicted, history.requests) if is_off(row)]
    if not off:
        return
    worst = max(off, key=lambda row: abs(sum(row.predicted.values()) - sum(row.metered.values())))
    operation = max(
        dict.fromkeys((*worst.predicted, *worst.metered)),
        key=lambda one: abs(worst.predicted.get(one, 0) - worst.metered.get(one, 0)),
    )
    predicted, metered = worst.predicted.get(operation, 0), worst.metered.get(operation, 0)
    more = f", and {counted(len(off) - 1, 'more phase')} likewise" if len(off) > 1 else ""
    yield Finding(
        code="request-model-off",
        subject=worst.phase,
        message=(
            f"In {worst.phase} {predicted:,} {operation} were predicted and {metered:,} metered; "
            f"of all operations {sum(worst.predicted.values()):,} and "
            f"{sum(worst.metered.values()):,}{more}."
        ),
        line=case.scenario.line,
        evidence={
            "operation": operation,
            "predicted": predicted,
            "metered": metered,
            "is_exact": not worst.why_estimates,
            "phases": [
                {"phase": row.phase, "predicted": row.predicted, "metered": row.metered}
                for row in off
            ],
        },
    )


def is_off(row: PhaseComparison) -> bool:
    """Whether one phase's counts differ by more than is allowed.

    Exact ones are held to each operation; of estimates only the sum counts, where it is large.
    """
    if row.why_estimates:
        predicted, metered = sum(row.predicted.values()), sum(row.metered.values())
        return max(predicted, metered) >= LARGE and _differ(predicted, metered)
    return any(
        _differ(row.predicted.get(one, 0), row.metered.get(one, 0))
        for one in {*row.predicted, *row.metered}
    )


def _differ(predicted: int, metered: int) -> bool:
    return abs(predicted - metered) > TOLERANCE * metered


def is_fair(case: Case) -> bool:
    """Whether every call came to its end undisturbed, so that the model's counts must show."""
    history, requests = case.history, case.history.requests
    calls = [action.call for action in case.actions]
    calls += [one.call for drill in history.of(DrillFinished) for one in drill.restored]
    return (
        history.is_complete
        and requests is not None
        and not requests.failed
        and not requests.unknown
        and not any(history.of(FaultSeen, ToxicSeen, DamageDone))
        and all(call.status == 0 for call in calls)
    )
