"""A scenario and all that happened to it: the only input of checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from drtest.model.baseline import Baseline
from drtest.model.bill import Bill, Prediction
from drtest.model.events import Event, RequestsPredicted, ScenarioFinished, ScenarioStarted
from drtest.model.scenario import Scenario
from drtest.model.traffic import Totals
from drtest.model.tree import Entry


class Trees(Protocol):
    """Where the recorded trees can be read, each as a sorted stream; nothing is held in memory."""

    def truth(self, number: int) -> Iterator[Entry]:
        """Yield the source as it was at truth *number*, in the order of ``Entry.sort_key``."""
        ...

    def restored(self, name: str) -> Iterator[Entry]:
        """Yield a restored tree by the side-file name that its event gave."""
        ...


E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(slots=True, kw_only=True)
class History:
    """The events of one scenario in order, and the side files that they name."""

    scenario: Scenario
    trees: Trees
    events: list[Event] = field(default_factory=list)
    requests: Totals | None = None  # None: nothing was metered
    folder: Path | None = None  # where side files lie
    bills: tuple[Bill, ...] = ()  # one for each tariff that was asked for
    baseline: Baseline | None = None  # what budgets may be a share of
    max_price_age_days: int | None = None  # None: old prices are told, and fail nothing

    def of(self, *kinds: type[E_co]) -> Iterator[E_co]:
        """Yield the events of *kinds*, in order."""
        return (event for event in self.events if isinstance(event, kinds))

    def extend(self, events: Iterable[Event]) -> None:
        """Add *events* at the end."""
        self.events.extend(events)

    @property
    def started(self) -> ScenarioStarted | None:
        """The first event, None where the scenario never began."""
        return next(self.of(ScenarioStarted), None)

    @property
    def predicted(self) -> Prediction | None:
        """What the scenario was expected to ask of S3, None where it never came to that."""
        found = next(self.of(RequestsPredicted), None)
        return None if found is None else found.prediction

    @property
    def is_complete(self) -> bool:
        """Whether the scenario came to its end."""
        return any(isinstance(event, ScenarioFinished) for event in self.events)
