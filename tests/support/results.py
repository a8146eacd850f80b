"""Results of runs built by hand, for whoever reads them: reporters, archive, command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from drtest.model.bill import PredictedStep, Prediction
from drtest.model.finding import Finding
from drtest.model.run import (
    DrillResult,
    Judgement,
    RunResult,
    ScenarioResult,
    Settings,
    run_verdict,
)
from drtest.model.scenario import Expectation
from drtest.model.traffic import Totals
from drtest.model.verdict import Disposition, Verdict, exit_status

STARTED_AT = datetime(2026, 4, 1, 4, 12, 9, tzinfo=UTC)
FIRST_POINT = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)

SETTINGS = Settings(
    drtest="0.1.0",
    duplicity="3.2.1",
    store="moto 5.2.1",
    gpg="2.2.40",
    python="3.11.2",
    seed=1,
    jobs=2,
    command="drtest run scenarios/",
    gateway="plain",
)


def totals(scale: int = 1) -> Totals:
    """Requests of a small scenario, *scale* times."""
    by_phase = {
        "full": {"ListObjectsV2": 4 * scale, "PutObject": 3 * scale, "UploadPart": 1_204 * scale},
        "drill": {"ListObjectsV2": 2 * scale, "GetObject": 6 * scale},
    }
    by_operation: dict[str, int] = {}
    for counts in by_phase.values():
        for operation, number in counts.items():
            by_operation[operation] = by_operation.get(operation, 0) + number
    whole = sum(by_operation.values())
    return Totals(
        total=whole,
        by_operation=by_operation,
        by_phase=by_phase,
        by_kind={"volume": whole - 6 * scale, "none": 6 * scale},
        by_step={"1": whole - 8 * scale, "drill 1.1": 8 * scale},
        body_in_bytes=5_000_000 * scale,
        body_out_bytes=2_000_000 * scale,
        failed=1,
    )


def predicted(by_phase: dict[str, dict[str, int]], *, why: str = "") -> Prediction:
    """One predicted step for each phase."""
    return Prediction(
        duplicity="3.2.1",
        steps=tuple(
            PredictedStep(
                step=str(number),
                phase=phase,
                operations=counts,
                uploaded_bytes=1_000,
                downloaded_bytes=10,
                why_estimate=why,
            )
            for number, (phase, counts) in enumerate(by_phase.items(), 1)
        ),
    )


def drill(number: int = 1, part: int = 1, *, day: int = 0, **changes: object) -> DrillResult:
    """One drill that recovered; *changes* replace fields."""
    point = FIRST_POINT + timedelta(days=day)
    made = DrillResult(
        number=number,
        part=part,
        name="",
        what=f"everything at {point:%Y-%m-%d %H:%M}",
        path="everything",
        asked_at=point,
        restore_point=point,
        must_be="recovered",
        disposition=Disposition.RECOVERED,
        verdict=Verdict.PASS,
        recovery_time_s=1.25,
        recovery_point_age_s=3600.0,
        reproduce=f"drtest run scenarios/a.yaml -k 'a' --drill {number}.{part} --seed 1 "
        "--duplicity 3.2.1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def scenario(
    name: str,
    *,
    findings: Sequence[Finding] = (),
    drills: int | Sequence[DrillResult] = 1,
    expected: Expectation | None = None,
    counts_as: Verdict | None = None,
    reason: str = "",
    not_compared: tuple[str, ...] = (),
    **changes: object,
) -> ScenarioResult:
    """One judged scenario; its verdict is that of its worst finding."""
    verdict = Verdict.worst([Verdict.PASS, *(one.severity.verdict for one in findings)])
    wanted = expected.verdict if expected else Verdict.PASS
    if counts_as is None:
        counts_as = Verdict.PASS if verdict is wanted else Verdict.FAIL
        if verdict is Verdict.UNVERIFIED:
            counts_as = Verdict.UNVERIFIED
    if isinstance(drills, int):
        drills = [drill(1, part, day=part - 1) for part in range(1, drills + 1)]
    made = ScenarioResult(
        name=name,
        why="to see",
        file="scenarios/a.yaml",
        line=27,
        seed=1,
        store="moto 5.2.1",
        duplicity="3.2.1",
        preloaded=False,
        judgement=Judgement(
            verdict=verdict,
            counts_as=counts_as,
            reason=reason,
            expected=expected,
            findings=tuple(findings),
            drills=tuple(drills),
            recovery_point_age_s=3600.0,
            not_compared=not_compared,
        ),
        elapsed_s=41.0,
        backups=3,
        folder="01-" + "-".join(name.split()),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run(*scenarios: ScenarioResult, **changes: object) -> RunResult:
    """A run of *scenarios*, with the verdict and exit status that they give."""
    verdict = run_verdict(scenarios)
    interrupted = bool(changes.get("interrupted"))
    made = RunResult(
        settings=SETTINGS,
        started_at=STARTED_AT,
        elapsed_s=112.0,
        verdict=verdict,
        exit_status=exit_status(verdict, interrupted=interrupted),
        scenarios=scenarios,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
