"""Problems of scenario files: collected in one pass, shown with position, line and caret."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from drtest.errors import ScenarioError
from drtest.scenario.emit import printable
from drtest.scenario.text import Place, Text, Unreadable

WIDTH = 100
MOST_SHOWN = 100  # a file: a wrong kind of file must not print a thousand screens
LONGEST_MESSAGE = 200
LONGEST_ADVICE = 1500  # all finding codes are named in one
_INDENT = " " * 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: where, what, and what to write instead (one string for each line)."""

    owner: str  # the scenario file that leads to it, also where it lies in a part
    place: Place
    message: str
    advice: tuple[str, ...]

    @property
    def key(self) -> tuple[str, int, int, str]:
        """What makes two problems the same: a part may be used by several files."""
        return self.place.text.file, self.place.line, self.place.column, self.message

    def render(self) -> str:
        """Return the problem as it is printed, without a line end."""
        place = self.place
        where = f"{place.text.file}:{place.line}:{place.column}"
        lines = [f"{printable(where)}: {_shown(self.message)}"]
        if place.shown_line.strip():
            shown, column = _excerpt(place)
            length = max(1, min(place.length, len(shown) - column))
            lines += [
                f"{place.line:5} | {shown}",
                f"      | {' ' * column}{'^' * length}",
            ]
        for advice in self.advice:
            lines += textwrap.wrap(
                _shown(advice, LONGEST_ADVICE),
                WIDTH,
                initial_indent=_INDENT,
                subsequent_indent=_INDENT,
                break_on_hyphens=False,
            )
        return "\n".join(lines)


@dataclass(slots=True)
class Problems:
    """All problems of all files of one call, in the order in which they were found."""

    files: int = 1
    owner: str = ""
    found: list[Problem] = field(default_factory=list)
    settled: set[tuple[Text, int, int]] = field(default_factory=set)

    def settle(self, place: Place) -> None:
        """Say that all is said about *place*: later problems there only follow from it."""
        self.settled.add((place.text, place.line, place.column))

    def add(self, place: Place, message: str, *advice: str) -> None:
        """Note one problem; empty *advice* is left out."""
        if (place.text, place.line, place.column) in self.settled:
            return
        self.found.append(
            Problem(
                owner=self.owner,
                place=place,
                message=message,
                advice=tuple(line for line in advice if line),
            )
        )

    def add_unreadable(self, error: Unreadable) -> None:
        """Note that a file is no text."""
        self.add(error.place, error.message, error.advice)

    def give_up(self) -> NoReturn:
        """Raise all that was found as one ScenarioError."""
        unique = list({problem.key: problem for problem in self.found}.values())
        owners = list(dict.fromkeys(problem.owner for problem in unique))
        blocks: list[str] = []
        for owner in owners:
            own = sorted(
                (problem for problem in unique if problem.owner == owner),
                key=lambda problem: (problem.place.text.file != owner, *problem.key[:3]),
            )
            blocks += [problem.render() for problem in own[:MOST_SHOWN]]
            if len(own) > MOST_SHOWN:
                blocks.append(f"{owner}: and {len(own) - MOST_SHOWN:,} more problems")
        count = "1 problem" if len(unique) == 1 else f"{len(unique):,} problems"
        where = "1 file" if self.files == 1 else f"{len(owners)} of {self.files} files"
        blocks.append(f"{count} in {where}; nothing was run")
        raise ScenarioError("\n\n".join(blocks), problems=len(unique))


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return the one of *allowed* that *word* is most like, "" where none is near."""
    choices = list(allowed)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if not close:
        folded = {choice.casefold(): choice for choice in choices}
        close = [
            folded[name]
            for name in difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
        ]
    return close[0] if close else ""


def suggest(word: str, allowed: Iterable[str]) -> tuple[str, ...]:
    """Return advice for a *word* that is not one of *allowed*: the near one, and all of them."""
    choices = list(allowed)
    same = word.strip().replace("_", "-").replace(" ", "-").casefold()
    for choice in choices:
        if choice.replace(" ", "-").casefold() == same:
            return (f"write {choice}",)
    near = nearest(word, choices)
    return (f"did you mean {near}?" if near else "", f"allowed: {', '.join(choices)}")


def _shown(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """*text* without anything that a terminal would obey, and cut where a value is no word."""
    shown = printable(text)
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def _excerpt(place: Place) -> tuple[str, int]:
    """The line, cut to the screen around the place, and the column in it (from 0)."""
    line = "".join(
        sign if sign.isprintable() else " " if sign == "\t" else "?" for sign in place.shown_line
    )
    column, room = place.column - 1, WIDTH - 8
    if len(line) <= room:
        return line.rstrip() if column < len(line.rstrip()) else line, column
    start = max(0, min(column - 20, len(line) - room))
    cut = line[start : start + room]
    if start:
        cut = "..." + cut[3:]
    if start + room < len(line):
        cut = cut[:-3] + "..."
    return cut, column - start
