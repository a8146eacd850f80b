"""Which restores may be begun while the calendar goes on: those whose point nothing can touch.

Pure. A point is settled once nothing is left in the calendar that may remove or change what is
stored, and the set after it is made: a restore must have a newer state to take by mistake. The
runner begins its restores then, and shows them the bucket as it stood at that moment; the request
model foresees them so.
"""

from __future__ import annotations

from drtest.model.plan import plan
from drtest.model.restores import PlannedRestore, resolve
from drtest.model.scenario import Backup, Change, DatedStep, Drill, Mutate, Prune, Scenario, Wait


def settled_after(scenario: Scenario) -> int:
    """Return the last step that may remove or change what is stored, 0 where none may."""
    removing = set(plan(scenario).removing)
    return max(
        (dated.index for dated in scenario.steps if not _is_harmless(dated, removing)), default=0
    )


def begins(scenario: Scenario) -> dict[PlannedRestore, int]:
    """Return the restores that may be begun early, each with the step after which it may.

    None where times are judged: there each restore runs alone. None where keys or passphrases
    change either: a set that another passphrase opens makes its whole chain unreadable.
    """
    changes = any(isinstance(dated.step, Change) for dated in scenario.steps)
    if scenario.objectives.real_size or changes:
        return {}
    made, settled = plan(scenario).made, settled_after(scenario)
    steps = {one.at: after.step for one, after in zip(made, (*made[1:], *made[-1:]), strict=True)}
    found: dict[PlannedRestore, int] = {}
    for drill in scenario.drills:
        if drill.when != "end" or not _is_plain(drill):
            continue
        try:
            restores = resolve(scenario, drill, made)
        except ValueError:  # told when the drills are run
            continue
        for one in restores:
            if one.point_at is not None and one.typed is None:
                found[one] = max(steps[one.point_at], settled)
    return found


def _is_harmless(dated: DatedStep, removing: set[int]) -> bool:
    match dated.step:
        case Mutate() | Wait():
            return True
        case Backup(action=action):
            return dated.step == Backup(action=action)
        case Prune(must_be=must_be):
            return must_be == "done" and dated.index not in removing
        case _:
            return False


def _is_plain(drill: Drill) -> bool:
    """Whether it harms nothing and runs nothing but a restore of what must come back."""
    return drill.must_be == "recovered" and drill == Drill(
        number=drill.number,
        name=drill.name,
        restore=drill.restore,
        at=drill.at,
        escrow=drill.escrow,
        line=drill.line,
    )
