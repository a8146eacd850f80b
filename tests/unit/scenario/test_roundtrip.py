from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from support.scenarios import scenarios, without_places

from drtest.model.scenario import Scenario
from drtest.scenario import count, dump, loads, show


@given(scenarios())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_dumped_loads_back_equal(scenario: Scenario) -> None:
    (loaded,) = loads(dump(scenario))
    assert without_places(loaded) == without_places(scenario)


@given(scenarios())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_show_is_the_same_scenario_with_comments(scenario: Scenario) -> None:
    shown = show(scenario)
    (loaded,) = loads(shown)
    assert without_places(loaded) == without_places(scenario)
    assert count([loaded]).backups == count([scenario]).backups
    added = shown.removeprefix(dump(scenario)).splitlines()
    assert added and all(line.startswith("#") for line in added)
    assert len(added) < 90
