"""Reads scenario files: YAML to Scenario, every problem in one pass; and writes them back."""

from __future__ import annotations

from drtest.scenario.dump import dump
from drtest.scenario.load import Counts, count, find_files, load, loads
from drtest.scenario.schema import schema
from drtest.scenario.show import show

__all__ = ["Counts", "count", "dump", "find_files", "load", "loads", "schema", "show"]
