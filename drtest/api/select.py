"""Which scenarios a run is about."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drtest.api.long import left_out
from drtest.api.options import Options
from drtest.cost.sweep import named_point, point_scenario
from drtest.errors import ScenarioError, UsageError
from drtest.model.grid import LEAST_CHUNK_MIB
from drtest.model.scenario import Scenario
from drtest.oracle.refusal import Problem, problems
from drtest.scenario import find_files, load
from drtest.scenario.emit import printable

# Stands for the workspace: a pattern that would be told from another by it is refused.
SOMEWHERE = Path("/drtest/1/src")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a run is about: read once, so that all of it speaks of the same text of the files."""

    scenarios: tuple[Scenario, ...]
    left_out: tuple[str, ...] = ()  # what a folder holds beside them, each with why


def choose(options: Options) -> Chosen:
    """Return the scenarios that *options* name, and what is left out; UsageError for none."""
    scenarios = loaded(find_files(options.paths, long=options.long), seed=options.seed)
    found = [one for one in scenarios if has_words(one.name, options.words)]
    found = found or _point(scenarios, options.words)
    if not found:
        names = "\n".join(f"    {one.name}" for one in scenarios)
        raise UsageError(f"-k {options.words!r} selects none of:\n{names}")
    if options.only_drill is not None:
        _need_one_drill(found, options)
    lacking = {one.name: why for one in found if (why := rootless(one, options))}
    return Chosen(
        scenarios=tuple(one for one in found if one.name not in lacking),
        left_out=(*left_out(options), *lacking.values()),
    )


def _point(scenarios: Sequence[Scenario], words: str) -> list[Scenario]:
    """The point of a grid that ``drtest tune`` calls by *words*: its commands name it so."""
    named = named_point(words)
    if named is None or named[1][1] < LEAST_CHUNK_MIB:
        return []
    return [point_scenario(one, named[1]) for one in scenarios if one.name == named[0]]


def rootless(scenario: Scenario, options: Options) -> str:
    """Return why an ordinary user's run leaves *scenario* out, "" where it does not.

    Only what was found in a folder: a scenario asked for by name is run, and comes out UNVERIFIED
    for what it lacks.
    """
    named = options.words or any(
        path.resolve() == Path(scenario.file).resolve() for path in options.paths
    )
    if named or os.getuid() == 0 or not scenario.root_for:
        return ""
    return f"{scenario.name}: needs root ({', '.join(scenario.root_for)})"


def loaded(files: Sequence[Path], *, seed: int | None = None) -> tuple[Scenario, ...]:
    """Return the scenarios of *files*; ScenarioError also for rules that duplicity would refuse.

    And for those that would mean another thing where drtest works than on the user's machine.
    """
    scenarios = load(files, seed=seed)
    found = [
        _refusal(scenario, problem)
        for scenario in scenarios
        for problem in problems(scenario.policy.select, SOMEWHERE)
    ]
    if found:
        count = "1 problem" if len(found) == 1 else f"{len(found):,} problems"
        raise ScenarioError("\n".join([*found, f"{count}; nothing was run"]), problems=len(found))
    return scenarios


def _refusal(scenario: Scenario, problem: Problem) -> str:
    line = problem.rule.line or scenario.policy.line
    end = "" if problem.status is None else f": duplicity ends with status {problem.status}"
    return f"{printable(f'{scenario.file}:{line}: {problem.rule}: {problem.message}')}{end}"


def has_words(name: str, words: str) -> bool:
    """Whether *name* has all of *words*, in any case and order."""
    return all(word in name.lower() for word in words.lower().split())


def _need_one_drill(scenarios: Sequence[Scenario], options: Options) -> None:
    exact = [one for one in scenarios if one.name == options.words]
    if len(scenarios) != 1 and len(exact) != 1:
        raise UsageError(f"--drill needs one scenario; -k selects {len(scenarios)}")
    number = options.only_drill[0] if options.only_drill else 0
    drills = (exact or scenarios)[0].drills
    if number > len(drills):
        raise UsageError(f"--drill {options.drill}: the scenario has {len(drills)} drills")
