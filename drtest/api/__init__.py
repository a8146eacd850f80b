"""Composes everything for Python users: ``run(Options(paths=...)) -> Run``."""

from __future__ import annotations

from drtest.api.options import Options
from drtest.api.run import Run, run
from drtest.api.stored import retell

__all__ = ["Options", "Run", "retell", "run"]
