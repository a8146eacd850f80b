"""The requests of a whole run, added up from its scenarios."""

from __future__ import annotations

from collections.abc import Iterable

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


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for key, number in more.items():
        counts[key] = counts.get(key, 0) + number
