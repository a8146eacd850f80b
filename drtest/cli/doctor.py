"""``drtest doctor``: check that this machine can run drills."""

from __future__ import annotations

import typer

from drtest.api.doctor import examine
from drtest.api.options import Options
from drtest.cli.arguments import Duplicity, Work
from drtest.duplicity.versions import DEFAULT


def doctor(*, duplicity: Duplicity = DEFAULT, work: Work = None) -> None:
    """Check that this machine can run drills: exit 0 if so, else 3."""
    lines = examine(Options(duplicity=duplicity, work=work))
    for line in lines:
        mend = f"    {line.mend}" if line.mend else ""
        typer.echo(f"  {line.state:8} {line.text}{mend}")
    wrong = sum(line.state == "wrong" for line in lines)
    if wrong:
        thing = "thing" if wrong == 1 else "things"
        typer.echo(f"\n{wrong} {thing} to mend; drtest run would give UNVERIFIED")
        raise typer.Exit(3)
    typer.echo("\nthis machine can run drills")
