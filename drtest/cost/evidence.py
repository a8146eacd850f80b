"""What the runs of a grid's points showed: chains at any point, and how far off the model is.

One run, of the smallest volume size, is what the model is given; all others are what it is held
to. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from drtest.cost.habits import Habits
from drtest.cost.load import Rhythm, at_size, measured
from drtest.cost.place import Reads
from drtest.cost.predict import predict
from drtest.cost.projection import Chain, Load, chain
from drtest.cost.shapes import MIB, SetSizes
from drtest.cost.sizes import GPG_PADDING_BYTES, Volume, volume
from drtest.cost.source import SourceShape
from drtest.cost.sweep import WHOLE_VOLUMES, point_scenario, too_few
from drtest.model.grid import At, Sweep
from drtest.model.plan import PlannedSet
from drtest.model.scenario import Scenario
from drtest.model.tune import Metered, ModelError, Sized


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the run of one point showed."""

    at: At
    sets: Mapping[int, SetSizes]  # by step, ``seen.sets``
    reads: Reads  # of its drills of one path
    metered: Metered
    is_whole: bool  # it came to its end: its meter can be held against a prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The source as it was recorded before the first backup."""

    size_bytes: int
    files: int
    block_bytes: float  # mean size of a block of content, compressed
    shape: SourceShape | None = None  # None: the scenario itself says all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the points are computed from."""

    sweep: Sweep
    scenario: Scenario
    base: Outcome
    outcomes: Mapping[At, Outcome]
    source: Measured
    version: str
    habit: Habits
    rhythm: Rhythm
    made: tuple[PlannedSet, ...]  # by the calendar

    @property
    def age(self) -> Fraction:
        """Increments since the full when something is restored, in the mean."""
        return Fraction(self.rhythm.increments, 2)

    @property
    def measured(self) -> Sized:
        """The source as it was, with what the base run stored of it."""
        load = self.load(self.base)
        size = self.source.size_bytes
        return Sized(
            size_bytes=size,
            files=self.source.files,
            change=load.increment_bytes / load.full_bytes if load.full_bytes else 0.0,
            compress=load.full_bytes / size if size else 1.0,
        )

    @property
    def shown(self) -> Sized:
        """The reader's source; what is not said of it is as measured."""
        found, project = self.measured, self.sweep.grid.project
        if project is None:
            return found
        mean = found.size_bytes / found.files if found.files else float(project.size_bytes)
        return Sized(
            size_bytes=project.size_bytes,
            files=project.files or max(1, round(project.size_bytes / max(mean, 1))),
            change=found.change if project.change is None else project.change,
            compress=project.compress or min(max(found.compress, 0.001), 1.1),
        )

    def load(self, outcome: Outcome) -> Load:
        """What one run showed."""
        files = max(self.source.files, 1)
        found = measured(
            outcome.sets, self.made, rhythm=self.rhythm, frame=self.habit.frame, file_bytes=0
        )
        return replace(found, file_bytes=found.full_bytes // files)

    def chain(self, at: At) -> Chain:
        """One chain at a point, of the measured size or the reader's."""
        volsize, chunk_mib = at
        client = replace(self.habit.client, chunk_bytes=chunk_mib * MIB)
        project = self.sweep.grid.project
        outcome = self.outcomes.get(at) if not self.why_modelled(at) else None
        if project is not None:
            shown = self.shown
            load = at_size(
                size_bytes=shown.size_bytes,
                files=shown.files,
                change=shown.change,
                compress=shown.compress,
                rhythm=self.rhythm,
            )
        else:
            load = self.load(outcome or self.base)
        return chain(load, client, self._volume(volsize, outcome), frame=self.habit.frame)

    def _volume(self, volsize: int, outcome: Outcome | None) -> Volume:
        """A whole volume as it was measured, or as the model has it."""
        if outcome is None:
            block = self.source.block_bytes
            return volume(volsize, self.habit.frame, block_stored_bytes=block)
        full = self._first_full(outcome)
        padding = GPG_PADDING_BYTES if self.habit.frame == "gpg" else 0
        size = full.volume_bytes if full is not None else volsize * MIB
        return Volume(object_bytes=size, payload_bytes=size - padding)

    def _first_full(self, outcome: Outcome) -> SetSizes | None:
        return next((outcome.sets[one.step] for one in self.made if one.step in outcome.sets), None)

    def why_modelled(self, at: At) -> str:
        """Why a point is not measured, "" where it is."""
        for one in self.sweep.unrun:
            if one.at == at:
                return one.why
        outcome = self.outcomes.get(at)
        if outcome is None:
            return "it was not run"
        if self._first_full(outcome) is None:
            return "its run made no full"
        if not outcome.is_whole:
            return "its run did not come to its end"
        if outcome.metered.full_volumes < WHOLE_VOLUMES:
            return too_few(at[0])
        return ""

    def why_no_unseen(self, unseen: ModelError | None) -> str:
        """Why the model could not be held to a volume size that it had not seen; "" if it was."""
        if self.sweep.unseen is None:
            return self.sweep.why_no_unseen
        return "" if unseen is not None else "its run did not come to its end"

    def error(self, at: At) -> ModelError | None:
        """The model beside the meter of the run at *at*; None where it cannot or need not be."""
        outcome = self.outcomes.get(at)
        if outcome is None or not outcome.is_whole or at == self.base.at:
            return None
        foreseen = predict(
            point_scenario(self.scenario, at),
            duplicity_version=self.version,
            source=self.source.shape,
            seen=self.base.sets,
            reads=self.base.reads,
        )
        return ModelError(
            volsize_mib=at[0],
            chunk_mib=at[1],
            fitted_on_mib=self.base.at[0],
            predicted_requests=foreseen.total,
            metered_requests=outcome.metered.requests,
            predicted_bytes=foreseen.uploaded_bytes + foreseen.downloaded_bytes,
            metered_bytes=outcome.metered.uploaded_bytes + outcome.metered.downloaded_bytes,
        )
