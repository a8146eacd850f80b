"""Toxics: what may be done to one exchange, one a file. docs/toxics.md says how to add one.

``envelope`` arms one with its trigger and counts; ``tripwire`` holds an exchange and tells drtest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from drtest.gateway.rules import Rule
from drtest.gateway.toxics.envelope import Armed
from drtest.gateway.toxics.hold import hold
from drtest.gateway.toxics.kill import kill
from drtest.gateway.toxics.tripwire import Trip, Tripwires
from drtest.model.toxic import Toxic, When

# The whole plug-in surface: word -> factory. Nothing registers itself at import.
TOXICS: Mapping[str, Callable[..., Rule]] = {"hold": hold, "kill": kill}


def written(toxic: Toxic) -> dict[str, Any]:
    """Return *toxic* in JSON's types, for the gateway's process."""
    return {
        "toxic": type(toxic.does).__name__.lower(),
        "attributes": asdict(toxic.does),
        "when": asdict(toxic.when),
    }


def arm(told: Mapping[str, Any], *, trip: Trip) -> Armed:
    """Make the rule that ``written`` wrote down; *trip* reports and holds an exchange."""
    when = {**told["when"], "operations": tuple(told["when"]["operations"])}
    toxic = TOXICS[told["toxic"]](trip=trip, **told["attributes"])
    return Armed(toxic=toxic, when=When(**when))


__all__ = ["TOXICS", "Armed", "Tripwires", "arm", "written"]
