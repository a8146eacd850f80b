"""The result of a run as one JSON document: run.json, and what ``--json`` prints.

``run.schema.json`` beside this module describes every field. Fields may be added under the same
``schema_version``; one that changes its meaning or goes away raises it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from drtest.model.bill import Bill, Prediction
from drtest.model.events import Event
from drtest.model.finding import Finding
from drtest.model.probe import Probed
from drtest.model.run import DrillResult, RunResult, ScenarioResult, Settings
from drtest.model.scenario import Expectation
from drtest.model.traffic import Totals
from drtest.report import codec
from drtest.report.stores import OnStore, by_store
from drtest.report.totals import add_up
from drtest.report.tune_json import tuning

RUN_SCHEMA_VERSION = 1


def document(run: RunResult) -> dict[str, Any]:
    """Return *run* as plain JSON that holds to ``schema()``."""
    settings = run.settings
    found: dict[str, Any] = codec.plain(
        {
            "schema_version": RUN_SCHEMA_VERSION,
            "verdict": run.verdict,
            "exit_status": run.exit_status,
            "interrupted": run.interrupted,
            "started_at": run.started_at,
            "elapsed_s": run.elapsed_s,
            "versions": {
                "drtest": settings.drtest,
                "duplicity": settings.duplicity,
                "store": settings.store,
                "gpg": settings.gpg,
                "python": settings.python,
            },
            "settings": {
                "command": settings.command,
                "seed": settings.seed,
                "jobs": settings.jobs,
                "gateway": settings.gateway,
                "cheap_passphrase_hashing": settings.cheap_passphrase_hashing,
            },
            "scenarios": [_scenario(result) for result in run.scenarios],
            "stores": [_store(one) for one in by_store(run.scenarios)],
            "left_out": run.left_out,
            "requests": _requests(add_up(run.scenarios)),
            "notes": run.notes,
            "tune": None if run.tune is None else tuning(run.tune),
        }
    )
    return found


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) that every ``document`` holds to."""
    text = files("drtest.report").joinpath("run.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _scenario(result: ScenarioResult) -> dict[str, Any]:
    judgement = result.judgement
    expected = judgement.expected or Expectation()
    return {
        "name": result.name,
        "why": result.why,
        "file": result.file,
        "line": result.line,
        "seed": result.seed,
        "store": result.store,
        "duplicity": result.duplicity,
        "preloaded": result.preloaded,
        "verdict": judgement.verdict,
        "counts_as": judgement.counts_as,
        "as_expected": judgement.as_expected,
        "reason": judgement.reason,
        "expected": {
            "verdict": expected.verdict,
            "findings": [{"code": one.code, "subject": one.subject} for one in expected.findings],
            "duplicity": expected.duplicity,
            "line": expected.line,
        },
        "because": expected.because,
        "findings": [_finding(one) for one in judgement.findings],
        "drills": [_drill(one) for one in judgement.drills],
        "recovery_point_age_s": judgement.recovery_point_age_s,
        "not_compared": judgement.not_compared,
        "account": judgement.account,
        "backups": result.backups,
        "elapsed_s": result.elapsed_s,
        "folder": result.folder,
        "left_out": result.left_out,
        "requests": _requests(result.requests),
        "predicted": _predicted(result.predicted),
        "cost": [_bill(one) for one in result.bills],
    }


def _store(one: OnStore) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "scenarios": len(one.results),
        "verdicts": one.verdicts,
        "as_expected": one.as_expected,
        "elapsed_s": one.elapsed_s,
        "requests": _requests(one.requests),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "subject": finding.subject,
        "message": finding.message,
        "advice": finding.advice,
        "line": finding.line,
        "drills": finding.drills,
        "restore_points": finding.restore_points,
        "silent": finding.silent,
        "evidence": finding.evidence,
    }


def _drill(drill: DrillResult) -> dict[str, Any]:
    return {
        "label": drill.label,
        "number": drill.number,
        "part": drill.part,
        "name": drill.name,
        "what": drill.what,
        "path": drill.path,
        "asked_at": drill.asked_at,
        "restore_point": drill.restore_point,
        "must_be": drill.must_be,
        "disposition": drill.disposition,
        "verdict": drill.verdict,
        "recovery_time_s": drill.recovery_time_s,
        "recovery_point_age_s": drill.recovery_point_age_s,
        "reproduce": drill.reproduce,
        "wreck": drill.wreck,
        "probes": [_probe(one) for one in drill.probed],
    }


def _probe(one: Probed) -> dict[str, Any]:
    return {
        "command": one.command,
        "outcome": one.outcome,
        "status": one.status,
        "without_network": one.is_isolated,
        "elapsed_s": one.elapsed_s,
        "log": one.log,
    }


def _requests(totals: Totals | None) -> dict[str, Any] | None:
    if totals is None:
        return None
    return {
        "total": totals.total,
        "failed": totals.failed,
        "unknown": totals.unknown,
        "body_in_bytes": totals.body_in_bytes,
        "body_out_bytes": totals.body_out_bytes,
        "by_operation": totals.by_operation,
        "by_phase": totals.by_phase,
        "by_kind": totals.by_kind,
        "by_step": totals.by_step,
    }


def _predicted(prediction: Prediction | None) -> dict[str, Any] | None:
    if prediction is None:
        return None
    by_operation: dict[str, int] = {}
    for counts in prediction.by_phase.values():
        for operation, number in counts.items():
            by_operation[operation] = by_operation.get(operation, 0) + number
    return {
        "total": prediction.total,
        "is_exact": prediction.is_exact,
        "why_estimates": prediction.why_estimates(),
        "by_operation": by_operation,
        "by_phase": prediction.by_phase,
        "by_step": {step.step: sum(step.operations.values()) for step in prediction.steps},
        "uploaded_bytes": prediction.uploaded_bytes,
        "downloaded_bytes": prediction.downloaded_bytes,
    }


def _bill(bill: Bill) -> dict[str, Any]:
    """Money as text: a float would round it."""
    prices = bill.prices
    return {
        "prices": {
            "provider": prices.provider,
            "region": prices.region,
            "storage_class": prices.storage_class,
            "currency": prices.currency,
            "as_of": None if prices.as_of is None else prices.as_of.isoformat(),
            "retrieved": prices.retrieved.isoformat(),
            "digest": prices.digest,
            "overrides": prices.overrides,
        },
        "total": _money(bill.total),
        "per_month": _maybe(bill.per_month),
        "drills": _money(bill.drills),
        "restore_one_file": _maybe(bill.restore_one_file),
        "restore_everything": _maybe(bill.restore_everything),
        "restore_everything_bytes": bill.restore_everything_bytes,
        "days": _money(bill.days),
        "backup_days": _maybe(bill.backup_days),
        "free_tiers": bill.free_tiers,
        "unbilled": bill.unbilled,
        "lines": [
            {
                "what": line.what,
                "phase": line.phase,
                "item": line.item,
                "storage_class": line.storage_class,
                "quantity": _money(line.quantity),
                "unit": line.unit,
                "price": _money(line.price),
                "amount": _money(line.amount),
            }
            for line in bill.lines
        ],
        "restores": {step: _money(amount) for step, amount in bill.restores.items()},
    }


def _money(amount: Decimal) -> str:
    return format(amount, "f")


def _maybe(amount: Decimal | None) -> str | None:
    return None if amount is None else _money(amount)


class JsonReporter:
    """The reporter of ``--json``: the document on *stream* when the run ends, nothing before."""

    def __init__(self, stream: TextIO, *, redact: Callable[[str], str] = str) -> None:
        self._stream = stream
        self._redact = redact

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        """Print nothing: half a document is of no use to anyone."""

    def event(self, scenario: str, event: Event) -> None:
        """Print nothing."""

    def finish_scenario(self, result: ScenarioResult) -> None:
        """Print nothing."""

    def finish(self, run: RunResult, folder: Path | None) -> None:  # noqa: ARG002
        """Print the document and one newline."""
        data = codec.map_text(document(run), self._redact)
        self._stream.write(codec.dumps(data, indent=2) + "\n")

    def close(self) -> None:
        """Flush; the stream is the caller's."""
        self._stream.flush()
