"""What is said of all probes together, also where each of them passed."""

from __future__ import annotations

from collections.abc import Iterable

from drtest.model.run import ScenarioResult
from drtest.report.wording import count


def asked(results: Iterable[ScenarioResult]) -> str:
    """Return ``2 of 3 probes passed, without a network``; nothing where no application was asked.

    With the network of this machine even one probe might have been answered from elsewhere.
    """
    drills = [drill for result in results for drill in result.judgement.drills]
    probes = [one for drill in drills for one in drill.probed]
    if not probes:
        return ""
    passed = sum(one.outcome == "passed" for one in probes)
    alone = all(one.is_isolated for one in probes if one.status is not None)
    network = "without a network" if alone else "with this machine's network"
    return f"{passed:,} of {count(len(probes), 'probe')} passed, {network}"
