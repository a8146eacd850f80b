"""From a scenario's ``tune:`` and the words of a command line to the grid that is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from drtest import workload
from drtest.api.options import Options, cache_folder
from drtest.cost.sizes import BLOCK_BYTES, ENTRY_BYTES
from drtest.cost.source import expected
from drtest.cost.sweep import sweep
from drtest.duplicity.versions import find
from drtest.errors import EnvironmentFault, UsageError
from drtest.model.grid import Grid, Sweep
from drtest.model.scenario import Scenario
from drtest.scenario.quantity import parse_project, parse_restores, parse_speed

T = TypeVar("T")
LATEST = "3"  # of duplicity, where none can be had: then nothing is run anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a command line says of the grid, as it is written; "" leaves it to the scenario."""

    volsize: str = ""
    chunk: str = ""
    restores_per_month: str = ""
    download: str = ""
    project: str = ""
    prices: tuple[str, ...] = ()


def asked(scenario: Scenario, words: Words) -> Grid:
    """Return the scenario's grid with *words* in the place of its own; UsageError says which."""
    grid = scenario.tune or Grid()
    if words.volsize:
        grid = _with(
            "--volsize", words.volsize, lambda text: replace(grid, volsizes_mib=_mib(text))
        )
    if words.chunk:
        grid = _with("--chunk", words.chunk, lambda text: replace(grid, chunks_mib=_mib(text)))
    if words.restores_per_month:
        restores = _with("--restores-per-month", words.restores_per_month, parse_restores)
        grid = replace(grid, restores_per_month=restores)
    if words.download:
        speed = _with("--download", words.download, parse_speed)
        grid = replace(grid, download_bytes_per_s=speed)
    if words.project:
        grid = replace(grid, project=_with("--project", words.project, parse_project))
    if words.prices:
        grid = replace(grid, prices=tuple(dict.fromkeys(words.prices)))
    if not grid.prices:
        raise UsageError(
            "drtest tune compares what a month costs: say with which prices, such as\n"
            "    --prices aws/us-east-1/STANDARD\n"
            "drtest prices lists them; generic/all/STANDARD takes your own figures"
        )
    return grid


def swept(scenario: Scenario, grid: Grid, options: Options) -> Sweep:
    """Return the points of *grid* for *scenario*, by what its source should come to."""
    try:
        version = find(options.duplicity, cache=cache_folder()).version
    except EnvironmentFault:
        version = LATEST  # the run itself will say it
    shape = expected(scenario.source)
    content = shape.content()
    full_bytes, block_bytes = content.stored_bytes + content.entries * ENTRY_BYTES, 0.0
    if shape.why_estimate:
        full_bytes = max(full_bytes, workload.size_estimate(scenario.source))
    else:
        block_bytes = shape.block_stored_bytes
    return sweep(
        scenario,
        grid,
        duplicity_version=version,
        full_bytes=int(full_bytes),
        block_bytes=block_bytes or BLOCK_BYTES,
    )


def _mib(text: str) -> tuple[int, ...]:
    parts: Sequence[str] = [part.strip() for part in text.split(",")]
    for part in parts:
        if not part.isascii() or not part.isdecimal():
            raise ValueError(f"{part or 'nothing'} is no whole number of MiB, as in 5,10,19")
    return tuple(int(part) for part in parts)


def _with(option: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None
