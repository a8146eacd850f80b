"""The block of a scenario that is not as expected: what, at which restore, what to do now.

At most three differences, silently wrong ones first; a verbose page has them all. What the
scenario's head says will come is counted, not told again. The last lines are commands.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import assert_never

from rich.cells import cell_len
from rich.text import Text

from drtest.model.finding import CATALOGUE, Finding, Severity
from drtest.model.run import DrillResult, ScenarioResult
from drtest.model.scenario import Expectation
from drtest.model.verdict import Disposition, Verdict
from drtest.report.lines import BOLD, DIM, VERDICT_STYLE, line, paragraph, table
from drtest.report.rows import STALE, Layout, is_stale
from drtest.report.wording import argument, count, printable

SILENTLY_WRONG = (
    "SILENTLY WRONG: duplicity ended with status 0, the data is not what was backed up."
)
_DIFFERENCES = 3
_MORE_PATHS = 20  # of one finding on a verbose page; run.json has up to a thousand
# Found with prices alone, so that a command without them would not show it again.
_OF_MONEY = frozenset({"cost-exceeded", "restore-cost-exceeded", "prices-too-old", "price-missing"})
_TAIL, _LONG_TAIL = 3, 40  # lines of a log or a traceback


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How much is told, and where the run's folder lies ("" where nothing was kept)."""

    layout: Layout
    verbose: bool = False
    folder: str = ""


def block(result: ScenarioResult, style: Style) -> Iterator[Text]:
    """Yield the lines of one scenario that is not as expected, an empty one between parts."""
    failures, expected = unexpected(result)
    doubts = [one for one in result.judgement.findings if one.severity is Severity.UNVERIFIED]
    stale = [one for one in result.judgement.findings if one.code == STALE]
    yield from _headline(result, [*failures, *doubts, *stale], style.layout)
    if reason := list(_reason(result, style)):
        yield line()
        yield from reason
    shown = list(_told(failures, style)) if failures else []
    for labels, findings in _by_drills(shown):
        yield line()
        yield from _group(result, labels, findings, style, spare=_DIFFERENCES - len(shown))
    if hidden := len(failures) - len(shown):
        yield line("    ", (f"and {count(hidden, 'more finding')}", DIM))
    if expected:
        yield line()
        yield line("  ", (f"{count(expected, 'finding')} came as expected", DIM))
    if doubts:
        yield line()
        yield from _doubts(doubts, style)
    advice = list(_advice([*shown, *doubts], stale=is_stale(result), style=style))
    if advice:
        yield line()
        yield from advice
    yield line()
    yield from _commands(result, [*shown, *doubts], style)


def unexpected(result: ScenarioResult) -> tuple[list[Finding], int]:
    """Return the failures that the scenario's head does not name, and how many it does.

    The expectation is a multiset: a finding that names its subject is used up before a bare code.
    """
    expectation = result.judgement.expected or Expectation()
    wanted = sorted(expectation.findings, key=lambda one: one.subject is None)
    left = [one for one in result.judgement.findings if one.severity is Severity.FAILURE]
    met = 0
    for want in wanted:
        for one in left:
            if one.code == want.code and want.subject in {None, one.subject}:
                left.remove(one)
                met += 1
                break
    return sorted(left, key=lambda one: not one.silent), met


def _headline(
    result: ScenarioResult, findings: Sequence[Finding], layout: Layout
) -> Iterator[Text]:
    """The verdict, the name and, at the right edge or below, the line of the file to look at."""
    verdict, name = _label(result), printable(result.title)
    number = next((one.line for one in findings if one.line), result.line)
    place = printable(f"{result.file}:{number}")
    gap = layout.columns - cell_len(verdict) - 2 - cell_len(name) - cell_len(place)
    head = (verdict, f"bold {VERDICT_STYLE[result.judgement.counts_as]}"), "  ", (name, BOLD)
    if gap >= 2:
        yield line(*head, " " * gap, (place, DIM))
    else:
        yield line(*head)
        yield line("  ", (place, DIM))


def _label(result: ScenarioResult) -> str:
    judgement = result.judgement
    verdict, counts_as = result.verdict, judgement.counts_as
    expects_fail = judgement.expected is not None and judgement.expected.verdict is Verdict.FAIL
    match verdict:
        case Verdict.FAIL if counts_as is Verdict.UNVERIFIED:
            return "FAIL, and UNVERIFIED too"
        case Verdict.FAIL if is_stale(result):
            return "FAIL, but more was expected"
        case Verdict.FAIL if expects_fail:
            return "FAIL, but not only the expected one"
        case Verdict.FAIL:
            return "FAIL"
        case Verdict.PASS | Verdict.UNVERIFIED if is_stale(result):
            return f"{verdict.value}, but FAIL was expected"
        case Verdict.UNVERIFIED:
            return "UNVERIFIED"
        case Verdict.PASS:
            return f"PASS, but counts as {counts_as.value}"
        case _ as never:
            assert_never(never)


def _reason(result: ScenarioResult, style: Style) -> Iterator[Text]:
    """What the head says, where it says anything: otherwise the verdict tells it all."""
    judgement = result.judgement
    expected = judgement.expected
    if expected is None or expected.verdict is not Verdict.FAIL:
        return
    names = ", ".join(str(one) for one in expected.findings)
    stale = next((one.message for one in judgement.findings if one.code == STALE), "")
    if stale:
        rows = [(STALE, stale)]
    else:
        rows = [("reason", judgement.reason), ("expected", f"{names}, because {expected.because}")]
    yield from table(rows, columns=style.layout.columns, indent=2)


def _told(failures: Sequence[Finding], style: Style) -> Sequence[Finding]:
    return failures if style.verbose else failures[:_DIFFERENCES]


def _by_drills(findings: Sequence[Finding]) -> list[tuple[tuple[str, ...], list[Finding]]]:
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.drills, []).append(finding)
    return list(groups.items())


def _group(
    result: ScenarioResult,
    labels: tuple[str, ...],
    findings: Sequence[Finding],
    style: Style,
    *,
    spare: int,
) -> Iterator[Text]:
    columns = style.layout.columns
    is_silent = any(finding.silent for finding in findings)
    if is_silent:
        yield line("  ", (SILENTLY_WRONG, BOLD))
    if labels:
        yield from paragraph(_drill(result, labels), columns=columns, indent=2)
    if labels or is_silent:
        yield line()
    rows = []
    for finding in findings:
        rows.append((finding.code, _sentence(finding)))
        extra = list(islice(_more_paths(finding), _MORE_PATHS if style.verbose else spare))
        spare -= len(extra)
        rows += [("", f"also {path}") for path in extra]
    yield from table(rows, columns=columns, indent=4)


def _drill(result: ScenarioResult, labels: tuple[str, ...]) -> str:
    """``drill 1.9, everything at 2026-01-09 03:00: must be recovered, was refused``."""
    more = f" (and {count(len(labels) - 1, 'more drill')})" if len(labels) > 1 else ""
    drill = _find(result, labels[:1])
    if drill is None:
        return f"drill {labels[0]}{more}"
    name = f" {drill.name}" if drill.name else ""
    was = drill.disposition.value
    if drill.disposition is Disposition.SILENTLY_WRONG:
        was = "silently wrong"
    return f"drill {drill.label}{name}, {drill.what}: must be {drill.must_be}, was {was}{more}"


def _find(result: ScenarioResult, labels: Sequence[str]) -> DrillResult | None:
    return next((one for one in result.judgement.drills if one.label in labels), None)


def _sentence(finding: Finding) -> str:
    """Return the message, with the subject before it where it does not name it itself."""
    if not finding.subject or finding.subject.casefold() in finding.message.casefold():
        return finding.message
    return f"{finding.subject}: {finding.message}"


def _more_paths(finding: Finding) -> Iterator[str]:
    """Yield the paths of the evidence but for the subject, which the message names."""
    paths = finding.evidence.get("paths")
    for item in paths if isinstance(paths, list | tuple) else ():
        path = item.get("path") if isinstance(item, dict) else item
        if isinstance(path, str) and path != finding.subject:
            yield path


def _doubts(doubts: Sequence[Finding], style: Style) -> Iterator[Text]:
    shown = doubts if style.verbose else doubts[:_DIFFERENCES]
    for finding in shown:
        row = (finding.code, _sentence(finding))
        yield from table([row], columns=style.layout.columns, indent=2)
        for text in _tail(finding)[-(_LONG_TAIL if style.verbose else _TAIL) :]:
            yield line("    ", (text, DIM))
    if hidden := len(doubts) - len(shown):
        yield line("  ", (f"and {count(hidden, 'more finding')}", DIM))


def _tail(finding: Finding) -> list[str]:
    """Return the last lines of whatever broke: a server, drtest itself, a probe."""
    names = ("log_tail", "traceback", "output_tail")
    tail = next((finding.evidence[name] for name in names if name in finding.evidence), ())
    rows = tail.splitlines() if isinstance(tail, str) else tail
    return [str(row) for row in rows] if isinstance(rows, list | tuple) else []


def _advice(findings: Sequence[Finding], *, stale: bool, style: Style) -> Iterator[Text]:
    """What to do, one text for each code; the code before it where there are several."""
    codes = dict.fromkeys(finding.code for finding in findings)
    if stale:
        codes[STALE] = None
    texts = {code: CATALOGUE[code].advice for code in codes}
    chosen = list(texts.items())[: None if style.verbose else _DIFFERENCES]
    if len(chosen) == 1:
        yield from paragraph(chosen[0][1], columns=style.layout.columns, indent=2)
    else:
        yield from table(chosen, columns=style.layout.columns, indent=2)


def _commands(result: ScenarioResult, findings: Sequence[Finding], style: Style) -> Iterator[Text]:
    """What can be pasted: how to see it again, and where to look. Never wrapped."""
    labels = [label for finding in findings for label in finding.drills]
    drill = next((one for label in labels if (one := _find(result, [label]))), None)
    command = repasted(drill.reproduce) if drill and drill.reproduce else again(result)
    rows = [("reproduce", command)]
    if drill and drill.wreck:
        rows.append(("wreck", argument(drill.wreck)))
    if style.folder:
        log = next((x for one in findings if isinstance(x := one.evidence.get("log"), str)), "")
        if log:
            rows.append(("log", argument("/".join((style.folder, result.folder, log)))))
    for head, text in rows:
        yield line(f"  {head:<11}", text)


def again(result: ScenarioResult) -> str:
    """Return the command that runs the whole scenario again."""
    words = ["drtest", "run", result.file, "-k", result.name, "--seed", str(result.seed)]
    if result.duplicity:
        words += ["--duplicity", result.duplicity]
    store = result.on or result.store.partition(" ")[0]
    if store and store != "moto":
        words += ["--store", store]
    if result.bills and any(one.code in _OF_MONEY for one in result.judgement.findings):
        prices = result.bills[0].prices
        words += ["--prices", prices.place]
        words += [word for one in prices.overrides for word in ("--price", one)]
    return " ".join(argument(word) for word in words)


def repasted(command: str) -> str:
    """Return *command* so that it can be shown and pasted, whatever its words are made of."""
    if command.isprintable():
        return command
    return " ".join(argument(word) for word in shlex.split(command))
