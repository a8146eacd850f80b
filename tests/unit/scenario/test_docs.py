"""The reference for users is true: its examples load, its tables name every word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drtest.errors import ScenarioError
from drtest.scenario import loads, words

PAGE = (Path(__file__).parents[3] / "docs/scenarios.md").read_text()
BLOCKS = re.findall(r"^```yaml( fragment)?\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
SOURCE = "source:\n  /srv/www: 40 files\n  /etc: 10 files\n"


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_example_loads(number: int) -> None:
    fragment, text = BLOCKS[number]
    if fragment:
        text = f"scenario: a fragment\nwhy: It is embedded.\n{SOURCE}{text}"
    assert loads(text)


def test_there_are_examples_of_both_kinds() -> None:
    assert {kind for kind, _ in BLOCKS} == {"", " fragment"}
    assert all(text.startswith("scenario:") for kind, text in BLOCKS if not kind)


@pytest.mark.parametrize(
    "known",
    [
        words.DOCUMENT,
        words.SOURCE_ENTRY,
        words.KINDS,
        words.ZOO_THINGS,
        words.MUTATIONS,
        words.POLICY,
        words.RULES,
        words.ENTRY,
        words.STEPS,
        words.LOSABLE,
        words.HARMS,
        words.RUNS,
        words.TOXIC,
        words.WHEN,
        words.DRILL,
        words.HOST,
        words.PROBE,
        words.DURING,
        words.DETAILS,
        words.ESCROW,
        words.OUTCOMES,
        words.OBJECTIVES,
        words.POINTS,
        words.TUNE,
        words.PROJECT,
    ],
)
def test_every_word_is_told(known: list[str]) -> None:
    prose = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"`([^`]+)`", prose)) | set(re.findall(r"([\w-]+):", prose))
    assert [word for word in known if word not in told] == []


@pytest.mark.parametrize(
    "text",
    [
        "faults: {}",
        "drills:\n  - restore: everything\n    lose: secret key",
        "calendar:\n  - at: 2026-01-01\n    do: verify",
        "calendar:\n  - at: 2026-01-01\n    do: cleanup",
        "calendar:\n  - at: 2026-01-01\n    do: collection-status",
        "calendar:\n  - at: 2026-01-01\n    do:\n      - kill: SIGKILL",
        "objectives:\n  prices: aws",
    ],
)
def test_what_is_not_built_yet_is_refused_by_name(text: str) -> None:
    with pytest.raises(ScenarioError, match="is not built yet"):
        loads(f"scenario: later\nwhy: It is not built.\n{SOURCE}{text}\n")
