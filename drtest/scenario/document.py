"""Reads one document into a scenario, its parts in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from drtest.model.scenario import (
    DEFAULT_START,
    Backup,
    DatedStep,
    Drill,
    Mutation,
    Objectives,
    Policy,
    Scenario,
)
from drtest.scenario import fields, words
from drtest.scenario.calendar import Calendar, read_calendar
from drtest.scenario.crosscheck import Found, crosscheck
from drtest.scenario.drill import PlacedDrill, read_drills
from drtest.scenario.fields import Fields
from drtest.scenario.grid import read_grid
from drtest.scenario.mutation import read_mutations
from drtest.scenario.node import Mapping, Node, Scalar, Sequence, compose
from drtest.scenario.outlet import read_outlet
from drtest.scenario.policy import read_policy
from drtest.scenario.problem import Problems, nearest
from drtest.scenario.promise import read_expect, read_objectives
from drtest.scenario.source import read_source
from drtest.scenario.text import Place, Unreadable, read

T = TypeVar("T")
_MOST_SEED = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A scenario, where its name stands, and what it names outside of its file."""

    scenario: Scenario
    name_place: Place
    key_files: tuple[tuple[str, Place], ...]
    copy_of: dict[str, Place] = field(default_factory=dict)  # by the entry's path


def read_document(node: Node, problems: Problems, *, seed: int | None) -> Loaded | None:
    """Return the scenario of one document, None where anything is wrong with it."""
    before = len(problems.found)
    if not isinstance(node, Mapping):
        problems.add(
            node.place,
            "a document is a mapping" if _has_content(node) else "this document is empty",
            f"allowed: {', '.join(words.DOCUMENT)}; delete a --- behind the last document",
        )
        return None
    found = fields.read_fields(
        node,
        problems,
        what="key",
        allowed=words.DOCUMENT,
        later=words.DOCUMENT_LATER,
    )
    if found is None:
        return None
    name = _required(found, problems, "scenario", fallback="a name")
    why = _required(found, problems, "why", fallback="one line that is printed where it fails")
    expect = _part(found, problems, "expect", read_expect) or ()
    own_seed = _seed(found, problems)
    reading = _Reading(problems)
    source = reading.part(found, "source", read_source) or ()
    if "source" not in found.values:
        problems.add(node.place, "source is missing", "add   source:   with   /srv/www: 40 files")
    paths: list[tuple[str, Place]] = []
    key_files: list[tuple[str, Place]] = []
    mutate: tuple[Mutation, ...] = (
        reading.part(found, "mutate", lambda part, its: read_mutations(part, its, paths)) or ()
    )
    policy = reading.part(found, "policy", lambda part, its: read_policy(part, its, key_files))
    calendar = _calendar(found, reading, paths)
    drills = _drills(found, reading)
    promise_paths: list[tuple[str, Place]] = []
    objectives = reading.part(
        found, "objectives", lambda part, its: read_objectives(part, its, promise_paths)
    )
    time_limit = _time_limit(found, problems)
    outlet = read_outlet(found, problems)
    tune = read_grid(found, problems)
    scenario: Scenario | None = None
    if source and calendar is not None and drills:
        scenario = Scenario(
            name=name or "?",
            why=why or "?",
            source=source,
            expect=expect,
            seed=own_seed if seed is None else seed,
            mutate=mutate,
            policy=policy or Policy(),
            steps=calendar.steps,
            drills=tuple(one.drill for one in drills),
            objectives=objectives or Objectives(),
            time_limit=time_limit,
            stores=outlet.stores,
            needs=outlet.needs,
            bucket=outlet.bucket,
            credentials=outlet.credentials,
            tune=tune,
            file=node.place.text.file,
            line=node.place.line,
        )
    crosscheck(
        Found(
            fields=found,
            source=source if "source" not in reading.broken else (),
            paths=(*paths, *promise_paths, *(path for one in drills for path in one.paths)),
            policy=None if "policy" in reading.broken else policy or Policy(),
            objectives=None if "objectives" in reading.broken else objectives or Objectives(),
            calendar=calendar,
            drills=drills,
            scenario=scenario
            if not reading.broken & {"source", "policy", "calendar", "drills", "objectives"}
            else None,
        ),
        problems,
    )
    if len(problems.found) > before or scenario is None:
        return None
    return Loaded(
        scenario=scenario,
        name_place=found.values["scenario"].place,
        key_files=tuple(key_files),
        copy_of=reading.keys,
    )


def _has_content(node: Node) -> bool:
    return isinstance(node, Sequence) or (isinstance(node, Scalar) and node.value != "")


def _required(found: Fields, problems: Problems, key: str, *, fallback: str) -> str | None:
    node = found.get(key)
    if node is None:
        problems.add(found.node.place, f"{key} is missing", f"add   {key}: {fallback}")
        return None
    return fields.text(node, problems, what=fallback)


def _part(
    found: Fields, problems: Problems, key: str, reader: Callable[[Node, Problems], T]
) -> T | None:
    node = found.get(key)
    return None if node is None else reader(node, problems)


def _seed(found: Fields, problems: Problems) -> int:
    node = found.get("seed")
    if node is None:
        return 1
    seed = fields.whole(node, problems, what="seed", low=0, high=_MOST_SEED)
    return 1 if seed is None else seed


def _time_limit(found: Fields, problems: Problems) -> timedelta:
    node = found.get("time-limit")
    limit = None if node is None else fields.interval(node, problems)
    return timedelta(minutes=30) if limit is None else limit


def _calendar(found: Fields, reading: _Reading, paths: list[tuple[str, Place]]) -> Calendar | None:
    if "calendar" not in found.values:
        step = DatedStep(
            index=1, at=DEFAULT_START, step=Backup(action="full"), line=found.node.place.line
        )
        return Calendar(steps=(step,), places=(found.node.place,))
    return reading.part(found, "calendar", lambda part, its: read_calendar(part, its, paths))


def _drills(found: Fields, reading: _Reading) -> tuple[PlacedDrill, ...]:
    if "drills" not in found.values:
        place = found.node.place
        drill = Drill(number=1, line=place.line)
        return (PlacedDrill(drill=drill, place=place, must_be=place, selectors=(), paths=()),)
    return reading.part(found, "drills", read_drills) or ()


class _Reading:
    """Reads the parts of one document and remembers which of them are broken."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.broken: set[str] = set()
        self.keys: dict[str, Place] = {}  # keys of source, for what is looked for on the machine

    def part(self, found: Fields, key: str, reader: Callable[[Node, Problems], T]) -> T | None:
        """Return what *reader* makes of the part at *key*, or of the file that it names."""
        node = found.get(key)
        if node is None:
            return None
        before = len(self.problems.found)
        if key in words.PARTS and isinstance(node, Scalar):
            node = self._from_file(key, node)
        value = None if node is None else reader(node, self.problems)
        if len(self.problems.found) > before:
            self.broken.add(key)
        if key == "source" and isinstance(node, Mapping):
            self.keys = {"/" + pair.key.value.strip("/"): pair.value.place for pair in node.pairs}
        return value

    def _from_file(self, key: str, node: Scalar) -> Node | None:
        name = node.value
        folder = node.place.text.folder
        if not name.endswith((".yaml", ".yml")):
            self.problems.add(
                node.place,
                f"{name or 'nothing'} is neither a mapping nor a file with this part",
                f"write the keys of {key} below it, or the path of a file: {key}: parts/FILE.yaml",
            )
            return None
        path = folder / name
        if not path.is_file():
            others = sorted(
                str(one.relative_to(folder)) for one in folder.glob("parts/*.y*ml") if one.is_file()
            )
            near = nearest(name, others)
            self.problems.add(
                node.place,
                f"there is no file {name} beside the scenario",
                f"did you mean {near}?" if near else "",
                "allowed: a path relative to the folder of the scenario",
            )
            return None
        try:
            text = read(path, file=str(path))
        except Unreadable as error:
            self.problems.add_unreadable(error)
            return None
        before = len(self.problems.found)
        documents = compose(text, self.problems)
        if len(self.problems.found) > before and not documents:
            return None
        if len(documents) != 1:
            self.problems.add(
                text.start,
                f"a part is one document, here are {len(documents)}",
                f"write the keys of {key} into it, without ---",
            )
            return None
        part = documents[0]
        if isinstance(part, Scalar) or (
            isinstance(part, Mapping) and [pair.key.value for pair in part.pairs] == [key]
        ):
            self.problems.add(
                part.place,
                f"a part holds what stands below {key}:, without the word itself",
                f"write the keys of {key} into it",
            )
            return None
        return part
