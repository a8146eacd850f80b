"""Which scenarios a run is about."""

from __future__ import annotations

from collections.abc import Sequence

from drtest.api.options import Options
from drtest.errors import UsageError
from drtest.model.scenario import Scenario
from drtest.scenario import find_files, load


def chosen(options: Options) -> tuple[Scenario, ...]:
    """Return the scenarios that *options* name; UsageError where there are none."""
    scenarios = load(find_files(options.paths, long=options.long), seed=options.seed)
    found = [one for one in scenarios if has_words(one.name, options.words)]
    if not found:
        names = "\n".join(f"    {one.name}" for one in scenarios)
        raise UsageError(f"-k {options.words!r} selects none of:\n{names}")
    if options.only_drill is not None:
        _need_one_drill(found, options)
    return tuple(found)


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
