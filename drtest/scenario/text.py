"""The text of one scenario or part file, and a place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1 << 20  # a scenario is written by hand; more is a mistake in the path
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # where ruamel.yaml counts a line
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # YAML 1.2, 5.1
)


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """One file as text; ``file`` is how messages name it, ``folder`` what it names lies below."""

    file: str
    folder: Path
    content: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, content: str, *, file: str, folder: Path) -> Text:
        """Return *content* split where YAML counts lines."""
        return cls(file, folder, content, tuple(_BREAK.split(content)))

    def at(self, offset: int) -> Place:
        """Return the place of one character of the content."""
        before = _BREAK.split(self.content[:offset])
        return Place(self, len(before), len(before[-1]) + 1, 1)

    @property
    def start(self) -> Place:
        """The first character."""
        return Place(self, 1, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """So many characters of one line; line and column count from 1."""

    text: Text
    line: int
    column: int
    length: int

    @property
    def shown_line(self) -> str:
        """The line that it lies on, "" behind the last."""
        return self.text.lines[self.line - 1] if self.line <= len(self.text.lines) else ""


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):
    """A file that is no text to read: where, what, and what is wanted instead."""

    place: Place
    message: str
    advice: str


def read(path: Path, *, file: str) -> Text:
    """Return the text of *path*; Unreadable says why there is none."""
    nowhere = Text.of("", file=file, folder=path.parent).start
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise Unreadable(nowhere, f"{file} {what}", "name a YAML file")
        if (size_bytes := path.stat().st_size) > MAX_BYTES:
            raise Unreadable(
                nowhere,
                f"the file has {size_bytes:,} bytes, a scenario file at most {MAX_BYTES:,}",
                "is it the right file? Split it where it has many documents",
            )
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(
            nowhere, f"cannot be read: {error.strerror}", "name a YAML file that you may read"
        ) from error
    return decode(raw, file=file, folder=path.parent)


def decode(raw: bytes, *, file: str, folder: Path) -> Text:
    """Return *raw* as text; a byte order mark is dropped."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        content = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        if b"\0" in raw:
            raise _binary(Text.of("", file=file, folder=folder)) from error
        shown = Text.of(raw.decode("utf-8", "replace"), file=file, folder=folder)
        raise Unreadable(
            shown.at(len(before)),
            f"byte {raw[error.start]:#04x} is not UTF-8",
            "save the file as UTF-8",
        ) from error
    return check(content, file=file, folder=folder)


def check(content: str, *, file: str, folder: Path) -> Text:
    """Return *content* as a text; Unreadable where YAML allows a character only escaped."""
    text = Text.of(content, file=file, folder=folder)
    if found := _UNPRINTABLE.search(content):
        if found[0] == "\0":
            raise _binary(Text.of("", file=file, folder=folder))
        raise Unreadable(
            text.at(found.start()),
            f"the character {found[0]!a} cannot be in a YAML file",
            f'in double quotes it is written "\\u{ord(found[0]):04x}"',
        )
    return text


def _binary(text: Text) -> Unreadable:
    return Unreadable(text.start, "the file is binary, not text", "name a YAML file in UTF-8")
