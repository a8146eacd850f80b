"""What changes no verdict and must not be overlooked: warnings, notes, blind spots, requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from rich.cells import cell_len
from rich.text import Text

from drtest.model.finding import Finding, Severity
from drtest.model.interval import format_interval
from drtest.model.money import money
from drtest.model.run import RunResult, ScenarioResult
from drtest.model.traffic import Totals
from drtest.model.verdict import Verdict
from drtest.report.blocks import Style
from drtest.report.lines import DIM, line, paragraph, table
from drtest.report.probes import asked
from drtest.report.totals import Foreseen, add_up, add_up_predicted
from drtest.report.wording import count, pad, printable, size

_REASONS = 2  # why a prediction is an estimate: more would be a paragraph
_SMALL = (10, 6)  # operations, phases of a table that is printed unasked


def remarks(run: RunResult, style: Style) -> Iterator[Text]:
    """Yield one line each for warnings, known losses, notes and what was not compared.

    A verbose page tells every warning and note in full, below the scenario that it is about.
    """
    if style.verbose:
        for result in run.scenarios:
            yield from _in_full(result, style)
        rows = []
    else:
        rows = [
            ("warnings", _by_code(run, Severity.WARNING)),
            ("known losses", _losses(run)),
            ("notes", _by_code(run, Severity.NOTE)),
        ]
    blind = dict.fromkeys(one for result in run.scenarios for one in result.judgement.not_compared)
    rows.append(("not compared", _blind(list(blind), style)))
    if preloaded := sum(result.preloaded for result in run.scenarios):
        text = f"{count(preloaded, 'scenario')}; a verdict rests on plain execution"
        rows.append(("preloaded", text))
    rows += [("left out", text) for text in run.left_out]
    rows += [
        ("left out", f"{result.name}: {text}")
        for result in run.scenarios
        for text in result.left_out
    ]
    rows += [("note", text) for text in run.notes]
    kept = [(head, text) for head, text in rows if text]
    yield from table(kept, columns=style.layout.columns, indent=0, style=DIM)


def _blind(kinds: Sequence[str], style: Style) -> str:
    """Every kind where there is room for it, else the first and how many more there are."""
    if style.verbose or len(kinds) < 2:
        return "; ".join(kinds)
    return f"{kinds[0]}, and {count(len(kinds) - 1, 'more kind')}: -v names them"


def _of(run: RunResult, severity: Severity) -> Iterator[Finding]:
    for result in run.scenarios:
        yield from (one for one in result.judgement.findings if one.severity is severity)


def _by_code(run: RunResult, severity: Severity) -> str:
    codes = Counter(one.code for one in _of(run, severity))
    del codes["known-loss"], codes["expectation-stale"]  # each has a place of its own
    return ", ".join(f"{code} {number}{_paid(run, code)}" for code, number in codes.most_common())


def _paid(run: RunResult, code: str) -> str:
    """`` (0.12 USD a month)`` where its findings say what they cost, all of them together."""
    amounts: dict[str, Decimal] = {}
    for result in run.scenarios:
        for one in result.judgement.findings:
            if one.code == code and "cost_per_month" in one.evidence:
                currency = str(one.evidence["currency"])
                amount = Decimal(str(one.evidence["cost_per_month"]))
                amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    told = " and ".join(money(amount, currency) for currency, amount in amounts.items())
    return f" ({told} a month)" if told else ""


def _losses(run: RunResult) -> str:
    """``hard-link in 3 scenarios, xattr in 1``: duplicity does not keep these, by design."""
    kinds = Counter(one.subject for one in _of(run, Severity.NOTE) if one.code == "known-loss")
    return ", ".join(
        f"{kind} in {count(number, 'scenario')}" for kind, number in kinds.most_common()
    )


def _in_full(result: ScenarioResult, style: Style) -> Iterator[Text]:
    told = {Severity.WARNING, Severity.NOTE}
    rows = [(one.code, one.message) for one in result.judgement.findings if one.severity in told]
    yield from paragraph(result.title, columns=style.layout.columns, indent=0)
    rows.insert(0, ("restored", _achieved(result)))
    yield from table(rows, columns=style.layout.columns, indent=2, style=DIM)
    yield line()


def _achieved(result: ScenarioResult) -> str:
    """``8 of 9 drills right; slowest 0:12; newest good restore point 1h old at the end``."""
    drills = result.judgement.drills
    right = sum(drill.verdict is Verdict.PASS for drill in drills)
    parts = [f"{right:,} of {count(len(drills), 'drill')} as promised"]
    if drills:
        parts.append(f"slowest {max(drill.recovery_time_s for drill in drills):.1f} s")
    age_s = result.judgement.recovery_point_age_s
    if age_s is None:
        parts.append("no restore point came back right")
    else:
        age = format_interval(timedelta(seconds=age_s))
        parts.append(f"newest good restore point {age} old at the calendar's end")
    if told := asked([result]):
        parts.append(told)
    return "; ".join(parts)


def requests(run: RunResult, style: Style) -> Iterator[Text]:
    """Yield the table of requests, operations by phase, where it is small or asked for.

    What was predicted has a column where it differs, and a line in any case.
    """
    totals, foreseen = add_up(run.scenarios), add_up_predicted(run.scenarios)
    if totals is None or not totals.total:
        return
    phases = sorted(totals.by_phase, key=lambda phase: phase.startswith("drill"))  # backups first
    small = len(totals.by_operation) <= _SMALL[0] and len(phases) <= _SMALL[1]
    rows = _cells(totals, phases, foreseen)
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    fits = sum(widths) + 2 * (len(widths) - 1) <= style.layout.columns
    if style.verbose or (small and fits):
        for number, row in enumerate(rows):
            first = pad(row[0], widths[0])
            rest = (
                " " * (width - cell_len(cell)) + cell
                for cell, width in zip(row[1:], widths[1:], strict=True)
            )
            yield line(("  ".join([first, *rest]), DIM if number == 0 else ""))
        yield line(_outcomes(totals))
    else:
        yield line(f"{count(totals.total, 'request')}; -v shows them by operation and phase")
    if foreseen is not None:
        yield from paragraph(_foreseen(foreseen, totals), columns=style.layout.columns, indent=0)


def _cells(totals: Totals, phases: Sequence[str], foreseen: Foreseen | None) -> list[list[str]]:
    """The table as text: a head, the operations, the biggest first, and the sums."""
    metered = totals.by_operation
    predicted = metered if foreseen is None else foreseen.by_operation
    is_off = predicted != metered
    operations = sorted({*metered, *predicted}, key=lambda one: (-metered.get(one, 0), one))
    rows = [["requests", *map(printable, phases), "all", *(["predicted", "off by"] * is_off)]]

    def add(name: str, numbers: Sequence[int], whole: int, wanted: int) -> None:
        compared = [_number(wanted), f"{wanted - whole:+,}" if wanted != whole else "-"] * is_off
        rows.append([name, *map(_number, numbers), _number(whole), *compared])

    for operation in operations:
        numbers = [totals.by_phase[phase].get(operation, 0) for phase in phases]
        add(printable(operation), numbers, metered.get(operation, 0), predicted.get(operation, 0))
    if len(operations) > 1:
        sums = [sum(totals.by_phase[phase].values()) for phase in phases]
        add("all", sums, totals.total, sum(predicted.values()))
    return rows


def _foreseen(foreseen: Foreseen, totals: Totals) -> str:
    """``1,221 predicted before the run, 2 more than metered; an estimate: sizes near a limit``."""
    off = foreseen.total - totals.total
    match off:
        case 0 if foreseen.by_operation == totals.by_operation:
            found = "as metered"
        case 0:
            found = "as many as metered, but of other operations"
        case _:
            found = f"{abs(off):,} {'more' if off > 0 else 'fewer'} than metered"
    reasons = list(foreseen.why_estimates)
    if len(reasons) > _REASONS:
        more = count(len(reasons) - _REASONS, "more reason")
        reasons[_REASONS:] = [f"{more} in run.json"]
    sure = f"an estimate: {'; '.join(reasons)}" if reasons else "exact by the model"
    return f"{foreseen.total:,} predicted before the run, {found}; {sure}"


def _number(number: int) -> str:
    return f"{number:,}" if number else "-"


def _outcomes(totals: Totals) -> str:
    """``4.8 MiB sent, 1.9 MiB received; 1 failed, 0 unknown``."""
    sent, received = size(totals.body_in_bytes), size(totals.body_out_bytes)
    return f"{sent} sent, {received} received; {totals.failed:,} failed, {totals.unknown:,} unknown"
