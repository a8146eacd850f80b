"""The run that budgets may be a share of: read, and kept with the run that was held against it."""

from __future__ import annotations

from pathlib import Path

from drtest.errors import DrtestError, UsageError
from drtest.model.baseline import Baseline
from drtest.report import baseline
from drtest.report.archive import Archive


def read(folder: Path) -> Baseline:
    """Return the figures of the run in *folder*; UsageError where they cannot be had."""
    try:
        document = Archive.open(folder).read_run()
        return baseline.baseline(document, run=folder.absolute().name)
    except DrtestError as problem:
        raise UsageError(f"--baseline {folder}: {problem}") from problem
