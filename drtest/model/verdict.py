"""The three verdicts and how they add up to an exit status."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """What was seen, ordered by severity; the worst member of a group is the group's verdict."""

    PASS = "PASS"  # noqa: S105  (a verdict, not a password)
    UNVERIFIED = "UNVERIFIED"
    FAIL = "FAIL"

    @property
    def rank(self) -> int:
        """0 for PASS, 1 for UNVERIFIED, 2 for FAIL."""
        return list(Verdict).index(self)

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Return the worst of *verdicts*. None at all checked nothing, which is no PASS."""
        return max(verdicts, key=lambda verdict: verdict.rank, default=cls.UNVERIFIED)


class Disposition(Enum):
    """What became of a disturbance. A word, never a verdict by itself."""

    RECOVERED = "recovered"
    REFUSED = "refused"
    NOTICED = "noticed"
    UNSEEN = "unseen"
    SILENTLY_WRONG = "silently-wrong"


def exit_status(verdict: Verdict, *, interrupted: bool = False, broken: bool = False) -> int:
    """Return the exit status of a run: 130, then 1, then 70, then 3, then 0 (docs/architecture)."""
    if interrupted:
        return 130
    if verdict is Verdict.FAIL:
        return 1
    if broken:
        return 70
    return 3 if verdict is Verdict.UNVERIFIED else 0
