"""What a toxic is told: which request, and what is done to it.

A toxic changes what duplicity sees on the wire and never touches stored bytes (damage does). The
envelope (``When``) is the same for every toxic; what it does is one attribute class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

# Where an exchange is held: before anything of it is forwarded; with its head and less than half of
# its body forwarded; once the store's answer is here and nothing of it given back.
Point = Literal["head", "body", "answered"]
Watched = Literal["volume", "manifest", "signatures", "all objects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The trigger. It counts and never rolls dice.

    ``operations`` are S3's names, any of them; none means all. ``nth`` counts different requests
    that fit, ``times`` how many attempts of the nth are hit (a retry is the same request).
    ``sent_bytes`` stands in the place of ``nth``: the request with whose body all that fit have
    sent so many bytes together, each of them counted once.
    """

    operations: tuple[str, ...] = ()
    of: Watched | None = None  # None: whatever the request is about
    volume: int | None = None  # only with ``of`` volume; None: any volume
    nth: int = 1
    times: int = 1
    sent_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.nth < 1 or self.times < 1:
            raise ValueError("nth and times are at least 1")
        if self.sent_bytes is not None and (self.sent_bytes < 1 or self.nth != 1):
            raise ValueError("bytes are at least 1, and stand in the place of nth")
        if self.volume is not None and (self.of != "volume" or self.volume < 1):
            raise ValueError("a number from 1 goes with volume")

    def __str__(self) -> str:
        what = "|".join(self.operations) or "any request"
        of = f" of {self.objects}" if self.of is not None else ""
        if self.sent_bytes is not None:
            return f"{what}{of}, with {self.sent_bytes:,} bytes sent"
        return f"{what}{of}, the {_ordinal(self.nth)}"

    @property
    def objects(self) -> str:
        """What it is about, in the words of a scenario file; "" for anything."""
        if self.of is None:
            return ""
        return self.of if self.volume is None else f"{self.of} {self.volume}"

    def fits(self, *, operation: str, kind: str, volume: int | None) -> bool:
        """Whether a request with this operation, kind of object and volume number is meant."""
        if self.operations and operation not in self.operations:
            return False
        match self.of:
            case None:
                return True
            case "all objects":
                return kind != ""
            case wanted:
                return kind == wanted and self.volume in (None, volume)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The action's whole process group is killed while the exchange is held at a point."""

    signal: Literal["SIGKILL"] = "SIGKILL"
    at: Point = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The exchange is held until drtest lets it go on. No word of a scenario file."""

    at: Point = "head"


Deed = Kill | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxic:
    """One armed toxic of one action."""

    does: Deed
    when: When = field(default_factory=When)
    line: int = 0


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 <= number % 100 <= 20 else ending}"
