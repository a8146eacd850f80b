"""The answer of ``drtest tune``, built by hand with the figures of a small grid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from drtest.model.bill import PriceTag
from drtest.model.grid import Grid, Project
from drtest.model.tune import (
    Advice,
    Lever,
    Metered,
    ModelError,
    Point,
    Priced,
    Restored,
    SawTooth,
    Sized,
    Tuning,
)
from drtest.model.verdict import Verdict

MIB, GIB = 2**20, 2**30
STANDARD = PriceTag(
    provider="aws",
    region="us-east-1",
    storage_class="STANDARD",
    currency="USD",
    as_of=date(2026, 3, 1),
    retrieved=date(2026, 3, 2),
    digest="00",
)
FULL = Restored(read_bytes=229 * GIB // 2, requests=30_000, time_s=3666.0)

# volsize, chunk: paid requests, their money, MiB of one file, its money, its seconds, temp MiB
ROWS = {
    (5, 20): (31_276, ".17", 79, ".007", 4.5, 11),
    (10, 20): (15_805, ".086", 156, ".014", 6.9, 23),
    (19, 20): (8_451, ".046", 296, ".026", 11.2, 43),
    (25, 20): (22_256, ".114", 389, ".034", 14.2, 57),
    (200, 20): (8_963, ".042", 3_101, ".273", 98.9, 460),
    (250, 20): (8_307, ".042", 3_876, ".341", 123.1, 575),
    (250, 256): (805, ".0043", 3_876, ".341", 123.1, 575),
}
MODELLED = "the measured full has fewer than three whole volumes of 200 MiB"


def point(at: tuple[int, int], *, yours: tuple[int, int] = (250, 20)) -> Point:
    """One row of ``ROWS``; up to 25 MiB it was measured."""
    paid, requests, mib, one, time_s, temp = ROWS[at]
    volsize, chunk = at
    is_measured = volsize <= 25
    return Point(
        volsize_mib=volsize,
        chunk_mib=chunk,
        is_yours=at == yours,
        is_default=at == (200, 20),
        why_modelled="" if is_measured else MODELLED.replace("200", str(volsize)),
        operations={"PutObject": paid - 100, "ListObjects": 100, "DeleteObject": 40},
        objects=269_000 // volsize,
        list_pages=269_000 // volsize // 1000 + 1,
        stored_bytes=246 * GIB,
        temporary_bytes=temp * MIB,
        restore_file=Restored(read_bytes=mib * MIB, requests=30, time_s=time_s),
        restore_all=FULL,
        priced=(
            Priced(
                prices=STANDARD,
                by_class={"put": paid - 100, "list": 100},
                paid_requests=paid,
                requests=Decimal(requests),
                storage=Decimal("5.67"),
                early_deletion=Decimal(0),
                restores=Decimal(one),
                restore_file=Decimal(one),
                restore_all=Decimal("10.31"),
            ),
        ),
        metered=Metered(
            title=f"the small server (volsize {volsize}, chunk {chunk})",
            verdict=Verdict.PASS,
            counts_as=Verdict.PASS,
            requests=3_000 // volsize,
            uploaded_bytes=300 * MIB,
            downloaded_bytes=200 * MIB,
            objects=900 // volsize,
            stored_bytes=260 * MIB,
            full_volumes=178 // volsize,
            full_s=6.5,
            increment_s=0.4,
            restore_s=1.5,
        )
        if is_measured
        else None,
    )


def tuning(*at: tuple[int, int], advice: Advice | None = None) -> Tuning:
    """The answer with the rows *at* (all of them where none are named)."""
    return Tuning(
        scenario="which volume size for the small server",
        file="scenarios/tune-volsize.yaml",
        grid=Grid(
            volsizes_mib=tuple(dict.fromkeys(volsize for volsize, _ in at or ROWS)),
            chunks_mib=(20, 256),
            prices=("aws/us-east-1/STANDARD",),
            project=Project(size_bytes=100 * GIB, change=0.01, files=102_400, compress=1.0),
        ),
        measured=Sized(size_bytes=178 * MIB, files=2_060, change=0.011, compress=0.98),
        shown=Sized(size_bytes=100 * GIB, files=102_400, change=0.01, compress=1.0),
        backups=69,
        increments=29,
        cycle_days=30,
        chains=2,
        archive_bytes=1_374 * MIB,
        points=tuple(point(one) for one in at or ROWS),
        advice=(advice or ADVICE,),
        unseen=UNSEEN,
        assumptions=("every backup changes the same part of the source",),
    )


UNSEEN = ModelError(
    volsize_mib=37,
    chunk_mib=20,
    fitted_on_mib=25,
    predicted_requests=1_004,
    metered_requests=1_000,
    predicted_bytes=1_011,
    metered_bytes=1_000,
)
ADVICE = Advice(
    prices=STANDARD,
    matters=False,
    lowest_mib=5,
    highest_mib=250,
    cheapest=Decimal("5.742"),
    spread=Decimal(".311"),
    requests_share=0.0294,
    best=(19, 20),
    range_mib=(10, 19),
    range_restore_s=11.2,
    compared=(250, 20),
    compared_restore_s=123.1,
    saves=Decimal(".311"),
    step=SawTooth(below_mib=19, above_mib=25, chunk_mib=20, times=2.63),
    levers=(Lever(what="one chain kept less", saves=Decimal("3.04")),),
)


def failed(one: Tuning, at: tuple[int, int], verdict: Verdict) -> Tuning:
    """Return *one* with the run of a point judged as *verdict*."""
    points = []
    for each in one.points:
        if (each.volsize_mib, each.chunk_mib) == at and each.metered is not None:
            metered = replace(each.metered, verdict=verdict, counts_as=verdict)
            points.append(replace(each, metered=metered))
        else:
            points.append(each)
    return replace(one, points=tuple(points))


def with_prices(one: Tuning, *tags: PriceTag) -> Tuning:
    """Return *one* with the same amounts in each of *tags*."""
    return replace(
        one,
        grid=replace(one.grid, prices=tuple(tag.place for tag in tags)),
        points=tuple(
            replace(each, priced=tuple(replace(each.priced[0], prices=tag) for tag in tags))
            for each in one.points
        ),
        advice=tuple(replace(one.advice[0], prices=tag) for tag in tags),
    )
