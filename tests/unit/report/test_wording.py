"""Text is safe to show, and keeps its columns."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from support.texts import hostile

from drtest.report.lines import line, paragraph, table
from drtest.report.wording import Signs, argument, count, duration, printable, size


@given(hostile)
def test_nothing_that_a_terminal_acts_on_comes_out(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(char)[0] for char in shown} & {"C"}
    assert not {"\u2028", "\u2029"} & set(shown)
    shown.encode("utf-8")  # no lone surrogate either
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, [bold] and ünïcode", "plain, [bold] and ünïcode"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("caf\udce9", r"caf\xe9"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\ud83d", r"\ud83d"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_is_not_shown_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(hostile)
def test_a_line_is_one_line_and_has_no_markup(text: str) -> None:
    made = line("  ", (text, "bold"))
    assert made.plain == ("  " + printable(text)).rstrip()


@given(hostile, st.integers(1, 60), st.sampled_from([Signs(), Signs.of("ascii")]))
def test_fitted_text_has_just_its_columns(text: str, columns: int, signs: Signs) -> None:
    least = cell_len(signs.ellipsis) + 2  # a wide letter and the ellipsis
    fitted = signs.fit(text, columns)
    assert cell_len(fitted) == max(columns, cell_len(fitted.rstrip()))
    if columns >= least:
        assert cell_len(fitted) == columns


def test_signs_follow_the_encoding() -> None:
    assert Signs.of("UTF-8").join("a", "", "b") == "a · b"
    assert Signs.of("latin-1").join("a", "b") == "a . b"
    assert Signs.of("utf_8").cut("abcdef", 4) == "abc…"
    assert Signs.of(None).cut("abcdef", 4) == "a..."
    assert Signs.of("ascii").cut("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("plain", "plain"),
        ("two words", "'two words'"),
        ("it's", "'it'\"'\"'s'"),
        ("a\nb", r"$'a\012b'"),
        ("caf\udce9\\'", r"$'caf\351\\\''"),
    ],
)
def test_arguments_can_be_pasted(text: str, word: str) -> None:
    assert argument(text) == word


@pytest.mark.parametrize("text", ["a\x1b'b\\", "caf\udce9 \u202e", "$(id) `id` \n", ""])
def test_a_shell_reads_back_what_was_pasted(text: str) -> None:
    script = f"printf %s {argument(text)}"
    read = subprocess.run(["bash", "-c", script], capture_output=True, check=True, timeout=20)
    assert read.stdout.decode("utf-8", "surrogateescape") == text
    assert printable(argument(text)) == argument(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0:00"), (0.4, "0:00"), (41, "0:41"), (59.6, "1:00"), (112, "1:52"), (3723, "1:02:03")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_counts() -> None:
    assert [count(n, "drill") for n in (0, 1, 1204)] == ["0 drills", "1 drill", "1,204 drills"]


def test_sizes() -> None:
    assert [size(n) for n in (0, 1, 1023, 1024, 42_189, 5_000_000, 2**40)] == [
        "0 bytes",
        "1 byte",
        "1,023 bytes",
        "1.0 KiB",
        "41.2 KiB",
        "4.8 MiB",
        "1,024.0 GiB",
    ]


def test_long_text_wraps_below_itself() -> None:
    rows = [("code", "one two three four five six"), ("longer-code", "seven")]
    assert [row.plain for row in table(rows, columns=36, indent=2)] == [
        "  code         one two three four",
        "               five six",
        "  longer-code  seven",
    ]


@given(hostile.filter(str.strip), st.integers(30, 100))
def test_wrapping_loses_no_word(text: str, columns: int) -> None:
    rows = [row.plain for row in paragraph(text, columns=columns, indent=2)]
    assert " ".join(rows).split() == printable(text).split()
