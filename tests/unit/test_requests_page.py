"""docs/requests.md says of fields and options what the tool has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drtest.api.requests import COLUMNS
from drtest.checks.foreseen import LARGE, TOLERANCE
from drtest.cli.app import app
from drtest.cli.requests import SHOWN

PAGE = (Path(__file__).parents[2] / "docs" / "requests.md").read_text()


def part(name: str) -> str:
    found = re.search(rf"<!-- {name}:.*?-->\n(.*?)(?:<!-- /{name} -->|\Z)", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_every_field_has_its_row_in_order() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", part("fields"), re.MULTILINE)) == COLUMNS


@pytest.mark.parametrize("number", [0, 1], ids=["requests", "iam"])
def test_the_help_is_the_tools_own(number: int) -> None:
    shown = re.findall(r"^```text\n(.*?)^```$", part("help"), re.MULTILINE | re.DOTALL)
    command = ("requests", "iam")[number]
    said = CliRunner().invoke(app, [command, "--help"], terminal_width=80, prog_name="drtest")
    assert shown[number].strip() == said.output.strip()


def test_its_figures_are_the_codes() -> None:
    assert f"the newest run: a list, {SHOWN} rows" in PAGE
    assert f"at least {LARGE:,} requests" in PAGE
    assert f"more than {TOLERANCE * 100:.0f} % off" in PAGE
