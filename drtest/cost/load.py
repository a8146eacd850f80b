"""What a projection starts from: the reader's own size, or what a run has shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from drtest.cost.projection import MONTH_DAYS, Load
from drtest.cost.shapes import SetSizes
from drtest.cost.sizes import (
    ENTRY_BYTES,
    GPG_PADDING_BYTES,
    MANIFEST_ENTRY_BYTES,
    MANIFEST_VOLUME_BYTES,
    SIGNATURE_ENTRY_BYTES,
    Frame,
    manifest_ratio,
    signature_bytes,
)
from drtest.model.plan import Plan, PlannedSet, plan
from drtest.model.scenario import Backup, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a full is made, how many increments follow it, how many chains stay."""

    increments: int
    cycle_days: int
    chains: int


def rhythm(planned: Plan, *, days: float) -> Rhythm:
    """Return the rhythm of a calendar of *days*: by its fulls, or its length where there is one.

    Of several chains the last is left out, which may be cut short. ValueError where the calendar
    makes no full.
    """
    fulls = [one for one in planned.made if one.is_full]
    if not fulls:
        raise ValueError("the calendar makes no full: there is no month to project")
    whole = fulls[:-1] or fulls
    chains = {one.chain for one in whole}
    increments = sum(one.chain in chains and not one.is_full for one in planned.made)
    apart = (fulls[-1].at - fulls[0].at) / timedelta(days=1)
    cycle = apart / (len(fulls) - 1) if len(fulls) > 1 else days
    return Rhythm(
        increments=round(increments / len(whole)),
        cycle_days=max(1, round(cycle)),
        chains=max(1, len({one.chain for one in planned.left})),
    )


def steady(scenario: Scenario) -> Rhythm:
    """Return the rhythm that *scenario*'s policy comes to, also where its calendar is too short.

    The calendar decides where it makes a second full, and how many chains stay where its prunes
    took one. Otherwise the policy's words do: ``full-if-older-than`` for the cycle, a month where
    it has none; ``remove-all-but-n-full`` and ``remove-older-than`` for the chains. ValueError
    where the calendar makes no full.
    """
    planned, policy = plan(scenario), scenario.policy
    found = rhythm(planned, days=MONTH_DAYS)
    cycle_days, increments, chains = found.cycle_days, found.increments, found.chains
    instants = sorted({dated.at for dated in scenario.steps if isinstance(dated.step, Backup)})
    if len({one.chain for one in planned.made}) < 2 and len(instants) > 1:
        every = (instants[-1] - instants[0]) / (len(instants) - 1)
        cycle = policy.full_if_older_than or timedelta(days=MONTH_DAYS)
        cycle_days = max(1, round(cycle / timedelta(days=1)))
        increments = max(0, round(cycle / every) - 1)
    if not planned.removing:
        if policy.remove_all_but_n_full is not None:
            chains = policy.remove_all_but_n_full
        elif policy.remove_older_than is not None:
            chains = 1 + ceil(policy.remove_older_than / timedelta(days=cycle_days))
    return Rhythm(increments=increments, cycle_days=cycle_days, chains=chains)


def at_size(
    *,
    size_bytes: int,
    files: int,
    change: float,
    compress: float,
    rhythm: Rhythm,
    path_bytes: int = 40,
) -> Load:
    """Return the load of a source of *size_bytes* in so many files of the same size.

    *change* is the part of it that changes from one backup to the next, in whole files; *compress*
    what compression makes of it, stored over original.
    """
    if files < 1 or size_bytes < 0 or not 0 <= change <= 1 or compress <= 0:
        raise ValueError("a source has files, changes by 0 to 1 and compresses to more than 0")
    mean_bytes = size_bytes // files
    changed = max(1, round(files * change)) if change else 0
    each = SIGNATURE_ENTRY_BYTES + signature_bytes(mean_bytes)
    named = path_bytes + MANIFEST_ENTRY_BYTES
    return Load(
        full_bytes=round(size_bytes * compress) + files * ENTRY_BYTES,
        increment_bytes=round(size_bytes * change * compress) + changed * ENTRY_BYTES,
        full_signatures_bytes=files * each,
        increment_signatures_bytes=changed * each,
        increments=rhythm.increments,
        cycle_days=rhythm.cycle_days,
        chains=rhythm.chains,
        file_bytes=round(mean_bytes * compress),
        full_manifest_bytes=files * named,
        increment_manifest_bytes=changed * named,
    )


def measured(
    sets: Mapping[int, SetSizes],
    made: Sequence[PlannedSet],
    *,
    rhythm: Rhythm,
    frame: Frame,
    file_bytes: int,
    times: float = 1.0,
) -> Load:
    """Return the load that a run showed (``seen.sets``), every size *times* as large.

    Means over its fulls and over its increments. ValueError where it shows no full.
    """
    fulls = [sets[one.step] for one in made if one.is_full and one.step in sets]
    others = [sets[one.step] for one in made if not one.is_full and one.step in sets]
    if not fulls:
        raise ValueError("the run shows no full: there is nothing to project")
    padding = GPG_PADDING_BYTES if frame == "gpg" else 0

    def mean(values: list[int]) -> int:
        return round(times * sum(values) / len(values)) if values else 0

    def payload(found: list[SetSizes]) -> int:
        return mean([one.difftar_bytes - padding * (one.volumes - 1) for one in found])

    def listed(found: list[SetSizes]) -> int:
        """Bytes of manifests without their volumes' entries, which each volume size has anew."""
        of_volume = MANIFEST_VOLUME_BYTES * manifest_ratio(frame)
        return mean([max(0, one.manifest_bytes - int(one.volumes * of_volume)) for one in found])

    return Load(
        full_bytes=payload(fulls),
        increment_bytes=payload(others),
        full_signatures_bytes=mean([one.signatures_bytes for one in fulls]),
        increment_signatures_bytes=mean([one.signatures_bytes for one in others]),
        increments=rhythm.increments,
        cycle_days=rhythm.cycle_days,
        chains=rhythm.chains,
        file_bytes=file_bytes,
        full_manifest_bytes=listed(fulls),
        increment_manifest_bytes=listed(others),
    )
