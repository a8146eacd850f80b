"""Builds and mutates the source tree from one seed."""

from __future__ import annotations

from drtest.workload.mutation import mutate
from drtest.workload.size import size_estimate
from drtest.workload.tree import build
from drtest.workload.zoo import LeftOut, lacks, left_out

__all__ = ["LeftOut", "build", "lacks", "left_out", "mutate", "size_estimate"]
