"""The command line as a whole: the commands, and how errors become words and exit statuses."""

from __future__ import annotations

import sys
from typing import Any

import typer

from drtest import __version__
from drtest.cli import clean, doctor, iam, prices, report, requests, schema, show, tune, validate
from drtest.cli import run as run_command
from drtest.cli.help import Command, Commands
from drtest.errors import DrtestError

HELP = """Proves whether a duplicity backup on S3 can be restored: makes real backups over a
simulated calendar, restores every promised point on an empty machine, compares, and counts.

Exit status of run: 0 as expected, 1 FAIL, 2 unusable scenario, 3 UNVERIFIED, 70 drtest broke,
130 interrupted. drtest COMMAND --help tells more."""

# typer carries a click of its own; its base of all complaints about arguments has no public name.
_UNUSABLE: Any = typer.BadParameter.__mro__[2]

START, CLOSER, DECIDE = "Start here", "Look closer", "Decide"

app = typer.Typer(
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command(cls=Command, rich_help_panel=START)(run_command.run)
app.command(cls=Command, rich_help_panel=START)(doctor.doctor)
app.command(cls=Command, rich_help_panel=CLOSER)(validate.validate)
app.command(cls=Command, rich_help_panel=CLOSER)(show.show)
app.command(cls=Command, rich_help_panel=CLOSER)(report.report)
app.command(cls=Command, rich_help_panel=CLOSER)(requests.requests)
app.command(cls=Command, rich_help_panel=CLOSER)(iam.iam)
app.command(cls=Command, rich_help_panel=CLOSER)(schema.schema)
app.command(cls=Command, rich_help_panel=CLOSER)(clean.clean)
app.command(cls=Command, rich_help_panel=DECIDE)(tune.tune)
app.command(cls=Command, rich_help_panel=DECIDE)(prices.prices)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"drtest {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(  # noqa: ARG001  (its callback does the work)
        False, "--version", help="Print the version.", callback=_version, is_eager=True
    ),
) -> None:
    if sys.platform != "linux":
        raise DrtestError(f"drtest runs on Linux only, and this is {sys.platform}")


def run() -> int:
    """Run the command line and return its exit status."""
    try:
        status = app(standalone_mode=False)
    except typer.Abort:
        return 130
    except _UNUSABLE as problem:
        problem.show()
        return 2
    except DrtestError as problem:
        typer.echo(f"{problem}\nexit {problem.exit_code}", err=True)
        return problem.exit_code
    return status if isinstance(status, int) else 0
