"""What one scenario came to on several stores: verdicts and requests side by side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from drtest.checks.words import counted
from drtest.model.finding import Finding, Severity
from drtest.model.run import ScenarioResult
from drtest.model.traffic import Totals
from drtest.model.verdict import Verdict

_SHOWN = 3  # operations that a message names; the evidence has them all


def compare(results: Iterable[ScenarioResult]) -> dict[str, tuple[Finding, ...]]:
    """Return what is to be added to results, by their titles.

    The verdict of most stores is what the others differ from; of two with two, that of the first.
    A store on which a scenario could not be verified agrees with all.
    """
    groups: dict[str, list[ScenarioResult]] = {}
    for one in results:
        if one.on:
            groups.setdefault(one.name, []).append(one)
    found: dict[str, tuple[Finding, ...]] = {}
    for group in groups.values():
        for one, finding in (*_verdicts(group), *_counts(group)):
            found[one.title] = (*found.get(one.title, ()), finding)
    return found


def _verdicts(group: Sequence[ScenarioResult]) -> Iterator[tuple[ScenarioResult, Finding]]:
    sure = [one for one in group if one.verdict is not Verdict.UNVERIFIED]
    votes = Counter(one.verdict for one in sure)
    if len(votes) < 2:
        return
    usual = max(votes, key=lambda verdict: votes[verdict])  # the first of equals
    others = [one for one in sure if one.verdict is usual]
    for one in sure:
        if one.verdict is usual:
            continue
        names = ", ".join(other.on for other in others)
        # What makes the one fail, or what the others fail by and it does not.
        codes = _codes([one] if one.verdict is Verdict.FAIL else others)
        yield (
            one,
            Finding(
                code="stores-disagree",
                subject=one.on,
                message=(
                    f"{one.verdict.value} on {one.store} and {usual.value} on {names}"
                    f"{': ' if codes else ''}{', '.join(codes)}."
                ),
                line=one.line,
                evidence={
                    "stores": [other.store for other in sure],
                    "verdicts": [other.verdict.value for other in sure],
                    "first_difference": codes[0] if codes else "",
                },
            ),
        )


def _codes(results: Iterable[ScenarioResult]) -> list[str]:
    return list(
        dict.fromkeys(
            finding.code
            for one in results
            for finding in one.judgement.findings
            if finding.severity is Severity.FAILURE
        )
    )


def _counts(group: Sequence[ScenarioResult]) -> Iterator[tuple[ScenarioResult, Finding]]:
    """Runs in which nothing failed ask for the same, whatever the store (shared facts, stores 2).

    Failing ones do not: how often a client tries again is no matter of the store alone.
    """
    sound = [
        (one, one.requests)
        for one in group
        if one.verdict is Verdict.PASS and one.requests is not None and not _failed(one.requests)
    ]
    if not sound:
        return
    first, wanted = sound[0]
    for one, got in sound[1:]:
        if got.by_phase == wanted.by_phase:
            continue
        differ = {
            operation: (wanted.by_operation.get(operation, 0), got.by_operation.get(operation, 0))
            for operation in sorted({*wanted.by_operation, *got.by_operation})
            if wanted.by_operation.get(operation, 0) != got.by_operation.get(operation, 0)
        }
        named = [f"{what} {theirs} and {here}" for what, (theirs, here) in differ.items()]
        yield (
            one,
            Finding(
                code="store-counts-differ",
                subject=one.on,
                message=(
                    f"{counted(wanted.total, 'request')} on {first.on} and {got.total:,} on "
                    f"{one.on}, though nothing failed on either"
                    f"{': ' if named else ' (in other phases)'}{', '.join(named[:_SHOWN])}."
                ),
                line=one.line,
                evidence={
                    "stores": [first.store, one.store],
                    "requests": [wanted.total, got.total],
                    "by_operation": {what: list(pair) for what, pair in differ.items()},
                },
            ),
        )


def _failed(requests: Totals) -> int:
    return requests.failed + requests.unknown
