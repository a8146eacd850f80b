"""How the points of a grid are spoken of: best, yours, default; measured, or why not."""

from __future__ import annotations

from collections.abc import Iterator

from drtest.model.tune import Advice, Point, Tuning


def names(point: Point, advice: Advice | None) -> list[str]:
    """Return ``best``, ``yours``, ``default``: what a reader looks for first."""
    is_best = advice is not None and advice.best == (point.volsize_mib, point.chunk_mib)
    words = (("best", is_best), ("yours", point.is_yours), ("default", point.is_default))
    return [word for word, is_so in words if is_so]


def percent(part: float) -> str:
    """Return ``+0.4 %``; what rounds to nothing has no sign."""
    shown = f"{part * 100:+.1f} %"
    return "0.0 %" if shown in {"+0.0 %", "-0.0 %"} else shown


def modelled(tuning: Tuning) -> Iterator[tuple[str, str]]:
    """Yield volume sizes by why they were not measured; the size itself is not said again."""
    found: dict[str, dict[str, None]] = {}
    for point in tuning.points:
        if point.why_modelled:
            why = point.why_modelled.replace(f" of {point.volsize_mib} MiB", " of that size")
            found.setdefault(why, {})[str(point.volsize_mib)] = None
    for why, sizes in found.items():
        yield ", ".join(sizes), why


def alike(tuning: Tuning) -> str:
    """Return which volume sizes stand once, because a volume is one request with any chunk."""
    chunks: dict[int, set[int]] = {}
    for point in tuning.points:
        chunks.setdefault(point.volsize_mib, set()).add(point.chunk_mib)
    if max(len(each) for each in chunks.values()) < 2:
        return ""
    least = min(point.chunk_mib for point in tuning.points)
    once = [str(volsize) for volsize in chunks if volsize < least]
    if not once:
        return ""
    return f"volsize {', '.join(once)} with any chunk: a volume is one request"
