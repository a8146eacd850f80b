"""``hold``: the exchange waits at its point until drtest releases it, and then goes on."""

from __future__ import annotations

from drtest.gateway.toxics.tripwire import Trip, Tripwire
from drtest.model.toxic import Point


def hold(*, trip: Trip, at: Point = "head") -> Tripwire:
    """Return the toxic; nothing of the exchange is changed."""
    return Tripwire(trip=trip, at=at)
