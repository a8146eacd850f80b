"""``kill``: the exchange is held while drtest kills its client, and never goes on.

The killing itself is the runner's: the gateway does not know the process.
"""

from __future__ import annotations

from typing import Literal

from drtest.gateway.rules import Cut
from drtest.gateway.toxics.tripwire import Trip, Tripwire
from drtest.model.toxic import Point


class Kill(Tripwire):
    """Cuts both connections once the client is dead: what was held must not reach the store."""

    name = "kill"

    def released(self) -> None:
        """End the exchange; after ``head`` or ``body`` the store has not got it whole."""
        raise Cut


def kill(*, trip: Trip, signal: Literal["SIGKILL"] = "SIGKILL", at: Point = "head") -> Kill:
    """Return the toxic; *signal* is the runner's."""
    del signal
    return Kill(trip=trip, at=at)
