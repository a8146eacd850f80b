"""Where in its file each part of a scenario stands, taken out and put back.

The archive keeps a scenario with every default filled in, in a file of its own. Its lines are not
those that the user wrote; a run that is told again must still point at the user's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from drtest.model.scenario import Scenario


def lines(scenario: Scenario) -> tuple[int, ...]:
    """Return every field named ``line``, in the order in which the value holds its parts."""
    return tuple(_lines(scenario))


def with_lines(scenario: Scenario, file: str, given: Sequence[int]) -> Scenario:
    """Return *scenario* as it stands in *file* at the lines *given*, which ``lines`` returned.

    Lines that do not fit (an archive by another drtest) are left as they are.
    """
    named = dataclasses.replace(scenario, file=file)
    if len(given) != len(lines(scenario)):
        return named
    replaced: Scenario = _replaced(named, iter(given))
    return replaced


def _lines(value: object) -> Iterator[int]:
    if isinstance(value, tuple):
        for part in value:
            yield from _lines(part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            found = getattr(value, field.name)
            if field.name == "line":
                yield found
            else:
                yield from _lines(found)


def _replaced(value: Any, given: Iterator[int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_replaced(part, given) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: next(given)
            if field.name == "line"
            else _replaced(getattr(value, field.name), given)
            for field in dataclasses.fields(value)
            if field.init
        }
        return dataclasses.replace(value, **changed)
    return value
