"""Reads ``objectives`` and ``expect``: the promise, and the debt that is known."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from drtest.model.finding import CATALOGUE, Severity
from drtest.model.money import Budget
from drtest.model.scenario import Expectation, ExpectedFinding, Objectives, Protect
from drtest.model.verdict import Verdict
from drtest.scenario import fields, words
from drtest.scenario.budget import BUDGETS, parse_budget
from drtest.scenario.fields import Fields
from drtest.scenario.node import Mapping, Node, Scalar, Sequence
from drtest.scenario.problem import Problems
from drtest.scenario.text import Place

_VERSIONS = re.compile(
    r"(?:>=|<=|==|!=|>|<) ?[0-9]+(?:\.[0-9]+){0,3}"
    r"(?:, ?(?:>=|<=|==|!=|>|<) ?[0-9]+(?:\.[0-9]+){0,3})*",
    re.ASCII,
)
FAILURES = tuple(code for code, row in CATALOGUE.items() if row.severity is Severity.FAILURE)


def read_objectives(node: Node, problems: Problems, paths: list[tuple[str, Place]]) -> Objectives:
    """Return the promise; *paths* gets each protected path, to be compared with the source."""
    found = fields.read_fields(
        node,
        problems,
        what="objective",
        allowed=words.OBJECTIVES,
        later=words.OBJECTIVES_LATER,
    )
    if found is None:
        return Objectives()
    because = ""
    if (value := found.get("because")) is not None:
        because = fields.text(value, problems, what="a reason") or ""
    protect = _protect(found, problems, paths)
    if protect == "selected" and not because:
        problems.add(
            found.place("protect"),
            "protect: selected needs a reason",
            "add   because: WHY the promise is only what the rules select",
        )
        protect = None
    elif because and protect != "selected":
        problems.add(
            found.place("because"), "because goes with protect: selected", "delete the line"
        )
    keep, gone_after = _interval(found, "keep", problems), _interval(found, "gone-after", problems)
    if keep is not None and gone_after is not None and gone_after < keep:
        problems.add(
            found.place("gone-after"),
            "gone-after is shorter than keep: a point would be promised and forbidden",
            f"allowed: keep ({_written(found, 'keep')}) or longer",
        )
    real = found.get("real-size")
    warnings = found.get("warnings")
    allowed = warnings is None or (
        fields.word(warnings, problems, what="value of warnings", allowed=("none", "allowed"))
        != "none"
    )
    requests = found.get("requests-per-month")
    return Objectives(
        protect=protect,
        because=because if protect == "selected" else "",
        keep=keep,
        gone_after=gone_after,
        rpo=_interval(found, "rpo", problems),
        rto=_interval(found, "rto", problems),
        real_size=real is not None and fields.boolean(real, problems, what="real-size") is True,
        warnings_allowed=allowed,
        requests_per_month=None
        if requests is None
        else fields.whole(requests, problems, what="number of requests", low=0, high=10**12),
        cost_per_month=_budget(found, "cost-per-month", problems),
        restore_cost=_budget(found, "restore-cost", problems),
        line=node.place.line,
    )


def _written(found: Fields, key: str) -> str:
    node = found.values[key]
    return node.value if isinstance(node, Scalar) else ""


def _interval(found: Fields, key: str, problems: Problems) -> timedelta | None:
    node = found.get(key)
    return None if node is None else fields.interval(node, problems)


def _budget(found: Fields, key: str, problems: Problems) -> Budget | None:
    node = found.get(key)
    if node is None:
        return None
    return fields.parsed(node, problems, parse_budget, what="a budget of money", advice=BUDGETS)


def _protect(
    found: Fields, problems: Problems, paths: list[tuple[str, Place]]
) -> tuple[Protect, ...] | Literal["selected"] | None:
    node = found.get("protect")
    if node is None:
        return None
    if isinstance(node, Scalar) and node.value == "selected":
        return "selected"
    allowed = "allowed: [/etc, /var/www], or selected with because:"
    if isinstance(node, Mapping) or (isinstance(node, Sequence) and not node.items):
        problems.add(node.place, "protect is a list of paths", allowed)
        return None
    if isinstance(node, Scalar) and not node.value.startswith("/"):
        problems.add(node.place, f"{node.value or 'nothing'} is not a path", allowed)
        return None
    protect: list[Protect] = []
    for item in fields.items(node):
        if (path := fields.path(item, problems)) is None:
            continue
        if path in (one.path for one in protect):
            problems.add(item.place, f"{path} stands twice", "allowed: each path once")
            continue
        paths.append((path, item.place))
        protect.append(Protect(path=path, line=item.place.line))
    return tuple(protect) or None


# ---------------------------------------------------------------- expect


def read_expect(node: Node, problems: Problems) -> tuple[Expectation, ...]:
    """Return the expectations in order; the word PASS is none at all, as if nothing were said."""
    if isinstance(node, Scalar):
        if node.value == "PASS":
            return ()
        if node.value == "FAIL":
            problems.add(
                node.place,
                "an expected FAIL names its findings and the reason",
                "write   verdict: FAIL, findings: [CODE], because: WHY   below expect",
            )
            return ()
        _refuse_verdict(node, problems)
        return ()
    found: list[Expectation] = []
    parts = fields.items(node)
    if not parts:
        problems.add(node.place, "expect is empty", "write expect: PASS, or delete it")
    for number, part in enumerate(parts, start=1):
        one = _expectation(part, problems)
        if one is None:
            continue
        if one.duplicity is None and number < len(parts):
            problems.add(
                part.place,
                "what stands behind an entry without with is never reached",
                "put the entry without with at the end",
            )
        found.append(one)
    return tuple(found)


def _refuse_verdict(node: Scalar, problems: Problems) -> None:
    if node.value == "UNVERIFIED":
        problems.add(node.place, "UNVERIFIED cannot be expected", "allowed: PASS, FAIL")
    else:
        fields.refuse_word(node, problems, what="verdict", allowed=("PASS", "FAIL"))


def _expectation(node: Node, problems: Problems) -> Expectation | None:
    before = len(problems.found)
    found = fields.read_fields(node, problems, what="key of expect", allowed=words.EXPECT)
    if found is None:
        return None
    verdict = Verdict.PASS
    value = found.get("verdict")
    if value is None:
        if len(problems.found) == before:
            problems.add(node.place, "expect has no verdict", "add   verdict: FAIL   (or PASS)")
    elif isinstance(value, Scalar) and value.value in ("PASS", "FAIL"):
        verdict = Verdict(value.value)
    elif isinstance(value, Scalar):
        _refuse_verdict(value, problems)
    else:
        problems.add(value.place, "verdict is one word", "allowed: PASS, FAIL")
    because = ""
    if (value := found.get("because")) is not None:
        because = fields.text(value, problems, what="a reason") or ""
    findings = _findings(found, problems)
    duplicity = _with(found, problems)
    if len(problems.found) > before:
        return None
    if verdict is Verdict.FAIL:
        for key, is_there in (("findings", bool(findings)), ("because", bool(because))):
            if not is_there:
                problems.add(
                    found.place("verdict"),
                    f"an expected FAIL needs {key}",
                    "add   findings: [missing-path]" if key == "findings" else "add   because: WHY",
                )
    elif findings:
        problems.add(
            found.place("findings"),
            "a scenario that passes has no findings",
            "delete findings, or write verdict: FAIL",
        )
    if len(problems.found) > before:
        return None
    return Expectation(
        verdict=verdict,
        findings=findings,
        because=because,
        duplicity=duplicity,
        line=node.place.line,
    )


def _findings(found: Fields, problems: Problems) -> tuple[ExpectedFinding, ...]:
    node = found.get("findings")
    if node is None:
        return ()
    findings: list[ExpectedFinding] = []
    for item in fields.items(node):
        if isinstance(item, Scalar):
            if _is_failure(item, problems):
                findings.append(ExpectedFinding(code=item.value))
            continue
        if not isinstance(item, Mapping) or len(item.pairs) != 1:
            problems.add(
                item.place,
                "a finding is a code, or one code with its subject",
                "allowed: - missing-path   or   - missing-path: /etc/hosts",
            )
            continue
        pair = item.pairs[0]
        subject = fields.exact(pair.value, problems, what="the subject")
        if _is_failure(pair.key, problems) and subject is not None:
            findings.append(ExpectedFinding(code=pair.key.value, subject=subject))
    return tuple(findings)


def _is_failure(node: Scalar, problems: Problems) -> bool:
    if node.value in FAILURES:
        return True
    if row := CATALOGUE.get(node.value):
        why = (
            "what could not be verified cannot be expected"
            if row.severity is Severity.UNVERIFIED
            else "it changes no verdict, so it is not listed here"
        )
        problems.add(
            node.place, f"{node.value} is of severity {row.severity.value}", f"{why}: delete it"
        )
        return False
    fields.refuse_word(
        node, problems, what="finding code", allowed=FAILURES, later=words.CODES_LATER
    )
    return False


def _with(found: Fields, problems: Problems) -> str | None:
    node = found.get("with")
    if node is None:
        return None
    inner = fields.read_fields(
        node, problems, what="key of with", allowed=words.WITH, later=words.WITH_LATER
    )
    if inner is None:
        return None
    value = inner.get("duplicity")
    if value is None:
        if not isinstance(node, Mapping) or not node.pairs:
            problems.add(node.place, "with names nothing", 'write with: {duplicity: ">= 3"}')
        return None
    if isinstance(value, Scalar) and _VERSIONS.fullmatch(value.value):
        return value.value
    problems.add(
        value.place,
        "these are no versions",
        'allowed: ">= 3", "== 3.2.1", ">= 0.8.22, < 3" (in quotes: > means something in YAML)',
    )
    return None
