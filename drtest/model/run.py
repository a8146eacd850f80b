"""What became of a run: judged scenarios, their drills, and the whole. What reporters read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from drtest.model.account import Account
from drtest.model.bill import Bill, Prediction
from drtest.model.finding import Finding
from drtest.model.grid import Sweep
from drtest.model.probe import Probed
from drtest.model.scenario import Expectation
from drtest.model.traffic import Totals
from drtest.model.tune import Tuning
from drtest.model.verdict import Disposition, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """One restore, judged."""

    number: int
    part: int
    name: str
    what: str
    path: str  # "everything", or the paths as the user writes them
    asked_at: datetime
    restore_point: datetime | None
    must_be: str
    disposition: Disposition
    verdict: Verdict
    recovery_time_s: float
    recovery_point_age_s: float | None  # of the point, at the calendar's end
    reproduce: str
    wreck: str = ""
    probed: tuple[Probed, ...] = ()  # one for each tree that came back

    @property
    def label(self) -> str:
        """``1.3``: the third restore of drill 1."""
        return f"{self.number}.{self.part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What checks make of one history."""

    verdict: Verdict  # what was seen
    counts_as: Verdict  # for the run: PASS as expected; FAIL unexpected or stale; else UNVERIFIED
    reason: str  # why it is not as expected ("expectation-stale: ..."), "" where it is
    expected: Expectation | None  # the one that applied; None: PASS, because none was written
    findings: tuple[Finding, ...]  # worst first
    drills: tuple[DrillResult, ...]
    recovery_point_age_s: float | None = None  # of the newest point that restored
    not_compared: tuple[str, ...] = ()
    account: Account | None = None  # None: it could not be made, which is a finding

    @property
    def as_expected(self) -> bool:
        """Whether the scenario gave what its head says."""
        return self.counts_as is Verdict.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """One scenario of a run, judged."""

    name: str
    why: str
    file: str
    line: int
    seed: int
    store: str
    duplicity: str
    preloaded: bool
    judgement: Judgement
    elapsed_s: float
    backups: int
    folder: str  # below the run's own: where history and side files lie
    requests: Totals | None = None
    predicted: Prediction | None = None  # None: broken off before its requests were foreseen
    bills: tuple[Bill, ...] = ()  # one for each tariff that was asked for
    on: str = ""  # the store as --store names it, in a run on several stores
    left_out: tuple[str, ...] = ()  # parts of it that this machine could not give, and why

    @property
    def verdict(self) -> Verdict:
        """What was seen."""
        return self.judgement.verdict

    @property
    def title(self) -> str:
        """What tells it from every other result of the run; the request log names it so too."""
        return title(self.name, self.on)


def title(name: str, on: str) -> str:
    """Return ``NAME``, or ``NAME on STORE`` where *on* names one of several stores."""
    return f"{name} on {on}" if on else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What makes two runs comparable; everything a run was told."""

    drtest: str
    duplicity: str
    store: str
    gpg: str
    python: str
    seed: int | None  # None: each scenario's own
    jobs: int
    command: str
    cheap_passphrase_hashing: bool = True
    gateway: str = "none"  # none, plain, tls, forward
    prices: tuple[str, ...] = ()  # provider/region/CLASS, in the order in which they are compared
    price: tuple[str, ...] = ()  # KEY=VALUE that correct them
    max_price_age_days: int | None = None
    stores: tuple[str, ...] = ()  # names, in the order in which they are compared
    sweep: Sweep | None = None  # the grid of drtest tune, whose points the scenarios are


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The whole run."""

    settings: Settings
    started_at: datetime
    elapsed_s: float
    verdict: Verdict
    exit_status: int
    scenarios: tuple[ScenarioResult, ...]
    interrupted: bool = False
    left_out: tuple[str, ...] = ()  # scenarios that were not run, and why
    notes: tuple[str, ...] = field(default=())
    tune: Tuning | None = None  # what the scenarios show as points of one grid


def run_verdict(results: Iterable[ScenarioResult]) -> Verdict:
    """Return a run's verdict: PASS if every scenario is as expected; FAIL if one failed
    unexpectedly or its expectation is stale; else UNVERIFIED. Nothing run is UNVERIFIED.
    """
    return Verdict.worst(result.judgement.counts_as for result in results)
