"""Markdown for a pull request: short whatever the run, and names stay names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.runs import HOSTILE, RUNS, bad_year, big, green, hostile

from drtest.report.markdown import MarkdownReporter, markdown, plain


@pytest.mark.parametrize("name", RUNS)
def test_it_is_short(name: str) -> None:
    text = markdown(RUNS[name]())
    assert len(text.encode()) < 20_000
    assert text.startswith("## ")


def test_the_verdict_comes_first_and_then_what_to_do() -> None:
    lines = markdown(bad_year()).splitlines()
    assert lines[0] == "## ❌ FAIL: This backup cannot be relied on yet."
    assert "| Can we get it back? |" in "\n".join(lines[:10])
    first = next(line for line in lines if line.startswith("1. "))
    assert first.startswith("1. `digest-differs` **silently wrong**,")


def test_a_known_failure_is_no_surprise_and_no_pass() -> None:
    text = markdown(green())
    assert text.startswith("## ✅ PASS: As expected, with 1 known failure.")
    assert "| resumed | 🔶 KNOWN FAIL | 1 |" in text


def test_what_is_cut_is_counted() -> None:
    assert "more findings in `run.json`" in markdown(big())
    assert "| 370 more scenarios |" in markdown(big())


def test_names_make_neither_links_nor_markup_nor_calls() -> None:
    text = markdown(hostile())
    outside = re.sub(r"^```sh\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"<(?!/?(details|summary)>)", outside)
    assert not re.search(r"(?<!\\)\[x\]", outside)
    assert "@" not in outside
    assert "http://" not in outside
    assert not any(char in text for char in "\x00\x07\x1b\u202e\udce9")


def test_a_line_is_a_line() -> None:
    assert plain("a\n# b|c") == "a\\\\n\\# b&#124;c"
    for path in HOSTILE:
        assert "\n" not in plain(path)


def test_a_jobs_summary_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# Before\n")
    MarkdownReporter(path, append=True).finish(green(), None)
    assert path.read_text().startswith("# Before\n## ✅ PASS")
    MarkdownReporter(path).finish(green(), None)
    assert path.read_text().startswith("## ✅ PASS")
