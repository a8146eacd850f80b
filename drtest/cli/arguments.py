"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drtest.errors import UsageError
from drtest.report.archive import latest

SELDOM = "Seldom needed"

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH", help="Scenario files and folders (default: scenarios/)."),
]
Words = Annotated[
    str, typer.Option("-k", metavar="WORDS", help="Only scenarios whose name has these words.")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Another tree, other mutations, other samples."),
]
Long = Annotated[
    bool,
    typer.Option(
        "--long", help="Also those below long/, which take minutes.", rich_help_panel=SELDOM
    ),
]
Duplicity = Annotated[
    str,
    typer.Option("--duplicity", metavar="WHICH", help="A version from PyPI, system, or a path."),
]
Reports = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Where reports lie.")]
Folder = Annotated[
    Path | None, typer.Argument(metavar="FOLDER", help="A run's folder (default: the newest).")
]
Scenario = Annotated[
    str, typer.Option("--scenario", metavar="WORDS", help="Only of scenarios with these words.")
]
Work = Annotated[
    Path | None,
    typer.Option(
        "--work",
        metavar="DIR",
        help="Work below here (default: the system's temporary folder).",
        rich_help_panel=SELDOM,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", help="Scenarios or points at a time (default: cores)."),
]
KeepMax = Annotated[
    int,
    typer.Option(
        "--keep-max",
        metavar="MIB",
        help="Keep no wreck larger than this.",
        rich_help_panel=SELDOM,
    ),
]

DEFAULT_FILES = (Path("scenarios"),)
DEFAULT_REPORTS = Path("reports")
DEFAULT_KEEP_MAX_MIB = 2048


def newest(folder: Path | None, reports: Path) -> Path:
    """Return the run that was named, or the newest below *reports*; UsageError for none."""
    chosen = folder or latest(reports)
    if chosen is None:
        raise UsageError(f"there is no run below {reports}")
    return chosen


def paths(files: list[Path] | None) -> tuple[Path, ...]:
    """Return what to look at: what was named, or the folder ``scenarios``."""
    return tuple(files) if files else DEFAULT_FILES
