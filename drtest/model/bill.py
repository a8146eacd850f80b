"""What requests were expected, what a run costs: the values that reports print beside the meter.

Money is ``Decimal`` in the price book's own currency, never rounded before it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from drtest.model.traffic import Totals

Counts = dict[str, int]  # S3 operation -> requests


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedStep:
    """What the duplicity calls of one step or one restore should ask of S3."""

    step: str  # as the request log names it: "12", "drill 3.7"
    phase: str
    operations: Counts
    uploaded_bytes: int  # bodies of objects; XML is not counted
    downloaded_bytes: int
    why_estimate: str = ""  # "": the counts depend on nothing that is only estimated


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The requests of a whole scenario, from policy and source alone."""

    duplicity: str
    steps: tuple[PredictedStep, ...]

    @property
    def by_phase(self) -> dict[str, Counts]:
        """Requests by phase and operation, shaped like ``Totals.by_phase``."""
        found: dict[str, Counts] = {}
        for step in self.steps:
            counts = found.setdefault(step.phase, {})
            for operation, number in step.operations.items():
                counts[operation] = counts.get(operation, 0) + number
        return found

    @property
    def total(self) -> int:
        """All requests."""
        return sum(sum(step.operations.values()) for step in self.steps)

    @property
    def uploaded_bytes(self) -> int:
        """Bytes of all objects that should be put."""
        return sum(step.uploaded_bytes for step in self.steps)

    @property
    def downloaded_bytes(self) -> int:
        """Bytes of all objects that should be got."""
        return sum(step.downloaded_bytes for step in self.steps)

    @property
    def is_exact(self) -> bool:
        """Whether the counts must be met to the request."""
        return not any(step.why_estimate for step in self.steps)

    def why_estimates(self, phase: str | None = None) -> tuple[str, ...]:
        """Return the reasons why counts (of *phase*) are estimates, each once."""
        return tuple(
            dict.fromkeys(
                step.why_estimate
                for step in self.steps
                if step.why_estimate and phase in (None, step.phase)
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseComparison:
    """Predicted beside metered, for one phase."""

    phase: str
    predicted: Counts
    metered: Counts
    why_estimates: tuple[str, ...]

    @property
    def deviation(self) -> float:
        """Predicted over metered requests less one: 0.02 is 2 % too many."""
        metered = sum(self.metered.values())
        predicted = sum(self.predicted.values())
        if metered == 0:
            return 0.0 if predicted == 0 else float("inf")
        return predicted / metered - 1

    @property
    def is_met(self) -> bool:
        """Whether every operation was counted as often as predicted."""
        return self.predicted == self.metered


def compare(prediction: Prediction, metered: Totals) -> tuple[PhaseComparison, ...]:
    """Return one row for each phase of either side, in the order of the calendar."""
    predicted = prediction.by_phase
    return tuple(
        PhaseComparison(
            phase=phase,
            predicted=predicted.get(phase, {}),
            metered=dict(metered.by_phase.get(phase, {})),
            why_estimates=prediction.why_estimates(phase),
        )
        for phase in dict.fromkeys((*predicted, *metered.by_phase))
    )


# ---------------------------------------------------------------- money


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One price times one quantity."""

    what: str  # "requests", "storage", "early deletion", "egress", "retrieval", "thaw"
    phase: str  # of requests and egress; "" for storage
    item: str  # the operation, or what is measured: "GB-month"
    storage_class: str
    quantity: Decimal
    unit: str  # "request", "GB-month", "GB"
    price: Decimal  # of one unit; the mean where tiers apply
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTag:
    """Which prices a bill was computed with; every report prints it."""

    provider: str
    region: str
    storage_class: str
    currency: str
    as_of: date | None  # the newest confirmation of the figures used; None: the user's own
    retrieved: date
    digest: str  # blake2b of the price book's text, hex
    overrides: tuple[str, ...] = ()  # --price KEY=VALUE

    @property
    def place(self) -> str:
        """``aws/us-east-1/STANDARD``, as --prices takes it."""
        return f"{self.provider}/{self.region}/{self.storage_class}"

    def age_days(self, today: date) -> int:
        """Return how many days ago the prices were last confirmed; the user's own are new."""
        return 0 if self.as_of is None else (today - self.as_of).days

    def __str__(self) -> str:
        as_of = "as given" if self.as_of is None else f"of {self.as_of.isoformat()}"
        return f"{self.place} {as_of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageRate:
    """What one object costs a month in a storage class, at the price of its first tier."""

    storage_class: str
    gb_bytes: int
    price: Decimal  # of a GB-month
    object_bytes: int = 0  # billed at least
    overhead: Decimal = Decimal(0)  # of each object, beside its bytes

    def per_month(self, size_bytes: int) -> Decimal:
        """Return the price of keeping one object of *size_bytes* for a month."""
        billed = Decimal(max(size_bytes, self.object_bytes))
        return billed / self.gb_bytes * self.price + self.overhead


# Lines that grow with the time that passes; all others with what is done in it.
OVER_TIME = frozenset({"storage", "minimum size", "overhead", "monitoring", "unfinished uploads"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What the requests and the stored bytes of one scenario cost, over its calendar."""

    prices: PriceTag
    lines: tuple[BillLine, ...]
    days: Decimal  # length of the calendar
    # What its backups stand for: thirty nightly ones lie 29 days apart and stand for 30.
    backup_days: Decimal | None = None  # None: there is one instant of backups, or none
    free_tiers: bool
    unbilled: int  # requests that cost nothing: 5xx, 3xx, exempt 4xx, never at the store
    restores: dict[str, Decimal]  # "drill 3.7" -> its requests, egress, retrieval and thaw
    restore_one_file: Decimal | None = None  # from the newest chain, on a new machine
    restore_everything: Decimal | None = None
    restore_everything_bytes: int | None = None
    rates: tuple[StorageRate, ...] = ()  # of the classes that the region has
    staging: StorageRate | None = None  # of parts whose upload was never ended

    @property
    def total(self) -> Decimal:
        """The whole."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def per_month(self) -> Decimal | None:
        """The whole without drills, which are drtest's own, for 30 days of the calendar.

        None where the calendar is shorter than a day: nothing can be said of a month then.
        """
        lines = self.monthly_lines
        return None if lines is None else sum((amount for _, amount in lines), Decimal(0))

    @property
    def monthly_lines(self) -> tuple[tuple[BillLine, Decimal], ...] | None:
        """The lines of the policy alone with what each comes to in 30 days; None likewise."""
        if self.days < 1:
            return None
        done_days = self.backup_days or self.days
        return tuple(
            (line, line.amount * 30 / (self.days if line.what in OVER_TIME else done_days))
            for line in self.lines
            if not line.phase.startswith("drill")
        )

    @property
    def drills(self) -> Decimal:
        """What the drills cost."""
        return sum(self.restores.values(), Decimal(0))

    def amount(self, what: str | None = None, *, phase: str | None = None) -> Decimal:
        """Return the sum of the lines that are *what* and of *phase*, where given."""
        return sum(
            (
                line.amount
                for line in self.lines
                if what in (None, line.what) and phase in (None, line.phase)
            ),
            Decimal(0),
        )
