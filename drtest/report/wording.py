"""How the terminal spells things: safe text, durations, counts, lengths in columns."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from rich.cells import cell_len, chop_cells

from drtest.model import nouns

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """Return *text* with every character that a terminal might act on, or not show, escaped.

    Control characters (ANSI begins with one), line separators, marks that turn the direction of
    writing, and whatever else Unicode does not call printable; a byte that was not UTF-8 becomes
    ``\\xe9``. For the eye: a backslash stays one, so this cannot be undone.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: one byte
        code -= 0xDC00
    if char in _SHORT:
        return _SHORT[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def argument(text: str) -> str:
    """Return *text* as one word of a command line that can be pasted, whatever is in it.

    What cannot be shown is written in the ``$'...'`` of bash, ksh and zsh, byte by byte.
    """
    if text.isprintable():
        return quote(text)
    shown = []
    for char in text:
        if char in "'\\":
            shown.append("\\" + char)
        elif char.isprintable():
            shown.append(char)
        else:
            is_byte = "\udc80" <= char <= "\udcff"
            raw = char.encode("utf-8", "surrogateescape" if is_byte else "surrogatepass")
            shown += [f"\\{byte:03o}" for byte in raw]
    return "$'" + "".join(shown) + "'"


def duration(seconds: float) -> str:
    """Return *seconds* as ``0:41`` or ``1:02:03``; less than nothing is ``0:00``."""
    whole = max(0, round(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


count = nouns.counted


def size(size_bytes: int) -> str:
    """Return ``812 bytes``, ``41.2 KiB``, ``1,536.0 GiB``."""
    if size_bytes < 1024:
        return count(size_bytes, "byte")
    amount = size_bytes / 1024
    for unit in ("KiB", "MiB"):
        if amount < 1024:
            return f"{amount:,.1f} {unit}"
        amount /= 1024
    return f"{amount:,.1f} GiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The two signs that some encodings do not have."""

    dot: str = "·"
    ellipsis: str = "…"

    @classmethod
    def of(cls, encoding: str | None) -> Signs:
        """Return signs that *encoding* can write."""
        is_utf = (encoding or "").lower().replace("-", "").replace("_", "").startswith("utf")
        return cls() if is_utf else cls(dot=".", ellipsis="...")

    def join(self, *parts: str) -> str:
        """Return the parts that are not empty with a dot between each two."""
        return f" {self.dot} ".join(part for part in parts if part)

    def fit(self, text: str, columns: int) -> str:
        """Return *text*, made printable, in exactly *columns*: padded, or cut with an ellipsis."""
        return pad(self.cut(printable(text), columns), columns)

    def cut(self, text: str, columns: int) -> str:
        """Return *text*, cut with an ellipsis where it needs more than *columns*."""
        if cell_len(text) <= columns:
            return text
        room = max(columns - cell_len(self.ellipsis), 1)
        return chop_cells(text, room)[0].rstrip() + self.ellipsis


def pad(text: str, columns: int) -> str:
    """Return *text* with spaces behind it up to *columns* of a terminal (wide letters take two)."""
    return text + " " * (columns - cell_len(text))
