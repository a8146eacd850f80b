"""What a restore needs first: a thaw of cold objects, versions that come back."""

from __future__ import annotations

from collections.abc import Iterator

from drtest.checks.case import Case
from drtest.checks.words import counted, listed, stamps
from drtest.model.events import DrillFinished, ListingRecorded, RolledBack, StoredObject
from drtest.model.finding import Finding
from drtest.model.names import parse_name

# Which tiers a thaw can be ordered in, and by when each is done.
# Source: docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
# ("typically", for objects below 250 MB). GLACIER_IR is read at once.
TIERS: dict[str, tuple[tuple[str, str], ...]] = {
    "GLACIER": (("Expedited", "5 minutes"), ("Standard", "5 hours"), ("Bulk", "12 hours")),
    "DEEP_ARCHIVE": (("Standard", "12 hours"), ("Bulk", "48 hours")),
}
_MIB = 1 << 20


def check(case: Case) -> Iterator[Finding]:
    """Yield notes: what must be thawed, and what came back from versions."""
    yield from _rolled_back(case)
    yield from _cold(case)


def _rolled_back(case: Case) -> Iterator[Finding]:
    events = list(case.history.of(RolledBack))
    if not events:
        return
    keys = [key for one in events for key in one.keys]
    lost = [key for one in events for key in one.lost]
    gone = f"; {counted(len(lost), 'object')} had no version left" if lost else ""
    yield Finding(
        code="rolled-back",
        subject="roll-back",
        message=(
            f"{counted(len(keys), 'object')} came back from versions that the bucket still held "
            f"({listed([one.at for one in events])}){gone}."
        ),
        line=case.line_of_step(events[0].index),
        evidence={
            "keys": keys[:1000],
            "lost": lost[:1000],
            "objects": len(keys),
            "objects_lost": len(lost),
            "at": stamps(one.at for one in events),
        },
    )


def _cold(case: Case) -> Iterator[Finding]:
    stored = _at_end(case)
    if not any(one.storage_class in TIERS for one in stored.values()):
        return
    drills = [one for one in case.history.of(DrillFinished) if one.point_at is not None]
    wanted = {one.point_at for one in drills}
    needs = {found for one in case.made if one.point.at in wanted for found in one.needs}
    points = sorted(one.point.at for one in case.made if one.point.at in wanted)
    for storage_class, tiers in TIERS.items():
        cold = sorted(
            (
                one
                for one in stored.values()
                if one.storage_class == storage_class
                # duplicity stores its jsonstat as cold as volumes, and no restore reads it
                and (name := parse_name(one.key)).kind != "jsonstat"
                and name.set in needs
            ),
            key=lambda one: one.key,
        )
        if not cold:
            continue
        size_bytes = sum(one.size_bytes for one in cold)
        offered = ", ".join(f"{tier} within {time}" for tier, time in tiers)
        yield Finding(
            code="thaw-needed",
            subject=storage_class,
            message=(
                f"Restoring {listed(points)} needs a thaw of {counted(len(cold), 'object')} "
                f"({size_bytes / _MIB:,.1f} MiB) in {storage_class} first: {offered}."
            ),
            drills=tuple(f"{one.number}.{one.part}" for one in drills),
            restore_points=tuple(points),
            evidence={
                "storage_class": storage_class,
                "objects": len(cold),
                "size_bytes": size_bytes,
                "keys": [one.key for one in cold[:1000]],
                "tiers": dict(tiers),
                "restore_points": stamps(points),
            },
        )


def _at_end(case: Case) -> dict[str, StoredObject]:
    stored: dict[str, StoredObject] = {}
    for listing in case.history.of(ListingRecorded):
        for key in listing.removed:
            stored.pop(key, None)
        stored.update((one.key, one) for one in listing.added)
    return stored
