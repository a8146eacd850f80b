"""Builds and mutates the source tree from one seed."""

from __future__ import annotations

from drtest.workload.mutation import mutate
from drtest.workload.size import size_estimate
from drtest.workload.tree import build

__all__ = ["build", "mutate", "size_estimate"]
