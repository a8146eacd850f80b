"""Whatever stands in a file, loading ends in scenarios or in problems with places."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drtest.errors import ScenarioError
from drtest.scenario import dump, loads, show, words
from drtest.scenario.emit import emit

HERE = Path(__file__).parent
TEXTS = [path.read_text() for path in sorted((HERE.parents[2] / "scenarios").glob("*.yaml"))]
KEYS = sorted(
    {
        *words.DOCUMENT,
        *words.SOURCE_ENTRY,
        *words.MUTATIONS,
        *words.POLICY,
        *words.ENTRY,
        *words.STEPS,
        *words.DETAILS,
        *words.DRILL,
        *words.OUTCOMES,
        *words.OBJECTIVES,
        *words.EXPECT,
        *words.WITH,
        "include",
        "exclude",
        "/srv/www",
        "<<",
        "",
    }
)
VALUES = sorted(
    {
        *words.POINTS,
        *words.ESCROW,
        *words.LOSABLE,
        *words.STEPS,
        *words.KINDS,
        "PASS",
        "FAIL",
        "selected",
        "true",
        "everything",
        "3%",
        "3 files",
        "0",
        "5",
        "99999999999999999999999",
        "4 KiB",
        "about 4 KiB",
        "1 KiB to 2 KiB",
        "2026-01-01",
        "9000-12-31 23:59:59-14:00",
        "1971-01-01 00:00+14:00",
        "+1D",
        "+200Y",
        "200Y",
        "/srv/www",
        "**",
        "",
        "\0",
    }
)
QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck))


def ends_well(text: str) -> None:
    try:
        loaded = loads(text)
    except ScenarioError as error:
        *blocks, total = str(error).split("\n\n")
        assert re.fullmatch(r"[0-9,]+ problems? in 1 file; nothing was run", total)
        assert blocks
        assert all(re.match(r"\S+:[0-9]+:[0-9]+: \S|<text>: and ", block) for block in blocks)
        return
    for scenario in loaded:
        assert loads(dump(scenario))
        assert show(scenario)


@given(st.text())
@settings(QUICK, max_examples=50)
def test_any_text(text: str) -> None:
    ends_well(text)


@given(st.sampled_from(TEXTS), st.data())
@settings(QUICK, max_examples=80)
def test_a_shipped_file_with_something_broken(text: str, data: st.DataObject) -> None:
    signs = st.sampled_from(list(" \t\n:-{}[],&*!%@#'\"|>?<0aD\\")) | st.characters()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.text(signs, max_size=3)) + text[end:]
    ends_well(text)


TREES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(VALUES),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inside, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(words.DOCUMENT)), TREES, st.sampled_from(VALUES))
@settings(QUICK, max_examples=150)
def test_known_words_in_unknown_places(key: str, tree: Any, seed: str) -> None:
    document = {"scenario": "x", "why": "y", "source": {"/srv/www": "3 files"}, "seed": seed}
    ends_well(emit({**document, key: tree}))


@given(st.lists(st.dictionaries(st.sampled_from(sorted(words.ENTRY)), TREES), max_size=3))
@settings(QUICK, max_examples=60)
def test_known_words_in_a_calendar(entries: Any) -> None:
    document = {"scenario": "x", "why": "y", "source": {"/srv/www": "3 files"}}
    ends_well(emit({**document, "calendar": entries}))
