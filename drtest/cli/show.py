"""``drtest show``: a scenario with all defaults filled in and its calendar counted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drtest.api.options import Options
from drtest.api.select import choose
from drtest.cli.arguments import Seed, Words
from drtest.scenario import show as shown


def show(
    file: Annotated[Path, typer.Argument(help="A scenario file.")],
    *,
    words: Words = "",
    seed: Seed = None,
) -> None:
    """Show a scenario with all defaults filled in and its calendar counted."""
    scenarios = choose(Options(paths=(file,), words=words, seed=seed, long=True)).scenarios
    typer.echo("\n---\n".join(shown(scenario).rstrip("\n") for scenario in scenarios))
