"""The account of a calendar: every point with what its drills gave, every disturbance. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from drtest.checks.case import Case
from drtest.checks.ledger import label_of
from drtest.checks.words import counted, status
from drtest.model.account import (
    Account,
    Disturbance,
    Goals,
    Place,
    PointResult,
    PointState,
    worst_state,
)
from drtest.model.events import (
    ActionFinished,
    DamageDone,
    DrillFinished,
    StepStarted,
    ToxicSeen,
    TruthRecorded,
)
from drtest.model.money import Budget
from drtest.model.run import DrillResult
from drtest.model.scenario import Backup, Lose
from drtest.model.verdict import Disposition, Verdict


def account(case: Case, drills: Sequence[DrillResult]) -> Account:
    """Return what became of *case*'s calendar; *drills* are its judged restores."""
    scenario, history = case.scenario, case.history
    last = next(reversed(list(history.of(TruthRecorded))), None)
    objectives = scenario.objectives
    return Account(
        start_at=scenario.steps[0].at,
        end_at=scenario.end_at,
        steps=len(scenario.steps),
        source_paths=last.paths if last else 0,
        source_bytes=last.size_bytes if last else 0,
        goals=Goals(
            keep_s=_seconds(objectives.keep),
            rpo_s=_seconds(objectives.rpo),
            rto_s=_seconds(objectives.rto),
            real_size=objectives.real_size,
            requests_per_month=objectives.requests_per_month,
            cost_per_month=_words(objectives.cost_per_month),
            restore_cost=_words(objectives.restore_cost),
        ),
        points=tuple(sorted(_points(case, drills), key=lambda one: one.at)),
        disturbances=tuple(_disturbances(case, drills)),
    )


def _seconds(interval: timedelta | None) -> float | None:
    return None if interval is None else interval.total_seconds()


def _words(budget: Budget | None) -> str:
    return "" if budget is None else str(budget)


def _state(drills: Iterable[DrillResult]) -> PointState:
    """Return what the drills that should recover one point say of it, "untried" for none."""
    states: set[PointState] = set()
    for one in drills:
        if one.disposition is Disposition.SILENTLY_WRONG:
            states.add("wrong")
        elif one.verdict is Verdict.UNVERIFIED:
            states.add("unverified")
        elif one.disposition is Disposition.RECOVERED:
            # One that fails though its tree is right fails by the application's own word.
            states.add("verified" if one.verdict is Verdict.PASS else "wrong")
        else:
            states.add("refused")
    return worst_state(states) if states else "untried"


def _points(case: Case, drills: Sequence[DrillResult]) -> Iterator[PointResult]:
    asked: dict[datetime, list[DrillResult]] = {}
    # What a drill did to its own copy of the bucket says nothing of the point that is stored.
    harmed = {label_of(one) for one in case.history.of(DrillFinished) if one.damage}
    for one in drills:
        is_of_point = one.must_be == "recovered" and one.label not in harmed
        if is_of_point and one.restore_point is not None:
            asked.setdefault(one.restore_point, []).append(one)
    for made in case.made:
        point = made.point
        mine = asked.get(point.at, [])
        state = _state(mine)
        is_maimed = point.at in case.promised and point.at in case.maimed_at
        if point.at in case.gone_at or (is_maimed and state in ("refused", "untried")):
            state = "wrong" if state == "wrong" else "lost"
        elif state == "untried" and not made.is_restorable(case.left):
            state = "pruned"
        yield PointResult(
            at=point.at,
            chain=point.chain,
            is_full=point.is_full,
            state=state,
            drills=tuple(one.label for one in mine),
        )
    made_at = {one.point.at for one in case.made}
    tried = {event.index for event in case.actions}
    for dated in case.scenario.steps:
        step = dated.step
        if not isinstance(step, Backup) or step.must_be != "done" or dated.index not in tried:
            continue
        if dated.at not in made_at:
            made_at.add(dated.at)
            yield PointResult(at=dated.at, chain=0, is_full=False, state="missing")


def _disturbances(case: Case, drills: Sequence[DrillResult]) -> Iterator[Disturbance]:
    """Yield what was done on purpose, in order, and what the restores from then on gave."""
    for event in case.history.events:
        match event:
            case ToxicSeen():
                fired = "once" if event.fired == 1 else f"{event.fired:,} times"
                yield _seen(
                    case,
                    drills,
                    event,
                    place="wire",
                    what=f"{event.toxic} at {event.when}, in {event.action}",
                    happened=f"{fired if event.fired else 'never'}; "
                    f"{counted(event.matching, 'request')} fitted",
                    did_happen=event.fired > 0,
                )
            case DamageDone():
                yield _seen(
                    case,
                    drills,
                    event,
                    place="store",
                    what=event.damage,
                    happened=f"{counted(len(event.keys), 'object')} differ"
                    if len(event.keys) != 1
                    else "1 object differs",
                    did_happen=bool(event.keys),
                )
            case StepStarted() if _is_loss(case, event):
                yield _seen(
                    case,
                    drills,
                    event,
                    place="machine",
                    what=event.what,
                    happened="yes",
                    did_happen=True,
                )
            case _:
                pass
    yield from _of_drills(case, drills)


def _of_drills(case: Case, drills: Sequence[DrillResult]) -> Iterator[Disturbance]:
    """Yield a row for each drill that harmed its own copy of the bucket, all its restores in it."""
    results = {one.label: one for one in drills}
    groups: dict[int, list[DrillFinished]] = {}
    for event in case.history.of(DrillFinished):
        if event.damage and label_of(event) in results:
            groups.setdefault(event.number, []).append(event)
    for events in groups.values():
        first, told = events[0], [results[label_of(one)] for one in events]
        hit = len({key for one in events for key in one.harmed})
        yield Disturbance(
            at=case.scenario.end_at,
            place="store",
            what=f"{', '.join(first.damage)}, in drill {first.number} alone",
            happened="1 object differs" if hit == 1 else f"{hit:,} objects differ",
            did_happen=all(one.harmed for one in events),
            must_be=first.must_be,
            was=", ".join(dict.fromkeys(one.disposition.value for one in told)),
            restores=len(told),
            restores_right=sum(one.verdict is Verdict.PASS for one in told),
            silently_wrong=sum(one.disposition is Disposition.SILENTLY_WRONG for one in told),
        )


def _is_loss(case: Case, event: StepStarted) -> bool:
    dated = case.steps.get(event.index)
    return dated is not None and isinstance(dated.step, Lose)


def _seen(
    case: Case,
    drills: Sequence[DrillResult],
    event: ToxicSeen | DamageDone | StepStarted,
    *,
    place: Place,
    what: str,
    happened: str,
    did_happen: bool,
) -> Disturbance:
    actions = [one for one in case.actions if one.index == event.index]
    # What harms an older set shows at every point that stands on it, so all later drills count.
    after = [
        one
        for one in drills
        if place != "wire" or one.restore_point is None or one.restore_point >= event.at
    ]
    return Disturbance(
        at=event.at,
        place=place,
        what=what,
        happened=happened,
        did_happen=did_happen,
        must_be=actions[0].must_be if actions else "",
        was=", ".join(dict.fromkeys(_ended(one) for one in actions)),
        restores=len(after),
        restores_right=sum(one.verdict is Verdict.PASS for one in after),
        silently_wrong=sum(one.disposition is Disposition.SILENTLY_WRONG for one in after),
    )


def _ended(action: ActionFinished) -> str:
    return "killed" if action.call.status < 0 else f"status {status(action.call)}"
