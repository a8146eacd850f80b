"""What lies below ``long/`` is left out and told, or run and told beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from drtest.api.long import calls, estimate_s, forecast, left_out
from drtest.api.options import Options
from drtest.api.select import choose

NIGHTLY = """scenario: {name}
why: Twenty nights, each followed by retention, so that there is something to count.
source: {{/srv/www: 3 files}}
policy: {{full-if-older-than: 5D, remove-older-than: 10D, remove-all-but-n-full: 3}}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: 20
    do: [mutate, backup, prune]
mutate: {{edit: 1 file}}
drills:
  - restore: everything
    at: sample of 4
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "long").mkdir()
    (tmp_path / "short.yaml").write_text(NIGHTLY.format(name="short"), encoding="utf-8")
    (tmp_path / "long" / "year.yaml").write_text(NIGHTLY.format(name="year"), encoding="utf-8")
    return tmp_path


def test_what_is_long_is_left_out_and_how_to_run_it_is_told(folder: Path) -> None:
    options = Options(paths=(folder,))
    chosen = choose(options)
    assert [one.name for one in chosen.scenarios] == ["short"]
    assert chosen.left_out == (
        f"{folder / 'long/year.yaml'}: it takes minutes; --long runs it too",
    )


def test_nothing_is_left_out_where_it_is_asked_for(folder: Path) -> None:
    assert left_out(Options(paths=(folder,), long=True)) == ()
    assert left_out(Options(paths=(folder / "long" / "year.yaml", folder / "short.yaml"))) == ()
    assert left_out(Options(paths=(folder,), words="short")) == ()


def test_how_long_it_takes_is_told_from_the_number_of_calls(folder: Path) -> None:
    options = Options(paths=(folder,), long=True)
    scenarios = choose(options).scenarios
    assert [calls(one) for one in scenarios] == [(60, 4), (60, 4)]  # two rules of retention
    assert estimate_s(scenarios[0], cores=2) < estimate_s(scenarios[0], cores=1)
    assert list(forecast(scenarios, options)) == [
        "about 1 min  year (calls of duplicity: 60, restores: 4)"
    ]
