"""Steps of a calendar in the words of a scenario file, as events and a dry run tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from drtest.model.interval import format_interval
from drtest.model.scenario import (
    Backup,
    Change,
    Clock,
    DatedStep,
    Harmed,
    Lose,
    Mutate,
    Prune,
    Revoke,
    RollBack,
    Wait,
)


def describe(dated: DatedStep) -> str:
    """Return the step in the words of a scenario file."""
    match dated.step:
        case Mutate():
            return "mutate"
        case Backup(action=action):
            return action
        case Prune(force=force):
            return "prune" if force else "prune without force"
        case Lose(what=what):
            return f"lose: {what}"
        case Change(what=what):
            return f"change: {what}"
        case Revoke(what=what):
            return f"revoke: {what}"
        case Harmed(damage=done):
            return f"damage: {done}"
        case RollBack():
            return "roll-back"
        case Clock(off=off):
            sign = "-" if off < timedelta() else ""
            return f"clock: {sign}{format_interval(abs(off))}"
        case Wait():
            return "wait"
        case _ as never:
            assert_never(never)
