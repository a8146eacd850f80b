"""The JSON Schema accepts what the loader accepts, and refuses what a schema can."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from support.scenarios import scenarios

from drtest.model.scenario import Scenario
from drtest.scenario import dump, find_files, schema, words

HERE = Path(__file__).parent
SHIPPED = HERE.parents[2] / "scenarios"
VALIDATOR = Draft202012Validator(schema())

# Mistakes that only show when several keys, or the calendar's arithmetic, are looked at together;
# or that are no YAML at all, so that no schema ever sees them.
BEYOND_A_SCHEMA = {
    "documents",
    "points",
    "prune",
    "same-instant",
    "select-unpromised",
    "too-much",
    "policy-keys",
}
NOT_YAML = {
    "at-sign",
    "binary",
    "bracket",
    "colon",
    "control",
    "deep",
    "empty",
    "indent",
    "latin-1",
    "percent",
    "quote",
    "tab",
    "yaml",
    "missing",
}


class TextDates(SafeConstructor):
    """YAML 1.2's core schema, as editors read it: it knows no dates."""


TextDates.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def documents(text: str) -> Iterator[Any]:
    """The documents as an editor sees them."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = TextDates
    yield from yaml.load_all(io.StringIO(text))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", find_files([SHIPPED]), ids=lambda path: path.name)
def test_shipped_files_fit(path: Path) -> None:
    for document in documents(path.read_text()):
        VALIDATOR.validate(document)


@given(scenarios())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_dumped_fits(scenario: Scenario) -> None:
    for document in documents(dump(scenario)):
        VALIDATOR.validate(document)


@pytest.mark.parametrize(
    "name",
    sorted(
        path.stem
        for path in (HERE / "bad").glob("*.yaml")
        if path.stem not in BEYOND_A_SCHEMA | NOT_YAML
    ),
)
def test_bad_files_do_not_fit(name: str) -> None:
    text = (HERE / "bad" / f"{name}.yaml").read_text()
    assert any(not VALIDATOR.is_valid(document) for document in documents(text))


def test_every_key_has_its_meaning() -> None:
    seen = schema()
    assert {key: value["description"] for key, value in seen["properties"].items()} == (
        words.DOCUMENT
    )
    for name, meanings in (
        ("policy", words.POLICY),
        ("drill", words.DRILL),
        ("entry", words.ENTRY),
        ("objectives", words.OBJECTIVES),
        ("expectation", words.EXPECT),
    ):
        properties = seen["$defs"][name]["properties"]
        assert {key: value["description"] for key, value in properties.items()} == meanings
