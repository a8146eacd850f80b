"""``drtest iam``: the least IAM policy that each phase of a run needed."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from drtest.api.iam import least_policies
from drtest.cli.arguments import DEFAULT_REPORTS, Folder, Reports, Scenario, newest
from drtest.errors import UsageError


def iam(
    folder: Folder = None,
    *,
    reports: Reports = DEFAULT_REPORTS,
    phase: Annotated[
        str,
        typer.Option("--phase", metavar="P", help="Only this one: backup, prune, drill."),
    ] = "",
    bucket: Annotated[
        str, typer.Option("--bucket", metavar="NAME", help="Write your own bucket's name in.")
    ] = "",
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", metavar="P", help="... and where below it your backup lies."),
    ] = None,
    scenario: Scenario = "",
) -> None:
    """Print the least IAM policy that each phase of a run needed, as JSON.

    With --phase the policy document alone, to be pasted as it is; without it one document for each
    phase. A right that was not asked for in this run is not in it: drill what you want to allow.
    """
    found = least_policies(newest(folder, reports), scenario=scenario, bucket=bucket, prefix=prefix)
    if not found:
        raise UsageError("no request reached the store, so no right was needed")
    if phase and phase not in found:
        raise UsageError(f"--phase {phase}: the run had {', '.join(found)}")
    typer.echo(json.dumps(found[phase] if phase else found, indent=2))
