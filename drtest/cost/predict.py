"""What a scenario should ask of S3, over its whole calendar and all its drills, before it is run.

The counts follow from the policy, the calendar and which objects cross a limit (a volume, a chunk,
8 MiB, 1,000 keys). Where no limit is near they are exact; else the step says why it is an estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from drtest.cost import shapes
from drtest.cost.habits import Habits, habits
from drtest.cost.shapes import SetSizes, add, pages
from drtest.cost.sizes import Content, lay_out, recut, volume
from drtest.cost.source import NOTHING_CHANGED, SourceShape, change, expected
from drtest.model.bill import Counts, PredictedStep, Prediction
from drtest.model.plan import PlannedRestore, PlannedSet, due, is_full_due, plan, resolve
from drtest.model.scenario import (
    Backup,
    DatedStep,
    Drill,
    Everything,
    Lose,
    Mutate,
    Mutation,
    OneFile,
    Paths,
    Policy,
    Prune,
    Scenario,
    Wait,
)

NEAR_A_LIMIT = "sizes near a limit (a volume, an upload chunk, 8 MiB) are only expected"


def predict(
    scenario: Scenario,
    *,
    duplicity_version: str,
    source: SourceShape | None = None,
    seen: Mapping[int, SetSizes] | None = None,
) -> Prediction:
    """Return the requests that *scenario* should make with duplicity of *duplicity_version*.

    *source* is the shape of what is backed up; None: as the scenario describes it. No step is
    exact whose source is not known (a copy of a tree, selection rules). *seen* are the sets of a
    run of the same calendar with another volume size, by step (``seen.sets``): they are cut anew.
    """
    if source is None:
        source = expected(scenario.source)
        if scenario.has_rules and not source.why_estimate:
            source = replace(source, why_estimate="selection rules decide what is backed up")
    calendar = _Calendar(
        scenario=scenario,
        habits=habits(scenario.policy, duplicity_version=duplicity_version),
        shape=source,
        seen=seen or {},
    )
    steps: list[PredictedStep] = []
    for dated in scenario.steps:
        steps += calendar.step(dated)
    made = [one for one in plan(scenario).made if one.step in calendar.made]
    for drill in scenario.drills:
        for restore in resolve(scenario, drill, made):
            if restore.point_at is not None:
                steps.append(calendar.drill(drill, restore))
    return Prediction(duplicity=duplicity_version, steps=tuple(steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """One set in the bucket."""

    planned: PlannedSet
    sizes: SetSizes
    entries: float  # paths that it holds
    one_file_bytes: float  # stored bytes of a mean file
    why_estimate: str


@dataclass(slots=True, kw_only=True)
class _Calendar:
    """Where the calendar has got to: the source, the bucket, the machine's archive dir."""

    scenario: Scenario
    habits: Habits
    shape: SourceShape
    seen: Mapping[int, SetSizes]
    sets: list[_Set] = field(default_factory=list)  # in the bucket, oldest first
    made: set[int] = field(default_factory=set)  # steps whose backups made a set
    cached: set[int] = field(default_factory=set)  # steps whose sets the archive dir knows
    changed: Content = NOTHING_CHANGED  # since the last backup
    changed_most_bytes: float = 0.0
    chains: int = 0
    last_full_at: datetime | None = None
    may_lose_paths: bool = False
    lost: str = ""  # what was taken from the machine that backups may need

    @property
    def keys(self) -> int:
        return sum(one.sizes.objects for one in self.sets)

    def step(self, dated: DatedStep) -> list[PredictedStep]:
        match dated.step:
            case Mutate(mutations=mutations):
                self._mutate(self.scenario.mutate if mutations is None else mutations)
            case Backup():
                return [self._backup(dated, dated.step)]
            case Prune():
                return [self._prune(dated, dated.step)]
            case Lose(what=what):
                if what == "archive dir":
                    self.cached.clear()
                elif self.habits.frame == "gpg":
                    self.lost = f"the {what} is lost"
            case Wait():
                pass
            case _ as never:
                assert_never(never)
        return []

    # ------------------------------------------------------------ the source

    def _mutate(self, mutations: Sequence[Mutation]) -> None:
        done = change(mutations, self.shape)
        self.shape = done.shape
        self.changed_most_bytes += done.most_bytes
        self.may_lose_paths |= any(one.verb in {"delete", "rename"} for one in mutations)
        before, new = self.changed, done.content
        self.changed = Content(
            stored_bytes=before.stored_bytes + new.stored_bytes,
            entries=before.entries + new.entries,
            signatures_bytes=before.signatures_bytes + new.signatures_bytes,
            path_bytes=new.path_bytes,
            block_stored_bytes=new.block_stored_bytes,
        )

    def _new_set(self, dated: DatedStep, *, is_full: bool) -> _Set:
        content = self.shape.content() if is_full else self.changed
        before = self.seen.get(dated.index)
        if before is not None:
            sizes = recut(
                before,
                volsize_mib=self.habits.volsize_mib,
                frame=self.habits.frame,
                block_stored_bytes=self.shape.block_stored_bytes,
            )
        else:
            sizes = lay_out(
                content,
                volsize_mib=self.habits.volsize_mib,
                frame=self.habits.frame,
                has_jsonstat=self.habits.client.has_jsonstat,
            )
        most = self.shape.most_stored_bytes if is_full else self.changed_most_bytes
        files = max(self.shape.files, 1)
        data = sum(group.size_bytes * group.ratio for group in self.shape.groups)
        return _Set(
            planned=PlannedSet(at=dated.at, step=dated.index, chain=self.chains, is_full=is_full),
            sizes=sizes,
            entries=content.entries,
            one_file_bytes=data / files,
            why_estimate=self.shape.why_estimate or self._near_a_limit(most),
        )

    def _near_a_limit(self, most_bytes: float) -> str:
        smallest = min(
            volume(self.habits.volsize_mib, "gzip").payload_bytes,
            self.habits.client.chunk_bytes,
            shapes.DOWNLOAD_CHUNK_BYTES,
        )
        is_sure = max(most_bytes, self.shape.most_metadata_bytes) < smallest
        return "" if is_sure else NEAR_A_LIMIT

    # ------------------------------------------------------------ the calendar

    def _backup(self, dated: DatedStep, step: Backup) -> PredictedStep:
        client, before = self.habits.client, pages(self.keys)
        is_due = is_full_due(self.last_full_at, dated.at, self.scenario.policy.full_if_older_than)
        if step.action == "incremental" and self.last_full_at is None:
            refused = shapes.incremental(None, client, pages_before=1, last_manifest_bytes=None)
            return _predicted(dated, step.action, refused, why="no full to stand on: refused")
        is_full = step.action == "full" or is_due
        is_implied = step.action != "full"
        syncs = client.checks_remote and (is_implied or client.syncs_before_full)
        missing = self._missing(self.sets[-1].planned.chain) if syncs and self.sets else []
        if missing and not self.habits.can_sync_when_cold:
            # Measured: status 31 at the first piece of metadata, nothing is made.
            refused = add(
                {"HeadBucket": 1, "ListObjects": 2 * before, "HeadObject": 1, "GetObject": 1}
            )
            return _predicted(
                dated, step.action, refused, why="no passphrase to fill the lost archive dir with"
            )
        if is_full:
            self.chains += 1
            self.last_full_at = dated.at
        new = self._new_set(dated, is_full=is_full)
        skips = not is_full and self.habits.skips_unchanged and not self.changed.entries
        last_bytes = self.sets[-1].sizes.manifest_bytes if self.sets else None
        if is_full:
            counts = shapes.full(
                new.sizes,
                client,
                pages_before=before,
                pages_after=pages(self.keys + new.sizes.objects),
                is_implied=is_implied,
                missing=_sizes(missing),
            )
            reads_bytes = 0
        else:
            counts = shapes.incremental(
                None if skips else new.sizes,
                client,
                pages_before=before,
                last_manifest_bytes=last_bytes if self.habits.reads_last_manifest else None,
                missing=_sizes(missing),
            )
            reads_bytes = (last_bytes or 0) if self.habits.reads_last_manifest else 0
        self.cached |= {one.planned.step for one in missing}
        why = new.why_estimate or self.lost or _why(missing)
        if step.must_be == "refused":
            why = "it must be refused: how far it gets is not modelled"
        elif not skips:
            self.sets.append(new)
            self.cached.add(dated.index)
            self.made.add(dated.index)
        self.changed, self.changed_most_bytes = NOTHING_CHANGED, 0.0
        return _predicted(
            dated,
            step.action,
            counts,
            uploaded_bytes=0 if skips else new.sizes.difftar_bytes + new.sizes.metadata_bytes,
            downloaded_bytes=reads_bytes + _metadata_bytes(missing),
            why=why,
        )

    def _prune(self, dated: DatedStep, step: Prune) -> PredictedStep:
        """One process for each retention rule, one after another (runner, facts 2.d)."""
        counts: Counts = {}
        why = self.shape.why_estimate
        for policy in _rules(self.scenario.policy):
            alone = replace(self.scenario, policy=policy)
            gone = due([one.planned for one in self.sets], alone, now=dated.at)
            steps = {one.step for one in gone} if step.force else set()
            going = [one for one in reversed(self.sets) if one.planned.step in steps]
            part = shapes.prune(
                [one.sizes.objects for one in going],
                self.habits.client,
                keys=self.keys,
                signatures=len(going),
            )
            counts = add(counts, part)
            why = why or _why(going)
            if step.must_be == "done":
                self.sets = [one for one in self.sets if one.planned.step not in steps]
        return _predicted(dated, "prune", counts, why=why)

    # ------------------------------------------------------------ drills

    def drill(self, drill: Drill, restore: PlannedRestore) -> PredictedStep:
        """One process for each path; the first finds an empty archive dir, the others its copy."""
        label = f"drill {restore.drill}.{restore.part}"
        asked_at = restore.asked_at or self.scenario.end_at
        chain = self._chain_at(asked_at)
        lists = pages(self.keys)
        cold = self.sets if self.habits.syncs_all_chains else chain
        read = chain[:1] + [one for one in chain[1:] if one.planned.at <= asked_at]
        match drill.restore:
            case Everything():
                wanted: list[str] = ["."]
            case OneFile():
                wanted = ["one file"]
            case Paths(paths=paths):
                wanted = list(paths)
            case _ as never:
                assert_never(never)
        counts: Counts = {}
        downloaded, why = float(_metadata_bytes(cold)), _why([*cold, *read])
        for number, path in enumerate(wanted):
            missing = _sizes(cold) if number == 0 else []
            if path == ".":
                fetched: list[tuple[SetSizes, int | None]] = [(one.sizes, None) for one in read]
                downloaded += sum(one.sizes.difftar_bytes for one in read)
            else:
                parts = [(one, _volumes_for_one_path(one)) for one in read]
                fetched = [(one.sizes, round(volumes)) for one, volumes in parts]
                downloaded += sum(
                    one.sizes.difftar_bytes * volumes / one.sizes.volumes for one, volumes in parts
                )
                if len(read) > 1 or read[0].sizes.volumes > 1:
                    why = why or "which volumes a path needs depends on where it sorts"
            counts = add(counts, shapes.restore(fetched, pages=lists, missing=missing))
        if restore.must_be == "refused" or drill.escrow is not None:
            why = "it may be refused: how far it gets is not modelled"
        elif isinstance(drill.restore, Paths) and self.may_lose_paths:
            why = why or "a mutation may have taken the path away"
        return PredictedStep(
            step=label,
            phase="drill",
            operations=counts,
            uploaded_bytes=0,
            downloaded_bytes=int(downloaded),
            why_estimate=why,
        )

    def _missing(self, chain: int) -> list[_Set]:
        wanted = self.habits.syncs_all_chains
        return [
            one
            for one in self.sets
            if one.planned.step not in self.cached and (wanted or one.planned.chain == chain)
        ]

    def _chain_at(self, instant: datetime) -> list[_Set]:
        """The chain that duplicity takes for *instant*: the last that began by then, or the first.

        dup_collections.get_backup_chain_at_time: the one that covers it, else the last before it.
        """
        began = [one for one in self.sets if one.planned.is_full and one.planned.at <= instant]
        chain = (began[-1] if began else self.sets[0]).planned.chain
        return [one for one in self.sets if one.planned.chain == chain]


def _volumes_for_one_path(one: _Set) -> float:
    """How many of a set's volumes cover one path: their range does, whether or not it is in them.

    The range of a set's first volume begins at the root, so an incremental of k paths covers a
    path with probability k / (k + 1) (manifest.VolumeInfo.contains).
    """
    if one.planned.is_full:
        each = one.sizes.volume_bytes
        return min(one.sizes.volumes, 1 + one.one_file_bytes / each if one.sizes.volumes > 1 else 1)
    return one.entries / (one.entries + 1)


def _rules(policy: Policy) -> Iterable[Policy]:
    """The policy with one retention rule at a time, in the order of the processes."""
    none = replace(
        policy,
        remove_older_than=None,
        remove_all_but_n_full=None,
        remove_all_inc_of_but_n_full=None,
    )
    if policy.remove_older_than is not None:
        yield replace(none, remove_older_than=policy.remove_older_than)
    if policy.remove_all_but_n_full is not None:
        yield replace(none, remove_all_but_n_full=policy.remove_all_but_n_full)
    if policy.remove_all_inc_of_but_n_full is not None:
        yield replace(none, remove_all_inc_of_but_n_full=policy.remove_all_inc_of_but_n_full)


def _sizes(sets: Iterable[_Set]) -> list[SetSizes]:
    return [one.sizes for one in sets]


def _metadata_bytes(sets: Iterable[_Set]) -> int:
    return sum(one.sizes.signatures_bytes + one.sizes.manifest_bytes for one in sets)


def _why(sets: Iterable[_Set]) -> str:
    return next((one.why_estimate for one in sets if one.why_estimate), "")


def _predicted(
    dated: DatedStep,
    phase: str,
    operations: Counts,
    *,
    uploaded_bytes: int = 0,
    downloaded_bytes: int = 0,
    why: str = "",
) -> PredictedStep:
    return PredictedStep(
        step=str(dated.index),
        phase=phase,
        operations=operations,
        uploaded_bytes=uploaded_bytes,
        downloaded_bytes=downloaded_bytes,
        why_estimate=why,
    )
