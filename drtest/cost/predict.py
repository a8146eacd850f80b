"""What a scenario should ask of S3, over its whole calendar and all its drills, before it is run.

The counts follow from the policy, the calendar and which objects cross a limit (a volume, a chunk,
8 MiB, 1,000 keys). Where no limit is near they are exact; else the step says why it is an estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from drtest.cost import shapes
from drtest.cost.habits import habits
from drtest.cost.place import Reads, part_for
from drtest.cost.rehearsal import (
    Rehearsal,
    StoredSet,
    is_disturbed,
    metadata_bytes,
    sizes_of,
    why_of,
)
from drtest.cost.shapes import SetSizes, add, pages
from drtest.cost.source import SourceShape, expected
from drtest.model.bill import Counts, PredictedStep, Prediction
from drtest.model.early import begins
from drtest.model.plan import PlannedSet, plan
from drtest.model.restores import PlannedRestore, restores
from drtest.model.scenario import Drill, Everything, NewKey, OneFile, Paths, Run, Scenario


def predict(
    scenario: Scenario,
    *,
    duplicity_version: str,
    source: SourceShape | None = None,
    seen: Mapping[int, SetSizes] | None = None,
    reads: Reads | None = None,
) -> Prediction:
    """Return the requests that *scenario* should make with duplicity of *duplicity_version*.

    *source* is the shape of what is backed up; None: as the scenario describes it. No step is
    exact whose source is not known (a copy of a tree, selection rules). *seen* are the sets of a
    run of the same calendar with another volume size, by step (``seen.sets``): they are cut anew.
    *reads* says which of their volumes that run's drills of one path read.
    """
    if source is None:
        source = expected(scenario.source)
        if scenario.has_rules and not source.why_estimate:
            source = replace(source, why_estimate="selection rules decide what is backed up")
    calendar = Rehearsal(
        scenario=scenario,
        habits=habits(scenario.policy, duplicity_version=duplicity_version),
        shape=source,
        seen=seen or {},
        reads=reads or {},
    )
    steps: list[PredictedStep] = []
    middle: dict[PlannedRestore, PredictedStep] = {}
    waiting = _in_the_middle(scenario)
    for dated in scenario.steps:
        steps += calendar.step(dated)
        for drill, restore in waiting.get(dated.index, ()):
            middle[restore] = _drill(calendar, drill, restore)
    planned = plan(scenario).made
    made = [one for one in planned if one.step in calendar.made]
    if len(made) < len(planned):  # the runner then leaves all drills to the end
        middle = {restore: step for restore, step in middle.items() if restore.after}
    for drill in scenario.drills:
        steps += [
            middle[restore] if restore in middle else _drill(calendar, drill, restore)
            for restore in _restores(scenario, drill, made)
            if restore.point_at is not None
        ]
    return Prediction(duplicity=duplicity_version, steps=tuple(steps))


def _in_the_middle(scenario: Scenario) -> dict[int, list[tuple[Drill, PlannedRestore]]]:
    """The restores that see the middle of the calendar, by the step that they follow."""
    found: dict[int, list[tuple[Drill, PlannedRestore]]] = {}
    for restore, step in begins(scenario).items():
        found.setdefault(step, []).append((scenario.drills[restore.drill - 1], restore))
    drills = [drill for drill in scenario.drills if drill.when != "end"]
    made = plan(scenario).made if drills else ()
    for drill in drills:
        for one in _restores(scenario, drill, list(made)):
            found.setdefault(one.after, []).append((drill, one))
    return found


def _restores(
    scenario: Scenario, drill: Drill, made: list[PlannedSet]
) -> tuple[PlannedRestore, ...]:
    try:
        return restores(scenario, drill, made)
    except ValueError:  # must-be leaves a point out: the runner makes nothing of this drill
        return ()


def _drill(calendar: Rehearsal, drill: Drill, restore: PlannedRestore) -> PredictedStep:
    """One process for each path; the first finds an empty archive dir, the others its copy."""
    label = f"drill {restore.drill}.{restore.part}"
    asked_at = restore.asked_at or restore.now_at
    chain = calendar.chain_at(asked_at)
    lists = pages(calendar.keys)
    cold = calendar.sets if calendar.habits.syncs_all_chains else chain
    read = chain[:1] + [one for one in chain[1:] if one.planned.at <= asked_at]
    match drill.restore:
        case Everything():
            wanted: list[str] = ["."]
        case OneFile():
            wanted = ["one file"]
        case Run():
            wanted = ["."]  # verify reads as a restore does; the others less
        case Paths(paths=paths):
            wanted = list(paths)
        case _ as never:
            assert_never(never)
    refusal = _refusal(calendar, drill, chain)
    if refusal is not None:
        return PredictedStep(
            step=label,
            phase="drill",
            operations=add(*(refusal for _ in wanted)),
            uploaded_bytes=0,
            downloaded_bytes=0,
            why_estimate="it is refused: how far it gets was seen, and is not derived",
        )
    counts: Counts = {}
    downloaded, why = float(metadata_bytes(cold)), calendar.unsure or why_of([*cold, *read])
    places = calendar.reads.get(label) if len(wanted) == 1 else None
    for number, path in enumerate(wanted):
        missing = sizes_of(cold) if number == 0 else []
        if path == ".":
            fetched: list[tuple[SetSizes, int | None]] = [(one.sizes, None) for one in read]
            downloaded += sum(one.sizes.difftar_bytes for one in read)
        elif places is not None:
            known = [_as_read(one, places, calendar) for one in read if one.planned.step in places]
            fetched = [(sizes, None) for sizes in known]
            downloaded += sum(sizes.difftar_bytes for sizes in known)
        else:
            parts = [(one, _volumes_for_one_path(one)) for one in read]
            fetched = [(one.sizes, round(volumes)) for one, volumes in parts]
            downloaded += sum(
                one.sizes.difftar_bytes * volumes / one.sizes.volumes for one, volumes in parts
            )
            if len(read) > 1 or read[0].sizes.volumes > 1:
                why = why or "which volumes a path needs depends on where it sorts"
        counts = add(counts, shapes.restore(fetched, pages=lists, missing=missing))
    if is_disturbed(drill):
        why = "it is disturbed: what is tried again, and how far it gets, is not modelled"
    elif restore.typed is not None:
        why = "what duplicity makes of a typed time is not modelled"
    elif drill.damage:
        why = "stored objects were damaged"
    elif isinstance(drill.restore, Run):
        why = f"what {drill.restore.action} asks is not modelled"
    elif restore.must_be == "refused" or drill.sign_key is not None:
        why = "it may be refused: how far it gets is not modelled"
    elif isinstance(drill.restore, Paths) and calendar.may_lose_paths:
        why = why or "a mutation may have taken the path away"
    return PredictedStep(
        step=label,
        phase="drill",
        operations=counts,
        uploaded_bytes=0,
        downloaded_bytes=int(downloaded),
        why_estimate=why,
    )


def _as_read(
    one: StoredSet, places: Mapping[int, tuple[int, int]], calendar: Rehearsal
) -> SetSizes:
    """The volumes of a set that hold the path that another run's drill read."""
    step = one.planned.step
    return part_for(
        places[step],
        calendar.seen.get(step, one.sizes),
        one.sizes,
        frame=calendar.habits.frame,
        path_bytes=one.one_file_bytes,
    )


def _refusal(calendar: Rehearsal, drill: Drill, chain: list[StoredSet]) -> Counts | None:
    """What a restore asks that what is in escrow cannot decrypt; None where it can.

    Seen with 3.2.1: without any passphrase it ends after its listings, with one that opens nothing
    (or without the secret key) at the first piece of metadata.
    """
    encryption, escrow = calendar.scenario.policy.encryption, drill.escrow
    if encryption == "none" or escrow is None:
        return None
    counts: Counts = {"HeadBucket": 1, "ListObjects": 2 * pages(calendar.keys)}
    key = calendar.scenario.policy.encrypt_key
    is_protected = not isinstance(key, NewKey) or key.has_passphrase
    if is_protected and not any(item.endswith("passphrase") for item in escrow):
        return counts
    if "wrong passphrase" in escrow or (encryption == "key" and "secret key" not in escrow):
        return add(counts, shapes.reads(chain[0].sizes.signatures_bytes))
    return None


def _volumes_for_one_path(one: StoredSet) -> float:
    """How many of a set's volumes cover one path: their range does, whether or not it is in them.

    The range of a set's first volume begins at the root, so an incremental of k paths covers a
    path with probability k / (k + 1) (manifest.VolumeInfo.contains).
    """
    if one.planned.is_full:
        each = one.sizes.volume_bytes
        return min(one.sizes.volumes, 1 + one.one_file_bytes / each if one.sizes.volumes > 1 else 1)
    return one.entries / (one.entries + 1)
