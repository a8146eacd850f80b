"""The requests of a whole run, metered and predicted, added up from its scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drtest.model.bill import Counts
from drtest.model.run import ScenarioResult
from drtest.model.traffic import Totals


def add_up(results: Iterable[ScenarioResult]) -> Totals | None:
    """Return the sum over *results*, None where none of them was metered.

    ``by_step`` keeps scenarios apart, since "12" is another step in each: its keys are the
    scenario's folder, a slash and the step.
    """
    metered = [(result.folder, result.requests) for result in results if result.requests]
    if not metered:
        return None
    whole = Totals()
    for folder, part in metered:
        whole.total += part.total
        whole.failed += part.failed
        whole.unknown += part.unknown
        whole.body_in_bytes += part.body_in_bytes
        whole.body_out_bytes += part.body_out_bytes
        _add(whole.by_operation, part.by_operation)
        _add(whole.by_kind, part.by_kind)
        _add(whole.by_step, {f"{folder}/{step}": n for step, n in part.by_step.items()})
        for phase, counts in part.by_phase.items():
            _add(whole.by_phase.setdefault(phase, {}), counts)
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What was predicted of a whole run."""

    by_operation: Counts
    why_estimates: tuple[str, ...]  # each reason once; none where the counts are exact

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.by_operation.values())


def add_up_predicted(results: Iterable[ScenarioResult]) -> Foreseen | None:
    """Return the sum of what was predicted of all metered *results*, None where one lacks it."""
    predictions = [result.predicted for result in results if result.requests]
    counts: Counts = {}
    reasons: dict[str, None] = {}
    for one in predictions:
        if one is None:
            return None
        for part in one.by_phase.values():
            _add(counts, part)
        reasons.update(dict.fromkeys(one.why_estimates()))
    return Foreseen(by_operation=counts, why_estimates=tuple(reasons)) if predictions else None


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for key, number in more.items():
        counts[key] = counts.get(key, 0) + number
