"""Log stanzas: what duplicity wrote is read back, whatever else stands in the log."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.texts import hostile

from drtest.duplicity.stanzas import TEXT_LIMIT, parse, read
from drtest.model.events import Stanza
from drtest.model.redact import HIDDEN, Redactor


def escape(text: str) -> str:
    """duplicity's util.escape (3.2.1)."""
    escaped = text.encode("unicode-escape", "replace").decode("utf8", "replace")
    return "'" + escaped.replace("'", "\\x27") + "'"


def written(stanza: Stanza) -> str:
    """As duplicity's MachineFormatter writes a stanza (log.py, 3.2.1) with escaped arguments."""
    head = " ".join([stanza.keyword, str(stanza.code), *map(escape, stanza.args)])
    text = f"\n{stanza.text}".replace("\n", "\n. ") if stanza.text else ""
    return f"{head}{text}\n\n"


def lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.split("\n")]


STANZAS = st.builds(
    Stanza,
    keyword=st.sampled_from(["ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]),
    code=st.integers(0, 99),
    args=st.lists(hostile, max_size=3).map(tuple),
    text=hostile,
)


@given(st.lists(STANZAS, max_size=5))
def test_what_is_written_is_read(stanzas: list[Stanza]) -> None:
    assert list(parse(lines("".join(map(written, stanzas))))) == stanzas


PIECES = st.one_of(
    hostile,
    st.sampled_from(
        ["ERROR 1", "ERROR 30 ", "\n", "\n. ", "\r", "'", "\\", "\\x", "\\N{", "\\U00110000", " ."]
    ),
    st.text("0123456789", min_size=5000, max_size=5001),
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_text_breaks_the_reader(text: str) -> None:
    for stanza in parse(lines(text)):
        assert stanza.keyword.isupper()
        assert 0 <= stanza.code < 10**9


@given(st.lists(PIECES, max_size=8).map("".join))
def test_no_file_breaks_the_reader(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.write_bytes(text.encode("utf-8", "surrogatepass"))
        kept = read(log, redact=str)
    assert {one.keyword for one in kept} <= {"ERROR", "WARNING"}


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x85", "\u2028", "\r\r"])
def test_only_a_newline_ends_a_line(tmp_path: Path, end: str) -> None:
    log = tmp_path / "log"
    log.write_bytes(f"WARNING 10\n. cannot read a{end}ERROR 50{end}. gone\n\n".encode())
    assert read(log, redact=str) == (
        Stanza(keyword="WARNING", code=10, text=f"cannot read a{end}ERROR 50{end}. gone"),
    )


def test_what_nobody_wrote_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "absent", redact=str) == ()


def test_a_log_that_was_cut_off_gives_what_is_there() -> None:
    (only,) = parse(["ERROR 50 put 'a b'\n", ". giving up\n", ". after 1 a"])
    assert only == Stanza(
        keyword="ERROR", code=50, args=("put", "a b"), text="giving up\nafter 1 a"
    )


def test_names_that_are_not_utf8_come_back(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 'x'\n\\")
    (only,) = parse(lines(f"WARNING 10 {escape(name)}\n\n"))
    assert only.args == (name,)


@given(st.integers(0, 2 * TEXT_LIMIT))
def test_no_secret_is_left_over_where_a_text_is_cut(before: int) -> None:
    secret = "QUITE QUIET QUAY"  # of a letter that neither the filling nor the mark has
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.write_text(f"ERROR 31 {secret.replace(' ', '-')}\n. {'x' * before}{secret}\n\n")
        (only,) = read(log, redact=Redactor([secret, secret.replace(" ", "-")]))
    assert only.args == (HIDDEN,)
    assert len(only.text) <= TEXT_LIMIT
    assert "Q" not in only.text
