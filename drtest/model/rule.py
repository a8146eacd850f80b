"""One selection rule of a policy, in duplicity's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RuleAction = Literal["include", "exclude", "filter"]
RuleKind = Literal[
    "pattern",  # --include, --exclude
    "filelist",  # a file of patterns, one a line
    "regexp",
    "if-present",  # a file of this name marks its folder
    "older-than",
    "other-filesystems",
    "device-files",
    "files-from",  # the very paths to save; what is not named is left out
    "listed",  # one path of files-from, where rules are counted one by one; never in a policy
    "filter",  # how the patterns behind it are read
]
EXCLUDES_ONLY = frozenset(
    {"if-present", "older-than", "other-filesystems", "device-files", "files-from"}
)
WITHOUT_VALUE = frozenset({"other-filesystems", "device-files", "filter"})
LISTS = frozenset({"filelist", "files-from"})
FILTERS = ("globbing", "literal", "regexp", "ignorecase", "strictcase")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """One line of a list, every character of it as it stands in the file."""

    text: str
    line: int = 0  # in the scenario file

    def __post_init__(self) -> None:
        if "\0" in self.text:
            raise ValueError("a line of a list holds no NUL: it would end there")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One selection rule, in the user's spelling (drtest puts the workspace before it later).

    ``pattern`` is what stands behind the option: a pattern, a regular expression, the name of a
    marker, an interval, the word of a filter; "" for lists and for what takes none. ``lines`` are
    those of a list.
    """

    action: RuleAction
    pattern: str = ""
    kind: RuleKind = "pattern"
    lines: tuple[ListLine, ...] = ()
    line: int = 0

    def __post_init__(self) -> None:
        if (self.kind == "filter") != (self.action == "filter"):
            raise ValueError("a filter includes and excludes nothing")
        if self.kind == "filter" and self.pattern not in FILTERS:
            raise ValueError(f"filters are {', '.join(FILTERS)}")
        if self.kind in EXCLUDES_ONLY and self.action != "exclude":
            raise ValueError(f"{self.kind} only excludes")
        if self.lines and self.kind not in LISTS:
            raise ValueError("only lists have lines")
        if self.pattern and self.kind in LISTS | WITHOUT_VALUE - {"filter"}:
            raise ValueError(f"{self.kind} takes no value")

    @property
    def word(self) -> str:
        """duplicity's long option without its dashes, which is the word in a scenario file."""
        match self.kind:
            case "pattern":
                return self.action
            case "files-from" | "listed":
                return "files-from"
            case "filter":
                return f"filter-{self.pattern}"
            case _:
                return f"{self.action}-{self.kind}"

    @property
    def subject(self) -> str:
        """What findings name it by: its pattern, or its word where it has none."""
        return self.pattern or self.word

    def __str__(self) -> str:
        if self.kind in WITHOUT_VALUE:
            return self.word
        if self.kind in LISTS:
            count = f"{len(self.lines)} line{'' if len(self.lines) == 1 else 's'}"
            return f"{self.word} ({count})"
        return f"{self.word}: {self.pattern}"
