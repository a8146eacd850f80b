"""docs/examples: scenarios that are valid, pages that can be forwarded and name no machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drtest.scenario import load

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
SCENARIOS = sorted(FOLDER.glob("*.yaml"))
PAGES = sorted(FOLDER.glob("*.html"))
BYTES = 500_000
OF_A_MACHINE = re.compile(
    r"file://|(?<![\w.])/(?:root|home|tmp|work|Users)/|localhost|127\.0\.0\.1:"
)


def test_there_are_some() -> None:
    assert SCENARIOS


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_scenarios_are_valid(path: Path) -> None:
    assert load([path])


@pytest.mark.parametrize("path", [*SCENARIOS, *PAGES], ids=lambda path: path.name)
def test_each_is_told_of(path: Path) -> None:
    assert path.name in (FOLDER / "README.md").read_text()


def test_pages_are_small_and_name_no_machine() -> None:
    for path in PAGES:
        text = path.read_text()
        assert len(text.encode()) < BYTES
        assert not OF_A_MACHINE.findall(text)
        assert "default-src 'none'" in text


def test_the_readme_says_what_the_page_says() -> None:
    page = re.sub(r"<[^>]+>|\s+", " ", (FOLDER / "blog-2012-volsize.html").read_text())
    said = re.sub(r"\s+", " ", (FOLDER.parents[1] / "README.md").read_text())
    for claim in (
        "requests are at most 2 % of",
        "from 5 to 250 MiB",
        "0.30 USD",
        "Choose 10 to 19 MiB, because one lost file then comes back in 12s instead of 2m07s",
    ):
        assert claim in page
        assert claim in said
