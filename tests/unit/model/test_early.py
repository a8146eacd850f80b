"""Which restores are begun early, and after which step: never before a newer state is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drtest.model.early import begins, settled_after
from drtest.model.scenario import Objectives, Scenario
from drtest.scenario import loads

STORY = """scenario: story
why: Four nights in two chains, with retention behind each where a test says so.
source: {/srv/www: 3 files}
mutate: {edit: 1 file}
policy: {full-if-older-than: 2D, remove-older-than: RETENTION}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: 8
    do: [mutate, backup, prune]
drills:
  - restore: everything
    at: each restore point
"""


def story(retention: str = "30D") -> Scenario:
    (scenario,) = loads(STORY.replace("RETENTION", retention))
    return scenario


def steps(scenario: Scenario) -> dict[str, int]:
    return {one.what.removeprefix("everything at "): step for one, step in begins(scenario).items()}


def test_a_restore_begins_once_the_set_after_its_point_is_made() -> None:
    found = steps(story())
    assert found["2026-01-01 03:00"] == 5  # the second backup
    assert found["2026-01-02 03:00"] == 8
    assert found["2026-01-08 03:00"] == 23  # the last: itself


def test_nothing_begins_before_the_last_prune_that_should_remove() -> None:
    scenario = story("3D")
    last = settled_after(scenario)
    assert last > 15
    assert min(steps(scenario).values()) == last


@pytest.mark.parametrize(
    "step",
    [
        "damage: {delete: manifest of set 1}",
        "lose: archive dir",
        "clock: -3h",
        "full: {must-be: refused}",
    ],
)
def test_whatever_may_touch_or_disturb_what_is_stored_is_waited_for(step: str) -> None:
    entry = f"  - at: 2026-01-05 12:00\n    do:\n      - {step}\n"
    (scenario,) = loads(STORY.replace("RETENTION", "30D").replace("drills:", f"{entry}drills:"))
    (index,) = [one.index for one in scenario.steps if one.at.hour == 12]
    assert settled_after(scenario) == index
    assert min(steps(scenario).values()) == index


def test_what_is_judged_by_time_harmed_or_typed_is_left_to_the_end() -> None:
    assert begins(replace(story(), objectives=Objectives(real_size=True))) == {}
    typed = "  - restore: everything\n    at: {typed: 2026-01-03T12:00:00, timezone: UTC}\n"
    refused = "  - restore: everything\n    must-be: refused\n    escrow: none\n"
    moment = "  - restore: everything\n    when: after each prune\n"
    (scenario,) = loads(STORY.replace("RETENTION", "3D") + typed + refused + moment)
    assert {one.drill for one in begins(scenario)} == {1}
