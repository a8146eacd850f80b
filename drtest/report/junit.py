"""JUnit XML for CI: a scenario is a suite, a restore a case.

The common schema of Ant's JUnit task is kept to the letter, so that every reader takes it: all
attributes that it wants and none beside, at most one failure or error a case. An unexpected FAIL is
a failure, UNVERIFIED an error; nothing is ever skipped, and a suite without a restore has a case
for its calendar, so that it cannot be green by being empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from drtest.model.events import Event
from drtest.model.finding import Finding, Severity
from drtest.model.run import DrillResult, RunResult, ScenarioResult, Settings
from drtest.model.verdict import Verdict
from drtest.report.archive import write_text
from drtest.report.blocks import again, repasted, unexpected
from drtest.report.evidence import evidence
from drtest.report.rows import STALE
from drtest.report.wording import count, printable

CALENDAR = "calendar"
DIFFERENCES = 3  # told of one case; run.json has all


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    name: str
    elapsed_s: float
    failures: tuple[Finding, ...]
    doubts: tuple[Finding, ...]
    is_doubtful: bool  # UNVERIFIED, whether a finding says why or not
    reproduce: str


def junit(run: RunResult) -> str:
    """Return the document, with its declaration and a newline behind it."""
    root = ElementTree.Element("testsuites")
    for number, result in enumerate(run.scenarios):
        _suite(root, run, result, number)
    if not run.scenarios:
        root.append(_broken(run.started_at, "No scenario was run."))
    return _text(root)


class JunitReporter:
    """Writes *path* when the run ends, and an error in place of it where it never came so far."""

    def __init__(self, path: Path, *, redact: Callable[[str], str] = str) -> None:
        self._path = path
        self._redact = redact
        self._is_written = False

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        """Write nothing yet."""

    def event(self, scenario: str, event: Event) -> None:
        """Write nothing."""

    def finish_scenario(self, result: ScenarioResult) -> None:
        """Write nothing yet."""

    def finish(self, run: RunResult, folder: Path | None) -> None:  # noqa: ARG002
        """Write the document, whole or not at all."""
        self._is_written = True
        write_text(self._path, self._redact(junit(run)))

    def close(self) -> None:
        """Leave no file of another day behind where there was no verdict."""
        if not self._is_written:
            self._is_written = True
            root = ElementTree.Element("testsuites")
            text = "drtest ended before it gave a verdict; its output says why."
            root.append(_broken(datetime(1970, 1, 1, tzinfo=UTC), text))
            write_text(self._path, _text(root))


# ---------------------------------------------------------------- what the cases are


def cases(result: ScenarioResult) -> list[_Case]:
    """Return the case of the calendar and one for each restore, in the order of the file."""
    judgement = result.judgement
    failures = unexpected(result)[0]
    failures += [one for one in judgement.findings if one.code == STALE]
    doubts = [one for one in judgement.findings if one.severity is Severity.UNVERIFIED]
    drills = {drill.label for drill in judgement.drills}

    def elsewhere(findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(one for one in findings if not drills.intersection(one.drills))

    spent_s = sum(drill.recovery_time_s for drill in judgement.drills)
    made = [
        _Case(
            name=CALENDAR,
            elapsed_s=max(0.0, result.elapsed_s - spent_s),
            failures=elsewhere(failures),
            doubts=elsewhere(doubts),
            is_doubtful=judgement.counts_as is Verdict.UNVERIFIED and not judgement.drills,
            reproduce=again(result),
        )
    ]
    made += [_drill(drill, failures, doubts) for drill in judgement.drills]
    is_told = any(one.failures or one.doubts or one.is_doubtful for one in made)
    if not judgement.as_expected and not is_told:  # whatever it is, it must not look green
        made[0] = _Case(
            name=CALENDAR,
            elapsed_s=made[0].elapsed_s,
            failures=(),
            doubts=(),
            is_doubtful=True,
            reproduce=again(result),
        )
    return made


def _drill(drill: DrillResult, failures: Iterable[Finding], doubts: Iterable[Finding]) -> _Case:
    name = f"{drill.label} {drill.name}".rstrip()
    return _Case(
        name=f"{name}: {drill.what}",
        elapsed_s=drill.recovery_time_s,
        failures=tuple(one for one in failures if drill.label in one.drills),
        doubts=tuple(one for one in doubts if drill.label in one.drills),
        is_doubtful=drill.verdict is Verdict.UNVERIFIED,
        reproduce=repasted(drill.reproduce),
    )


# ---------------------------------------------------------------- how they are written


def _suite(root: ElementTree.Element, run: RunResult, result: ScenarioResult, number: int) -> None:
    made = cases(result)
    suite = _element(
        root,
        "testsuite",
        name=result.title,
        package=result.file,
        id=str(number),
        timestamp=_stamp(run.started_at),
        hostname="localhost",
        tests=str(len(made)),
        failures=str(sum(bool(one.failures) for one in made)),
        errors=str(sum(_is_error(one) for one in made)),
        time=f"{result.elapsed_s:.3f}",
    )
    properties = _element(suite, "properties")
    for name, value in (
        ("verdict", result.verdict.value),
        ("as-expected", "yes" if result.judgement.as_expected else "no"),
        ("duplicity", result.duplicity),
        ("store", result.store),
        ("seed", str(result.seed)),
        ("scenario", f"{result.file}:{result.line}"),
    ):
        _element(properties, "property", name=name, value=value)
    for one in made:
        case = _element(
            suite,
            "testcase",
            name=one.name,
            classname=result.title,
            time=f"{one.elapsed_s:.3f}",
        )
        if one.failures:
            _told(case, "failure", [*one.failures, *one.doubts], result, one)
        elif _is_error(one):
            _told(case, "error", one.doubts, result, one)
    _element(suite, "system-out").text = _known(result)
    _element(suite, "system-err").text = ""


def _is_error(one: _Case) -> bool:
    return not one.failures and (bool(one.doubts) or one.is_doubtful)


def _told(
    case: ElementTree.Element,
    tag: str,
    findings: Sequence[Finding],
    result: ScenarioResult,
    one: _Case,
) -> None:
    message = findings[0].message if findings else f"UNVERIFIED: {result.judgement.reason}"
    kind = findings[0].code if findings else "unverified"
    told = _element(case, tag, message=message, type=kind)
    told.text = "\n".join(printable(line) for line in _lines(findings, result, one))


def _lines(findings: Sequence[Finding], result: ScenarioResult, one: _Case) -> Iterator[str]:
    for finding in findings[:DIFFERENCES]:
        yield f"{finding.code}: {finding.message}"
        for table in evidence(finding).tables:
            for row in table.rows[:DIFFERENCES]:
                yield "    " + "; ".join(
                    f"{head} {cell}" for head, cell in zip(table.head, row, strict=True) if cell
                )
        yield f"    {finding.advice}"
    if (more := len(findings) - DIFFERENCES) > 0:
        yield f"and {count(more, 'more finding')} in run.json"
    yield f"{result.file}:{next((x.line for x in findings if x.line), result.line)}"
    yield f"reproduce: {one.reproduce}"


def _known(result: ScenarioResult) -> str:
    """Say which failures passed because the scenario's head names them."""
    expected, number = result.judgement.expected, unexpected(result)[1]
    if expected is None or not number:
        return ""
    return printable(f"{count(number, 'finding')} came as expected: {expected.because}".strip())


def _broken(at: datetime, text: str) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite")
    for name, value in {
        "name": "drtest",
        "package": "drtest",
        "id": "0",
        "timestamp": _stamp(at),
        "hostname": "localhost",
        "tests": "1",
        "failures": "0",
        "errors": "1",
        "time": "0.000",
    }.items():
        suite.set(name, value)
    _element(suite, "properties")
    case = _element(suite, "testcase", name="set-up", classname="drtest", time="0.000")
    _element(case, "error", message=text, type="no-verdict").text = text
    _element(suite, "system-out").text = ""
    _element(suite, "system-err").text = ""
    return suite


def _element(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    safe = {name: printable(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, safe)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _text(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
