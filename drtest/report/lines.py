"""One line of the terminal: safe text with a style for each part. The only way to print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from drtest.model.verdict import Verdict
from drtest.report.wording import printable

# Colour only repeats a word.
VERDICT_STYLE = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.UNVERIFIED: "yellow"}
DIM = "dim"
BOLD = "bold"

Part = str | tuple[str, str]  # text, or text and style


def line(*parts: Part) -> Text:
    """Return one line; whatever a terminal might act on is escaped, so it stays one line."""
    made = Text()
    for part in parts:
        text, style = part if isinstance(part, tuple) else (part, "")
        made.append(printable(text), style)
    made.rstrip()
    return made


def paragraph(text: str, *, columns: int, indent: int, style: str = "") -> Iterator[Text]:
    """Yield *text* in lines of *columns*, each begun by *indent* spaces; words stay whole."""
    for row in wrapped(text, columns - indent):
        yield line(" " * indent, (row, style))


def wrapped(text: str, columns: int) -> list[str]:
    """Return *text* cut at spaces into rows of *columns*; a longer word gets a row of its own."""
    rows = wrap(printable(text), max(columns, 20), break_long_words=False, break_on_hyphens=False)
    return rows or [""]


def table(
    rows: Iterable[tuple[str, str]], *, columns: int, indent: int, style: str = ""
) -> Iterator[Text]:
    """Yield rows of a short first column and a text that wraps below itself."""
    kept = list(rows)
    first = max((cell_len(printable(head)) for head, _ in kept), default=0)
    for head, text in kept:
        for number, row in enumerate(wrapped(text, columns - indent - first - 2)):
            start = printable(head) if number == 0 else ""
            space = " " * (first + 2 - cell_len(start))
            yield line(" " * indent, (start + space, style), (row, style))
