"""Which paths one restore of a drill asks for."""

from __future__ import annotations

import hashlib
import heapq
from typing import assert_never

from drtest.model.restores import PlannedRestore
from drtest.model.scenario import Drill, Everything, OneFile, Paths, Run
from drtest.oracle.trees import TreeStore

SAMPLE = 1000  # files among which "one file" looks for the one of median size


def paths_of(
    seed: int, store: TreeStore, drill: Drill, restore: PlannedRestore, truth: int | None
) -> tuple[str, ...]:
    """Return paths relative to the source's root; ``.`` is everything.

    Without a truth nothing is known to have been there, and what is named is asked for.
    """
    match drill.restore:
        case Everything() | Run():
            return (".",)
        case Paths(paths=paths):
            wanted = [path.strip("/") or "." for path in paths]
            if truth is None:
                return tuple(wanted)
            there = {entry.path for entry in store.truth(truth) if entry.path in wanted}
            return tuple(path for path in wanted if path in there)
        case OneFile():
            label = f"{seed}/{restore.drill}.{restore.part}"
            return () if truth is None else _one_file(store, truth, label)
        case _ as never:
            assert_never(never)


def _one_file(store: TreeStore, truth: int, label: str) -> tuple[str, ...]:
    """The selected file of median size in a sample that the seed draws, streaming."""
    sample = heapq.nsmallest(
        SAMPLE,
        (
            (
                hashlib.sha256(f"{label}/{entry.path!a}".encode()).digest(),
                entry.size_bytes,
                entry.path,
            )
            for entry in store.truth(truth)
            if entry.type == "file" and entry.selected and not entry.error
        ),
    )
    by_size = sorted((size_bytes, path) for _, size_bytes, path in sample)
    return (by_size[len(by_size) // 2][1],) if by_size else ()
