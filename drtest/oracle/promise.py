"""Which paths of the source are promised to come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from drtest.model.scenario import Objectives, Protect
from drtest.model.tree import Entry


def protect(entries: Iterable[Entry], objectives: Objectives) -> Iterator[Entry]:
    """Yield *entries* with ``protected`` set by ``objectives.protect``; the order stays.

    None promises the whole source, ``"selected"`` what ``selected`` says, a tuple its paths and all
    below them. The folders above a promised path are not promised by it.
    """
    match objectives.protect:
        case None:
            return (_marked(entry, True) for entry in entries)
        case "selected":
            return (_marked(entry, entry.selected) for entry in entries)
        case tuple() as promised:
            return _within(entries, promised)
        case _ as unreachable:
            assert_never(unreachable)


def _within(entries: Iterable[Entry], promised: tuple[Protect, ...]) -> Iterator[Entry]:
    names = tuple(one.path.strip("/") for one in promised)
    is_all = "" in names  # protect: /
    exact, prefixes = frozenset(names), tuple(f"{name}/" for name in names if name)
    for entry in entries:
        covered = is_all or entry.path in exact or entry.path.startswith(prefixes)
        yield _marked(entry, covered)


def _marked(entry: Entry, protected: bool) -> Entry:
    return entry if entry.protected == protected else entry._replace(protected=protected)
