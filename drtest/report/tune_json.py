"""The ``tune`` part of run.json: a grid's points, what to choose, and how far off the model was.

Money is decimal text that is not rounded, as everywhere in that document. The sentences of the
advice stand beside its figures.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drtest.model.bill import PriceTag
from drtest.model.grid import Grid
from drtest.model.tune import (
    Advice,
    Metered,
    ModelError,
    Point,
    Priced,
    Restored,
    Sized,
    Tuning,
)
from drtest.report.advice import sentences


def tuning(found: Tuning) -> dict[str, Any]:
    """Return *found* as the schema has it; ``codec.plain`` still has to go over it."""
    return {
        "scenario": found.scenario,
        "file": found.file,
        "grid": _grid(found.grid),
        "measured": _sized(found.measured),
        "shown": _sized(found.shown),
        "is_projected": found.is_projected,
        "backups": found.backups,
        "increments": found.increments,
        "cycle_days": found.cycle_days,
        "chains": found.chains,
        "archive_bytes": found.archive_bytes,
        "points": [_point(one) for one in found.points],
        "advice": [_advice(one, found) for one in found.advice],
        "unseen": None if found.unseen is None else _error(found.unseen),
        "why_no_unseen": found.why_no_unseen,
        "assumptions": found.assumptions,
    }


def _grid(grid: Grid) -> dict[str, Any]:
    project = grid.project
    return {
        "volsizes_mib": grid.volsizes_mib,
        "chunks_mib": grid.chunks_mib,
        "prices": grid.prices,
        "restores_per_month": grid.restores_per_month,
        "download_bytes_per_s": grid.download_bytes_per_s,
        "project": None
        if project is None
        else {
            "size_bytes": project.size_bytes,
            "change": project.change,
            "files": project.files,
            "compress": project.compress,
        },
    }


def _sized(one: Sized) -> dict[str, Any]:
    return {
        "size_bytes": one.size_bytes,
        "files": one.files,
        "change": one.change,
        "compress": one.compress,
    }


def _point(one: Point) -> dict[str, Any]:
    return {
        "volsize_mib": one.volsize_mib,
        "chunk_mib": one.chunk_mib,
        "is_yours": one.is_yours,
        "is_default": one.is_default,
        "is_measured": one.is_measured,
        "why_modelled": one.why_modelled,
        "requests": one.requests,
        "operations": one.operations,
        "objects": one.objects,
        "list_pages": one.list_pages,
        "stored_bytes": one.stored_bytes,
        "temporary_bytes": one.temporary_bytes,
        "restore_file": _restored(one.restore_file),
        "restore_all": _restored(one.restore_all),
        "priced": [_priced(each) for each in one.priced],
        "metered": None if one.metered is None else _metered(one.metered),
        "error": None if one.error is None else _error(one.error),
    }


def _restored(one: Restored) -> dict[str, Any]:
    return {"read_bytes": one.read_bytes, "requests": one.requests, "time_s": one.time_s}


def _priced(one: Priced) -> dict[str, Any]:
    return {
        "prices": one.prices.place,
        "currency": one.prices.currency,
        "by_class": one.by_class,
        "paid_requests": one.paid_requests,
        "per_month": _money(one.per_month),
        "requests": _money(one.requests),
        "storage": _money(one.storage),
        "early_deletion": _money(one.early_deletion),
        "restores": _money(one.restores),
        "restore_file": _money(one.restore_file),
        "restore_all": _money(one.restore_all),
    }


def _metered(one: Metered) -> dict[str, Any]:
    return {
        "title": one.title,
        "verdict": one.verdict,
        "counts_as": one.counts_as,
        "requests": one.requests,
        "uploaded_bytes": one.uploaded_bytes,
        "downloaded_bytes": one.downloaded_bytes,
        "objects": one.objects,
        "stored_bytes": one.stored_bytes,
        "full_volumes": one.full_volumes,
        "full_s": one.full_s,
        "increment_s": one.increment_s,
        "restore_s": one.restore_s,
    }


def _error(one: ModelError) -> dict[str, Any]:
    return {
        "volsize_mib": one.volsize_mib,
        "chunk_mib": one.chunk_mib,
        "fitted_on_mib": one.fitted_on_mib,
        "predicted_requests": one.predicted_requests,
        "metered_requests": one.metered_requests,
        "requests_off": round(one.requests_off, 4),
        "predicted_bytes": one.predicted_bytes,
        "metered_bytes": one.metered_bytes,
        "bytes_off": round(one.bytes_off, 4),
        "is_within": one.is_within,
    }


def _advice(one: Advice, found: Tuning) -> dict[str, Any]:
    return {
        "prices": _tag(one.prices),
        "matters": one.matters,
        "lowest_mib": one.lowest_mib,
        "highest_mib": one.highest_mib,
        "cheapest": _money(one.cheapest),
        "spread": _money(one.spread),
        "requests_share": round(one.requests_share, 4),
        "best": _at(one.best),
        "first_mib": one.range_mib[0],
        "last_mib": one.range_mib[1],
        "range_restore_s": one.range_restore_s,
        "compared": _at(one.compared),
        "compared_restore_s": one.compared_restore_s,
        "saves": _money(one.saves),
        "is_cold": one.is_cold,
        "step": None
        if one.step is None
        else {
            "below_mib": one.step.below_mib,
            "above_mib": one.step.above_mib,
            "chunk_mib": one.step.chunk_mib,
            "times": round(one.step.times, 2),
        },
        "levers": [{"what": each.what, "saves": _money(each.saves)} for each in one.levers],
        "sentences": sentences(found, one),
    }


def _tag(tag: PriceTag) -> dict[str, Any]:
    return {
        "place": tag.place,
        "currency": tag.currency,
        "as_of": None if tag.as_of is None else tag.as_of.isoformat(),
        "digest": tag.digest,
        "overrides": tag.overrides,
    }


def _at(at: tuple[int, int]) -> dict[str, int]:
    volsize, chunk = at
    return {"volsize_mib": volsize, "chunk_mib": chunk}


def _money(amount: Decimal) -> str:
    return format(amount, "f")
