"""What a run will ask of stores that are the user's own, said before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drtest.api.jobs import jobs
from drtest.api.options import Options
from drtest.cost.predict import predict
from drtest.duplicity.versions import DEFAULT
from drtest.model.bill import Counts
from drtest.model.scenario import Scenario

PROBES = 40  # a start at an endpoint sends fewer (docs/stores.md)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The sum over all jobs on one store; no money, only what is asked for."""

    store: str
    bucket: str  # NAME/PREFIX of the user's, "" where drtest makes buckets of its own
    scenarios: int
    operations: Counts
    uploaded_bytes: int
    downloaded_bytes: int
    is_exact: bool

    @property
    def requests(self) -> int:
        """All requests of duplicity."""
        return sum(self.operations.values())


def expected(scenarios: Sequence[Scenario], options: Options) -> tuple[Expected, ...]:
    """Return one sum for each store of the user's own that *options* name; none: nothing leaves.

    UsageError where a file alone would send the run there.
    """
    version = options.duplicity if options.duplicity[:1].isdigit() else DEFAULT
    found: dict[str, Expected] = {}
    for job in jobs(scenarios, options):
        if job.outlet.is_own:
            continue
        name = job.outlet.name
        one = predict(job.scenario, duplicity_version=version)
        before = found.get(name)
        counts = dict(before.operations) if before else {}
        for by_operation in one.by_phase.values():
            for operation, number in by_operation.items():
                counts[operation] = counts.get(operation, 0) + number
        found[name] = Expected(
            store=name,
            bucket=options.bucket,
            scenarios=(before.scenarios if before else 0) + 1,
            operations=counts,
            uploaded_bytes=(before.uploaded_bytes if before else 0) + one.uploaded_bytes,
            downloaded_bytes=(before.downloaded_bytes if before else 0) + one.downloaded_bytes,
            is_exact=(before is None or before.is_exact) and one.is_exact,
        )
    return tuple(found.values())
