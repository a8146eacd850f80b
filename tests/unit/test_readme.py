"""What the README shows is what the tool says; its scenario is one that loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from drtest.cli.app import app
from drtest.errors import DrtestError
from drtest.model.finding import CATALOGUE
from drtest.scenario import loads

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMAND: Any = typer.main.get_command(app)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_help_is_the_tools_own() -> None:
    shown = next(one for one in blocks("text") if one.startswith("Usage:"))
    said = CliRunner().invoke(app, ["--help"], terminal_width=80, prog_name="drtest").output
    assert shown.strip() == said.strip()


def test_the_scenario_loads() -> None:
    (text,) = blocks("yaml")
    (scenario,) = loads(text)
    assert scenario.drills


def options_of(command: Any) -> set[str]:
    return {word for parameter in command.params for word in parameter.opts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_only_commands_and_options_that_exist(page: Path) -> None:
    for line in re.findall(r"\bdrtest ((?:[a-z]+)(?: [^`\n|#]*)?)", page.read_text()):
        words = line.split()
        if words[0] not in COMMAND.commands:
            assert f"`drtest {words[0]}" not in page.read_text(), f"{page.name}: drtest {words[0]}"
            continue
        known = options_of(COMMAND.commands[words[0]]) | {"-h", "--help"}
        used = {
            re.match(r"-{1,2}[a-z-]+", word)[0] for word in words if re.match(r"-{1,2}[a-z]", word)
        }  # type: ignore[index]
        assert used <= known, f"{page.name}: drtest {line}: {used - known}"


def test_advice_names_only_commands_that_exist() -> None:
    for code, row in CATALOGUE.items():
        for word in re.findall(r"drtest ([a-z]+)", row.advice):
            if word not in {"may", "is", "itself", "as"}:
                assert word in COMMAND.commands, f"{code}: drtest {word}"


def test_exit_statuses_are_those_of_the_errors() -> None:
    listed = {int(status) for status in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert listed == {0, 1, 2, 3, 70, 130}

    def walk(cls: type[DrtestError]) -> set[int]:
        return {cls.exit_code}.union(*(walk(sub) for sub in cls.__subclasses__()))

    assert walk(DrtestError) <= listed
