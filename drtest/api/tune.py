"""``drtest tune``: one scenario at each point of a grid of volume sizes and upload chunks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from drtest.api.grid import Words, asked, swept
from drtest.api.options import Options
from drtest.api.prices import load
from drtest.api.run import Run, run
from drtest.api.select import Chosen, choose
from drtest.cost.sweep import point_scenario
from drtest.cost.tuning import check
from drtest.errors import UsageError
from drtest.model.grid import Sweep
from drtest.model.scenario import OWN_STORES
from drtest.report.interface import Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class Tune:
    """A grid that is ready to be run."""

    options: Options
    sweep: Sweep
    chosen: Chosen


def prepare(options: Options, words: Words) -> Tune:
    """Return what ``tune`` would run; UsageError for what it cannot be asked.

    Prices are looked up whole, and nothing is run where one is missing.
    """
    found = choose(options)
    if len(found.scenarios) != 1:
        names = "\n".join(f"    {one.name}" for one in found.scenarios)
        raise UsageError(f"drtest tune takes one scenario; choose with -k one of:\n{names}")
    scenario = found.scenarios[0]
    stores = options.stores or scenario.stores
    if len(stores) > 1 or not set(stores) <= set(OWN_STORES):
        raise UsageError(
            f"drtest tune runs on one store of drtest's own: --store {', '.join(OWN_STORES)}; "
            f"not {', '.join(stores)}"
        )
    grid = asked(scenario, words)
    told = replace(options, prices=grid.prices, preload=True)
    try:
        for tariff in load(told.prices, told.price).tariffs:
            check(tariff)
    except UsageError as problem:
        if words.prices:
            raise
        raise UsageError(f"{scenario.file}: tune: prices: {problem}") from None
    sweep = swept(scenario, grid, told)
    return Tune(
        options=told,
        sweep=sweep,
        chosen=Chosen(scenarios=tuple(point_scenario(scenario, at) for at in sweep.run)),
    )


def tune(
    options: Options,
    words: Words,
    *,
    reporters: Sequence[Reporter] = (),
    stop: threading.Event | None = None,
) -> Run:
    """Run the grid that *options* and *words* name; ``Run.result.tune`` is the answer.

    Each point is a scenario of the run, kept and judged as any other, so that a failed drill
    counts. *stop* as in ``run``: what was finished is told.
    """
    ready = prepare(options, words)
    return run(
        ready.options, chosen=ready.chosen, sweep=ready.sweep, reporters=reporters, stop=stop
    )
