"""Records what the source is, before duplicity runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from drtest.model.events import RulesCounted, TruthRecorded
from drtest.model.scenario import Scenario
from drtest.model.tree import Entry
from drtest.oracle.capture import capture
from drtest.oracle.promise import protect
from drtest.oracle.recall import StatCache
from drtest.oracle.selection import Selection
from drtest.oracle.trees import TreeStore


@dataclass(slots=True, kw_only=True)
class Truths:
    """The recorded truths of one scenario; ``by_instant`` finds the one of a restore point."""

    scenario: Scenario
    source: Path
    store: TreeStore
    cache: StatCache
    as_root: bool
    by_instant: dict[datetime, int] = field(default_factory=dict)
    count: int = 0

    def settle(self, at: datetime) -> None:
        """Let the truth recorded last be that of the restore point *at*: its backup was made.

        A backup that was refused leaves no point, and so none to another of the same second.
        """
        self.by_instant[at] = self.count - 1

    def record_after(self, *, at: datetime) -> int:
        """Record the whole source once more, as a truth of no restore point; return its number."""
        selection = Selection(self.scenario.policy.select, self.source, at=at)
        number = self.count
        self.store.record_truth(
            number,
            protect(
                selection.select(capture(self.source, cache=self.cache)), self.scenario.objectives
            ),
        )
        self.count += 1
        return number

    def record(self, *, index: int, at: datetime) -> Iterator[TruthRecorded | RulesCounted]:
        """Record the whole source as truth of step *index*, each path flagged."""
        selection = Selection(self.scenario.policy.select, self.source, at=at)

        def flags(entries: Iterator[Entry]) -> Iterator[Entry]:
            return protect(selection.select(entries), self.scenario.objectives)

        number = self.count
        summary = self.store.record_truth(
            number, capture(self.source, cache=self.cache, flags=flags)
        )
        self.count += 1
        yield TruthRecorded(
            index=index,
            at=at,
            number=number,
            paths=summary.paths,
            size_bytes=summary.size_bytes,
            unreadable=summary.unreadable,
        )
        if self.scenario.has_rules:
            yield RulesCounted(
                index=index,
                at=at,
                matched=tuple(selection.matched),
                decided=tuple(selection.decided),
            )
