"""What takes minutes: left out unless it is asked for, and told how long before it starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from drtest.api.options import Options
from drtest.model.plan import plan
from drtest.model.restores import restores
from drtest.model.scenario import Backup, Prune, Scenario
from drtest.scenario import find_files

# One process of duplicity with all that drtest does around it, seen on two cores with little else
# to do: a backup or prune of a small source, and a cold restore of some fifteen sets.
CALL_S, RESTORE_S = 1.0, 3.0
FOLDER = "long"


def is_long(file: Path) -> bool:
    """Whether *file* is kept for ``--long``: a folder ``long`` is among those it lies in."""
    return FOLDER in file.parts[:-1]


def left_out(options: Options) -> tuple[str, ...]:
    """Return what a run of *options* leaves out for its length, and how to have it.

    Nothing where ``-k`` chooses: then it is plain what is run.
    """
    if options.long or options.words:
        return ()
    taken = set(find_files(options.paths))
    more = [file for file in find_files(options.paths, long=True) if file not in taken]
    return tuple(f"{file}: it takes minutes; --long runs it too" for file in more)


def calls(scenario: Scenario) -> tuple[int, int]:
    """Return how many processes of duplicity the calendar takes, and how many its drills."""
    policy, made = scenario.policy, plan(scenario).made
    rules = (
        policy.remove_older_than,
        policy.remove_all_but_n_full,
        policy.remove_all_inc_of_but_n_full,
    )
    prune = sum(rule is not None for rule in rules)
    steps = [dated.step for dated in scenario.steps]
    calendar = sum(
        prune if isinstance(step, Prune) else int(isinstance(step, Backup)) for step in steps
    )
    return calendar, sum(len(restores(scenario, drill, made)) for drill in scenario.drills)


def estimate_s(scenario: Scenario, *, cores: int) -> float:
    """Return about how many seconds *scenario* takes alone: by the number of calls, no more."""
    calendar, drills = calls(scenario)
    return calendar * CALL_S + drills * RESTORE_S / cores


def forecast(scenarios: Sequence[Scenario], options: Options) -> Iterator[str]:
    """Yield one line for each of *scenarios* that lies below ``long/``: how long it will take."""
    for scenario in scenarios:
        if is_long(Path(scenario.file)):
            calendar, drills = calls(scenario)
            minutes = max(1, round(estimate_s(scenario, cores=options.cores) / 60))
            yield (
                f"about {minutes} min  {scenario.name} "
                f"(calls of duplicity: {calendar:,}, restores: {drills:,})"
            )
