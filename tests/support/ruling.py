"""Hypothesis strategies for selection rules that duplicity takes, and that a file can hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st

from drtest.model.interval import format_interval
from drtest.model.rule import FILTERS, ListLine, Rule
from drtest.oracle.refusal import problems

TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ACTION = st.sampled_from(["include", "exclude"])
LAST = Rule(action="exclude", pattern="**")


def selections(
    paths: list[str], names: st.SearchStrategy[str]
) -> st.SearchStrategy[tuple[Rule, ...]]:
    """Some rules over *paths* and what is called one of *names*, the last one an exclude."""
    patterns = st.one_of(
        st.sampled_from(paths), names.map(lambda name: f"**/{name}"), st.just("**")
    )
    plain = st.builds(lambda a, p: Rule(action=a, pattern=p), ACTION, patterns)
    some = st.lists(plain | plain | _others(paths, patterns, names), max_size=4)
    return some.map(lambda rules: (*rules, LAST)).filter(_is_taken)


def _others(
    paths: list[str], patterns: st.SearchStrategy[str], names: st.SearchStrategy[str]
) -> st.SearchStrategy[Rule]:
    signs = st.sampled_from(["", "+ ", "- ", "  "])
    comments = st.text(TEXT, max_size=10).map(lambda text: f"# {text}")
    lines = st.lists(st.builds("{}{}".format, signs, patterns) | comments, min_size=1, max_size=3)
    listed = st.lists(st.sampled_from(paths), min_size=1, max_size=3)
    ages = st.integers(1, 400 * 86400).map(lambda s: format_interval(timedelta(seconds=s)))
    return st.one_of(
        st.builds(
            lambda a, texts: Rule(action=a, kind="filelist", lines=_lines(texts)), ACTION, lines
        ),
        st.builds(
            lambda a, text: Rule(action=a, kind="regexp", pattern=text),
            ACTION,
            st.sampled_from([r"\.log$", "^/srv/", "(?i)cache", "a: b #c"]),
        ),
        names.filter(lambda name: "/" not in name).map(
            lambda name: Rule(action="exclude", kind="if-present", pattern=name)
        ),
        ages.map(lambda age: Rule(action="exclude", kind="older-than", pattern=age)),
        st.just(Rule(action="exclude", kind="device-files")),
        st.just(Rule(action="exclude", kind="other-filesystems")),
        listed.map(
            lambda some: Rule(
                action="exclude", kind="files-from", lines=_lines([path[1:] for path in some])
            )
        ),
        st.sampled_from(FILTERS).map(
            lambda word: Rule(action="filter", kind="filter", pattern=word)
        ),
    )


def _lines(texts: list[str]) -> tuple[ListLine, ...]:
    return tuple(ListLine(text=text) for text in texts)


def _is_taken(rules: tuple[Rule, ...]) -> bool:
    return not problems(rules, Path("/w/1/src"))
