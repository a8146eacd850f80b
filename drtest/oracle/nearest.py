"""Which path of a source a rule with a typing mistake was perhaps meant for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from drtest.oracle.glob import split_prefix


def nearest(pattern: str, paths: Iterable[str]) -> str | None:
    """Return the path of the source that *pattern* was perhaps meant for, as the user writes it.

    ``/var/ww`` gives ``/var/www``. *paths* are relative to the root; of equally near ones the first
    wins. None where nothing is near.
    """
    wanted = split_prefix(pattern)[1].rstrip("/*") or pattern
    if not wanted.startswith(("/", "*")):
        wanted = f"/{wanted}"  # a path of files-from
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)  # what stays the same goes second: its index is kept
    best: str | None = None
    best_ratio = 0.6  # difflib's own bound for "close"
    for path in paths:
        matcher.set_seq1(f"/{path}")
        if matcher.real_quick_ratio() <= best_ratio or matcher.quick_ratio() <= best_ratio:
            continue
        if (ratio := matcher.ratio()) > best_ratio:
            best, best_ratio = f"/{path}", ratio
    return best
