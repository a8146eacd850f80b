"""Plays a calendar without running it: the sets, the bucket and the archive dir, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from drtest.cost import shapes
from drtest.cost.habits import Habits
from drtest.cost.place import Reads
from drtest.cost.shapes import SetSizes, add, pages
from drtest.cost.sizes import Content, lay_out, recut, volume
from drtest.cost.source import NOTHING_CHANGED, SourceShape, change
from drtest.model.bill import Counts, PredictedStep
from drtest.model.plan import PlannedSet, due, is_full_due
from drtest.model.scenario import (
    Backup,
    Change,
    Clock,
    DatedStep,
    Drill,
    Lose,
    Mutate,
    Mutation,
    Policy,
    Prune,
    Revoke,
    Scenario,
    Wait,
)

NEAR_A_LIMIT = "sizes near a limit (a volume, an upload chunk, 8 MiB) are only expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSet:
    """One set in the bucket, as it is expected to be."""

    planned: PlannedSet
    sizes: SetSizes
    entries: float  # paths that it holds
    one_file_bytes: float  # stored bytes of a mean file
    why_estimate: str


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """Where the calendar has got to: the source, the bucket, the machine's archive dir."""

    scenario: Scenario
    habits: Habits
    shape: SourceShape
    seen: Mapping[int, SetSizes]
    reads: Reads = field(default_factory=dict)  # what drills read of *seen*
    sets: list[StoredSet] = field(default_factory=list)  # in the bucket, oldest first
    made: set[int] = field(default_factory=set)  # steps whose backups made a set
    cached: set[int] = field(default_factory=set)  # steps whose sets the archive dir knows
    changed: Content = NOTHING_CHANGED  # since the last backup
    changed_most_bytes: float = 0.0
    chains: int = 0
    last_full_at: datetime | None = None
    may_lose_paths: bool = False
    unsure: str = ""  # why everything from here on is an estimate

    @property
    def keys(self) -> int:
        """How many objects lie in the bucket."""
        return sum(one.sizes.objects for one in self.sets)

    def step(self, dated: DatedStep) -> list[PredictedStep]:
        """Play one step of the calendar; return what its duplicity calls ask."""
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
                    self.unsure = f"the {what} is lost"
            case Change() | Revoke():
                self.unsure = "keys or passphrases change on the way"
            case Wait():
                pass
            case Clock():
                self.unsure = "the machine's clock is off"
            case _:  # damage to what is stored, for good
                self.unsure = "stored objects were damaged"
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

    def _new_set(self, dated: DatedStep, *, is_full: bool) -> StoredSet:
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
        return StoredSet(
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
                missing=sizes_of(missing),
            )
            reads_bytes = 0
        else:
            counts = shapes.incremental(
                None if skips else new.sizes,
                client,
                pages_before=before,
                last_manifest_bytes=last_bytes if self.habits.reads_last_manifest else None,
                missing=sizes_of(missing),
            )
            reads_bytes = (last_bytes or 0) if self.habits.reads_last_manifest else 0
        self.cached |= {one.planned.step for one in missing}
        why = self.unsure or new.why_estimate or why_of(missing)
        if self.sets and self.sets[-1].planned.at == dated.at:
            why = self.unsure = "two backups within one second"  # duplicity takes the real clock
        if is_disturbed(step):
            why = self.unsure = "toxics are armed: what is tried again is not modelled"
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
            downloaded_bytes=reads_bytes + metadata_bytes(missing),
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
            why = why or self.unsure or why_of(going)
            if step.must_be == "done":
                self.sets = [one for one in self.sets if one.planned.step not in steps]
        return _predicted(dated, "prune", counts, why=why)

    # ------------------------------------------------------------ the bucket

    def _missing(self, chain: int) -> list[StoredSet]:
        wanted = self.habits.syncs_all_chains
        return [
            one
            for one in self.sets
            if one.planned.step not in self.cached and (wanted or one.planned.chain == chain)
        ]

    def chain_at(self, instant: datetime) -> list[StoredSet]:
        """Return the chain that duplicity takes: the last that began by *instant*, or the first.

        dup_collections.get_backup_chain_at_time: the one that covers it, else the last before it.
        """
        began = [one for one in self.sets if one.planned.is_full and one.planned.at <= instant]
        chain = (began[-1] if began else self.sets[0]).planned.chain
        return [one for one in self.sets if one.planned.chain == chain]


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


def is_disturbed(entry: Backup | Drill) -> bool:
    """Whether a backup or a drill carries toxics or damage, which change what it asks."""
    return any(getattr(entry, name, None) for name in ("toxics", "damage", "damages"))


def sizes_of(sets: Iterable[StoredSet]) -> list[SetSizes]:
    """Return the sizes alone."""
    return [one.sizes for one in sets]


def metadata_bytes(sets: Iterable[StoredSet]) -> int:
    """Return what an archive dir that knows none of *sets* fetches."""
    return sum(one.sizes.signatures_bytes + one.sizes.manifest_bytes for one in sets)


def why_of(sets: Iterable[StoredSet]) -> str:
    """Return the first reason why one of *sets* is an estimate, "" where none is."""
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
