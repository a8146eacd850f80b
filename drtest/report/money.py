"""How a bill is spelt: few figures, never a rounded nothing, the prices named in every place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rich.text import Text

from drtest.model.bill import Bill, PriceTag
from drtest.model.money import money
from drtest.model.run import RunResult, ScenarioResult
from drtest.report.lines import DIM, line, table

__all__ = ["Priced", "by_prices", "costs", "money", "source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """The bills of all scenarios with one tariff, added up."""

    prices: PriceTag
    bills: tuple[tuple[ScenarioResult, Bill], ...]

    @property
    def total(self) -> Decimal:
        """Over all calendars."""
        return sum((bill.total for _, bill in self.bills), Decimal(0))

    @property
    def drills(self) -> Decimal:
        """What all drills cost."""
        return sum((bill.drills for _, bill in self.bills), Decimal(0))

    @property
    def parts(self) -> dict[str, Decimal]:
        """Amounts by what they are for, the largest first."""
        found: dict[str, Decimal] = {}
        for _, bill in self.bills:
            for one in bill.lines:
                found[one.what] = found.get(one.what, Decimal(0)) + one.amount
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def by_prices(results: Iterable[ScenarioResult]) -> tuple[Priced, ...]:
    """Return the bills of *results* by their tariff, in the order in which it was asked for."""
    found: dict[PriceTag, list[tuple[ScenarioResult, Bill]]] = {}
    for result in results:
        for bill in result.bills:
            found.setdefault(bill.prices, []).append((result, bill))
    return tuple(Priced(prices=tag, bills=tuple(bills)) for tag, bills in found.items())


def source(prices: PriceTag, today: date) -> str:
    """Return ``aws/us-east-1/STANDARD, list prices of 2026-08-20, 12 days old``."""
    if prices.as_of is None:
        told = f"{prices.place}, prices as given"
    else:
        days = prices.age_days(today)
        told = f"{prices.place}, list prices of {prices.as_of}, {days:,} days old"
    own = f", with {', '.join(prices.overrides)}" if prices.overrides else ""
    return f"{told}{own}, without tax and free tier"


def costs(run: RunResult, *, columns: int) -> Iterator[Text]:
    """Yield what the run costs, for the terminal: nothing without prices."""
    for one in by_prices(run.scenarios):
        currency = one.prices.currency
        head = ["cost", "a month", "one file", "full restore", "this drill"]
        rows: list[Sequence[str]] = [head]
        rows += [(result.title, *_cells(bill, currency)) for result, bill in one.bills]
        widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
        if sum(widths) + 2 * (len(widths) - 1) <= columns:
            for number, row in enumerate(rows):
                cells = [row[0].ljust(widths[0])]
                cells += [
                    cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)
                ]
                yield line(("  ".join(cells), "" if number else DIM))
        else:
            told = [
                (
                    result.title,
                    ", ".join(
                        f"{name} {cell}"
                        for name, cell in zip(head[1:], _cells(bill, currency), strict=True)
                    ),
                )
                for result, bill in one.bills
            ]
            yield from table(told, columns=columns, indent=0)
        prices = source(one.prices, run.started_at.date())
        yield from table([("prices", prices)], columns=columns, indent=0, style=DIM)


def _cells(bill: Bill, currency: str) -> tuple[str, str, str, str]:
    return (
        money(bill.per_month, currency),
        money(bill.restore_one_file, currency),
        money(bill.restore_everything, currency),
        money(bill.drills, currency),
    )
