"""What a stored run came to: the figures that a share of a baseline is a share of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from drtest.model.bill import PriceTag


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBill:
    """One bill of that run; None where it could not say."""

    prices: PriceTag
    per_month: Decimal | None
    restore_everything: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastScenario:
    """One scenario of that run."""

    name: str
    store: str  # without its version
    is_whole: bool  # False: it was broken off, so that its bill is of a part
    bills: tuple[PastBill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """That run."""

    run: str  # the name of its folder
    scenarios: tuple[PastScenario, ...]

    def find(self, name: str, store: str) -> PastScenario | str:
        """Return the scenario *name* on *store*, or why there is none to compare with."""
        named = [one for one in self.scenarios if one.name == name]
        if not named:
            return f"{self.run} has no scenario of that name"
        found = next((one for one in named if one.store == store), None)
        if found is None:
            stores = ", ".join(dict.fromkeys(one.store for one in named))
            return f"{self.run} ran it on {stores}, not on {store}"
        return found if found.is_whole else f"in {self.run} it was broken off"
