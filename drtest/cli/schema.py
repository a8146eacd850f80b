"""``drtest schema``: the JSON Schema of a scenario file, for editors."""

from __future__ import annotations

import json

import typer

from drtest.scenario import schema as scenario_schema


def schema() -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    typer.echo(json.dumps(scenario_schema(), indent=2))
