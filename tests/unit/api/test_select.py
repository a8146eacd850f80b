"""What duplicity would refuse among the rules is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from drtest.api.select import loaded
from drtest.errors import ScenarioError

SCENARIO = """scenario: rules
why: They are looked at before the run.
source:
  /srv/www: 3 files
policy:
  select:
    - include-filelist:
        - {line}
        - "- **"
    - {rule}
    - exclude: "**"
objectives:
  protect: [/srv/www]
"""


def refusal(folder: Path, *, line: str = "/srv", rule: str = "exclude-device-files") -> str:
    file = folder / "rules.yaml"
    file.write_text(SCENARIO.format(line=line, rule=rule))
    with pytest.raises(ScenarioError) as caught:
        loaded([file])
    assert f"{caught.value.problems} problem" in str(caught.value)
    return str(caught.value).removeprefix(f"{file}:")


def test_sound_rules_are_loaded(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(SCENARIO.format(line="/srv", rule='exclude: "**/tmp"'))
    (one,) = loaded([file])
    assert [rule.word for rule in one.policy.select] == ["include-filelist", "exclude", "exclude"]


def test_a_line_of_a_list_is_named_with_its_place_and_status(tmp_path: Path) -> None:
    said = refusal(tmp_path, line="home/u")
    assert said.startswith("8: include: home/u: can match nothing below the source")
    assert "duplicity ends with status 14" in said


def test_a_regular_expression_that_is_not_valid_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, rule='exclude-regexp: "("').startswith("10: exclude-regexp: (: ")


def test_what_drtest_cannot_hold_to_is_refused_without_a_status(tmp_path: Path) -> None:
    said = refusal(tmp_path, rule='exclude-regexp: "(?x) a"')
    assert said.startswith("10: ") and "status" not in said
