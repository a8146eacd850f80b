"""Restored trees against the truth: all drills, and the findings that they add up to."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from drtest.checks import probed
from drtest.checks.case import Case
from drtest.checks.differences import path_finding
from drtest.checks.examine import examine
from drtest.checks.ledger import Entry, Ledger, label_of
from drtest.checks.result import result
from drtest.checks.words import age, at_points, cause, counted, stanzas, status
from drtest.model.events import DrillFinished
from drtest.model.finding import Finding
from drtest.model.interval import format_instant
from drtest.model.run import DrillResult
from drtest.model.verdict import Disposition, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """All drills of a history, judged."""

    results: tuple[DrillResult, ...]
    ledger: Ledger
    broken: tuple[Finding, ...]  # drills that could not be judged

    @property
    def judged(self) -> tuple[DrillResult, ...]:
        """The results that say something of the backup."""
        return tuple(one for one in self.results if one.verdict is not Verdict.UNVERIFIED)

    def bad_points(self, gone: frozenset[datetime]) -> frozenset[datetime]:
        """Return the points that a drill should have recovered and did not, but for *gone* ones.

        A point that retention took was good as long as it was there.
        """
        return frozenset(
            one.restore_point
            for one in self.results
            if one.must_be == "recovered"
            and one.verdict is Verdict.FAIL
            and one.restore_point is not None
            and one.restore_point not in gone
        )

    def good_points(self) -> frozenset[datetime]:
        """Return the points that restored right in every drill that should have recovered them."""
        bad = self.bad_points(frozenset())
        return frozenset(
            one.restore_point
            for one in self.results
            if one.must_be == "recovered"
            and one.verdict is Verdict.PASS
            and one.disposition is Disposition.RECOVERED
            and one.restore_point is not None
            and one.restore_point not in bad
        )


def drill(case: Case) -> Drilled:
    """Examine every drill; one that cannot be examined is a finding and harms no other."""
    ledger = Ledger()
    results: list[DrillResult] = []
    broken: list[Finding] = []
    for finished in case.history.of(DrillFinished):
        try:
            results.append(examine(case, finished, ledger))
        except Exception as error:  # whatever it is, it says nothing of the backup
            label = label_of(finished)
            results.append(result(case, finished, {"drtest-broke"}))
            broken.append(
                Finding(
                    code="drtest-broke",
                    subject=f"drill {label}",
                    message=f"Drill {label} could not be judged: {type(error).__name__}: {error}.",
                    line=case.line_of_drill(finished.number),
                    drills=(label,),
                    evidence={"traceback": traceback.format_exc()},
                )
            )
    results.sort(key=lambda one: (one.number, one.part))  # those of a moment came earlier
    return Drilled(results=tuple(results), ledger=ledger, broken=tuple(broken))


def check(case: Case, drilled: Drilled) -> Iterator[Finding]:
    """Yield what the drills found."""
    yield from drilled.broken
    for (code, subject), entry in drilled.ledger.entries.items():
        yield _of_entry(case, code, subject, entry)
    for code, pile in drilled.ledger.piles.items():
        yield path_finding(case, code, pile)
    for kind, losses in drilled.ledger.losses.items():
        yield Finding(
            code="known-loss",
            subject=kind,
            message=(
                f"duplicity does not keep this by design: {kind}, "
                f"{counted(losses.most, 'path')} in a restore, "
                f"seen in {counted(len(losses.reach.drills), 'restore')}."
            ),
            drills=tuple(losses.reach.drills),
            restore_points=tuple(sorted(losses.reach.points)),
            evidence={"kind": kind, "count": losses.most, "paths": losses.paths},
        )


def _of_entry(case: Case, code: str, subject: str, entry: Entry) -> Finding:
    reach = entry.reach
    evidence: dict[str, object] = dict(entry.evidence[0])
    if entry.calls:
        call = entry.calls[0]
        evidence |= {
            "status": call.status,
            "status_name": call.status_name,
            "log": call.log,
            "log_stanzas": stanzas(call.stanzas),
        }
        statuses = Counter(status(one) for one in entry.calls)
        if len(statuses) > 1:
            evidence["statuses"] = dict(statuses)
    if len(entry.evidence) > 1 and any(entry.evidence):
        evidence["restores"] = entry.evidence[:100]
    return Finding(
        code=code,
        subject=subject,
        message=_message(code, subject, entry),
        line=case.line_of_drill(reach.number),
        drills=tuple(reach.drills),
        restore_points=tuple(sorted(reach.points)),
        silent=reach.silent,
        evidence=evidence,
    )


def _message(code: str, subject: str, entry: Entry) -> str:
    where = at_points(entry.reach.points)
    where = f" {where}" if where else ""
    first = entry.evidence[0]
    call = entry.calls[0] if entry.calls else None
    match code:
        case "restore-refused":
            assert call is not None
            said = ", ".join(dict.fromkeys(status(one) for one in entry.calls))
            return f"{_cap(subject)}{where}: duplicity ended with {said}{cause(call)}."
        case "key-not-in-escrow":
            assert call is not None
            missing = first["missing"]
            lacks = " and ".join(map(str, missing)) if isinstance(missing, list) else str(missing)
            return (
                f"{_cap(subject)}{where}: duplicity ended with {status(call)}, "
                f"and the safe holds no {lacks}."
            )
        case "nothing-restored":
            return f"{_cap(subject)}{where}: duplicity ended with status 0 and restored nothing."
        case "restore-not-refused":
            return (
                f"{_cap(subject)}{where} must be refused, and came back with status 0: "
                f"{counted(_number(first['paths']), 'path')}."
            )
        case "wrong-point-restored":
            return f"{_cap(subject)}: {_wrong_point(entry)}"
        case "fault-unseen":
            assert call is not None
            harmed = first["harmed"]
            assert isinstance(harmed, list)
            what = f"{counted(len(harmed), 'object')} harmed" if harmed else "the damage"
            return (
                f"{_cap(subject)}{where}: {call.action} must detect {what} and ended with status "
                f"{call.status} and no word of it."
            )
        case "action-hung":
            assert call is not None
            return (
                f"{_cap(subject)}{where} was killed after its time limit of "
                f"{age(timedelta(seconds=call.limit_s))}."
            )
        case "probe-failed" | "probe-hung" | "probe-not-started":
            return f"{_cap(subject)}{where}: {probed.sentence(first)}."
        case _:
            raise AssertionError(code)


def _wrong_point(entry: Entry) -> str:
    first = entry.evidence[0]
    asked = datetime.fromisoformat(str(first["asked_at"]))
    got = first["got_at"]
    same = isinstance(got, str) and datetime.fromisoformat(got) == asked
    came = (
        "what another backup of the same second saved came back"
        if same
        else f"the state of {format_instant(datetime.fromisoformat(got))} came back"
        if isinstance(got, str)
        else f"{counted(_number(first['paths']), 'path')} came back, of no restore point"
    )
    more = len(entry.evidence) - 1
    return (
        f"asked for {format_instant(asked)}, {came}, with status 0"
        + (f", and the like in {counted(more, 'more restore')}" if more else "")
        + "."
    )


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _cap(text: str) -> str:
    """A sentence begins with a capital letter, but a name that the user gave stays as it is."""
    return "Drill" + text.removeprefix("drill") if text.startswith("drill ") else text
