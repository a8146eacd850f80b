"""The promise, and the debts of it that are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from drtest.model.money import Budget
from drtest.model.source import need_absolute
from drtest.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect:
    """One entry of ``objectives.protect``, with the line that names it."""

    path: str
    line: int = 0

    def __post_init__(self) -> None:
        need_absolute(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """The promise. ``protect`` None: the whole source; "selected": what the rules select."""

    protect: tuple[Protect, ...] | Literal["selected"] | None = None
    because: str = ""  # goes with protect: selected
    keep: timedelta | None = None
    gone_after: timedelta | None = None
    rpo: timedelta | None = None
    rto: timedelta | None = None
    real_size: bool = False
    warnings_allowed: bool = True  # ``warnings: none`` makes each warning a failure
    requests_per_month: int | None = None
    cost_per_month: Budget | None = None
    restore_cost: Budget | None = None  # of everything, from the newest chain
    line: int = 0

    def __post_init__(self) -> None:
        if self.protect == "selected" and not self.because:
            raise ValueError("protect: selected needs because:")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedFinding:
    """One finding of severity *failure* that is known to come; no subject stands for any one."""

    code: str
    subject: str | None = None

    def __str__(self) -> str:
        return self.code if self.subject is None else f"{self.code}: {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the scenario must give; ``duplicity`` limits it to versions (``>= 3``)."""

    verdict: Verdict = Verdict.PASS
    findings: tuple[ExpectedFinding, ...] = ()
    because: str = ""
    duplicity: str | None = None
    line: int = 0

    def __post_init__(self) -> None:
        if self.verdict is Verdict.UNVERIFIED:
            raise ValueError("UNVERIFIED cannot be expected")
        if self.verdict is Verdict.FAIL and not (self.findings and self.because):
            raise ValueError("an expected FAIL names its findings and because")
        if self.verdict is Verdict.PASS and self.findings:
            raise ValueError("an expected PASS has no findings")
