"""What the figures of a grid suppose, in sentences: whoever supposes otherwise can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drtest.cost.load import Rhythm
from drtest.cost.shapes import MIB
from drtest.cost.tariff import Tariff
from drtest.model.grid import Grid
from drtest.model.nouns import counted
from drtest.model.policy import Policy
from drtest.model.tune import Sized


def assumptions(
    grid: Grid,
    policy: Policy,
    shown: Sized,
    rhythm: Rhythm,
    tariffs: Sequence[Tariff],
    *,
    start_s: int,
) -> Iterator[str]:
    """Yield each assumption as a sentence without its full stop."""
    days, increments, chains = rhythm.cycle_days, rhythm.increments, rhythm.chains
    yield (
        f"a full every {counted(days, 'day')} with {counted(increments, 'incremental')} after it, "
        f"{counted(chains, 'chain')} kept, as the bucket is once retention has set in"
    )
    if not policy.has_retention:
        yield "nothing is ever removed: the chains are those that the calendar made"
    if increments:
        yield (
            f"each incremental stores {shown.change:.1%} of the source's bytes; what changes is "
            "spread over the whole source"
        )
    if grid.project is not None:
        mean = shown.size_bytes / shown.files / MIB
        yield (
            f"{shown.files:,} files of the same size, {mean:,.2g} MiB, that change as a whole and "
            f"are stored in {shown.compress:.0%} of their size"
        )
    yield (
        "a restore comes half a cycle after the full, finds its archive dir, and fetches a volume "
        "of every incremental whether or not the file changed in it"
    )
    yield (
        f"a restore takes {start_s} s to start and then its download; decrypting and writing, "
        "which are the same for any volume size, are not counted"
    )
    yield "list prices without tax and free tier; restores leave the provider over the internet"
    cold = [one.tag.place for one in tariffs if one.of(one.tag.storage_class).thaw is not None]
    if cold:
        yield (
            f"{', '.join(cold)}: volumes are thawed the standard way before a restore, which takes "
            "hours that are not in its time, and which duplicity does not ask for itself"
        )
