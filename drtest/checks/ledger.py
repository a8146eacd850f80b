"""Where the facts of all drills are entered, so that one cause becomes one finding.

Nothing here grows with paths times restores: samples are capped, sets of paths are shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from drtest.checks.words import EVIDENCE_PATHS
from drtest.model.events import Call, DrillFinished
from drtest.model.names import SetId
from drtest.model.tree import Difference, sort_key


def label_of(drill: DrillFinished) -> str:
    """Return ``1.3``: the third restore of drill 1."""
    return f"{drill.number}.{drill.part}"


def subject_of(drill: DrillFinished) -> str:
    """Return the drill's name, or ``drill 1``."""
    return drill.name or f"drill {drill.number}"


@dataclass(slots=True, kw_only=True)
class Reach:
    """In which restores and at which restore points a fact showed."""

    drills: dict[str, None] = field(default_factory=dict)
    points: dict[datetime, None] = field(default_factory=dict)
    silent: bool = False
    number: int = 0  # of the first drill, for its line

    def add(self, drill: DrillFinished, *, silent: bool) -> None:
        """Enter one restore."""
        self.number = self.number or drill.number
        self.drills[label_of(drill)] = None
        if drill.point_at is not None:
            self.points[drill.point_at] = None
        self.silent = self.silent or silent


@dataclass(slots=True, kw_only=True)
class Sample:
    """One path that differs, as it was seen first."""

    difference: Difference
    truth: int | None


@dataclass(slots=True, kw_only=True)
class Pile:
    """All differences of one code."""

    reach: Reach = field(default_factory=Reach)
    paths: set[str] = field(default_factory=set)
    samples: dict[str, Sample] = field(default_factory=dict)
    first: Sample | None = None  # by path, in a sample or not

    def add(self, drill: DrillFinished, difference: Difference, *, silent: bool) -> None:
        """Enter one difference."""
        self.reach.add(drill, silent=silent)
        path = difference.path
        if path in self.paths:
            return
        self.paths.add(path)
        sample = Sample(difference=difference, truth=drill.truth)
        if self.first is None or sort_key(path) < sort_key(self.first.difference.path):
            self.first = sample
        if len(self.samples) < EVIDENCE_PATHS:
            self.samples[path] = sample

    def ordered(self) -> list[Sample]:
        """Return the samples by path."""
        return [self.samples[path] for path in sorted(self.samples, key=sort_key)]


@dataclass(slots=True, kw_only=True)
class Entry:
    """What is said of one drill entry under one code."""

    reach: Reach = field(default_factory=Reach)
    calls: list[Call] = field(default_factory=list)
    evidence: list[dict[str, object]] = field(default_factory=list)  # one for each restore


@dataclass(slots=True, kw_only=True)
class Losses:
    """Known losses of one kind."""

    reach: Reach = field(default_factory=Reach)
    most: int = 0  # paths in one restore
    paths: list[str] = field(default_factory=list)  # the first few


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The facts of all drills of one history."""

    piles: dict[str, Pile] = field(default_factory=dict)  # by code
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)  # by code and subject
    losses: dict[str, Losses] = field(default_factory=dict)  # by kind
    gone: Reach = field(default_factory=Reach)  # drills that met a promised point that is gone
    mixed: Reach = field(default_factory=Reach)  # drills that met a chain of two passphrases
    # Drills that met a set that the bucket holds in part: told of the set.
    maimed: dict[SetId, Reach] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)  # restored path -> errno name

    def of_path(self, code: str, drill: DrillFinished, one: Difference, *, silent: bool) -> None:
        """Enter a difference."""
        self.piles.setdefault(code, Pile()).add(drill, one, silent=silent)

    def of_drill(
        self,
        code: str,
        drill: DrillFinished,
        evidence: dict[str, object],
        *,
        call: Call | None = None,
        silent: bool = False,
        subject: str = "",
    ) -> None:
        """Enter what is true of a whole restore; *subject* is the drill's own where not given."""
        entry = self.entries.setdefault((code, subject or subject_of(drill)), Entry())
        entry.reach.add(drill, silent=silent)
        entry.evidence.append(evidence)
        if call is not None:
            entry.calls.append(call)

    def lost(self, drill: DrillFinished, counts: dict[str, list[str]]) -> None:
        """Enter the known losses of one restore: paths by kind."""
        for kind, paths in counts.items():
            losses = self.losses.setdefault(kind, Losses())
            losses.reach.add(drill, silent=False)
            if len(paths) > losses.most:
                losses.most = len(paths)
                losses.paths = paths[:20]
