"""The stores of a run side by side: verdicts, requests, bytes, times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from drtest.model.run import RunResult, ScenarioResult
from drtest.model.traffic import Totals
from drtest.model.verdict import Verdict
from drtest.report.lines import DIM, line
from drtest.report.totals import add_up
from drtest.report.wording import duration, pad, printable, size

_OPERATIONS = 10  # the rest of them only on a verbose page


@dataclass(frozen=True, slots=True, kw_only=True)
class OnStore:
    """All results of one store. ``elapsed_s`` is the sum of its scenarios' times."""

    name: str  # as --store takes it, or the store's own where the run has one
    version: str  # name and version
    results: tuple[ScenarioResult, ...]
    requests: Totals | None

    @property
    def verdicts(self) -> dict[str, int]:
        """How many results have each verdict, all three named."""
        return {
            verdict.value: sum(one.verdict is verdict for one in self.results)
            for verdict in Verdict
        }

    @property
    def as_expected(self) -> int:
        """How many results are as their heads say."""
        return sum(one.judgement.as_expected for one in self.results)

    @property
    def elapsed_s(self) -> float:
        """How long its scenarios took, added up."""
        return round(sum(one.elapsed_s for one in self.results), 3)


def by_store(results: Sequence[ScenarioResult]) -> tuple[OnStore, ...]:
    """Return the results of each store, in the order in which stores come first."""
    groups: dict[str, list[ScenarioResult]] = {}
    for one in results:
        groups.setdefault(one.on or one.store.partition(" ")[0], []).append(one)
    return tuple(
        OnStore(
            name=name,
            version=max((one.store for one in group), key=len),
            results=tuple(group),
            requests=add_up(group),
        )
        for name, group in groups.items()
    )


def side_by_side(run: RunResult, *, columns: int, verbose: bool) -> Iterator[Text]:
    """Yield the table of a run on several stores; nothing for one."""
    stores = by_store(run.scenarios)
    if len(stores) < 2:
        return
    rows = [["stores", *(printable(one.name) for one in stores)]]
    rows += [
        [verdict.value, *(_number(one.verdicts[verdict.value]) for one in stores)]
        for verdict in Verdict
        if any(one.verdicts[verdict.value] for one in stores)
    ]
    rows.append(["not as expected", *(_number(len(o.results) - o.as_expected) for o in stores)])
    rows.append(["time", *(duration(one.elapsed_s) for one in stores)])
    totals = [one.requests or Totals() for one in stores]
    operations = sorted(
        {operation for one in totals for operation in one.by_operation},
        key=lambda name: (-max(one.by_operation.get(name, 0) for one in totals), name),
    )
    for name in operations if verbose else operations[:_OPERATIONS]:
        rows.append([printable(name), *(_number(one.by_operation.get(name, 0)) for one in totals)])
    rows.append(["requests", *(_number(one.total) for one in totals)])
    rows.append(["sent", *(size(one.body_in_bytes) for one in totals)])
    rows.append(["received", *(size(one.body_out_bytes) for one in totals)])
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    if sum(widths) + 2 * (len(widths) - 1) > columns:  # URLs may be long: one store a paragraph
        for place, one in enumerate(stores, start=1):
            cells = ", ".join(f"{row[0]} {row[place]}" for row in rows[1:])
            yield line(printable(one.name), "  ", (cells, DIM))
        return
    for number, row in enumerate(rows):
        cells = "  ".join(
            [
                pad(row[0], widths[0]),
                *(
                    " " * (width - cell_len(cell)) + cell
                    for cell, width in zip(row[1:], widths[1:], strict=True)
                ),
            ]
        )
        yield line((cells, DIM if number == 0 else ""))


def _number(number: int) -> str:
    return f"{number:,}" if number else "-"
