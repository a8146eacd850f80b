"""run.json holds to its schema, and the schema describes all of it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from support.documents import problems
from support.results import FIRST_POINT, drill, predicted, run, scenario, totals
from support.tunings import tuning

from drtest.model.finding import CATALOGUE, Finding, Severity
from drtest.model.scenario import DrillOutcome, Expectation, ExpectedFinding
from drtest.model.verdict import Disposition, Verdict
from drtest.report.document import JsonReporter, document, schema

SILENT = Finding(
    code="digest-differs",
    subject="/srv/caf\udce9",
    message="content differs",
    drills=("1.1",),
    restore_points=(FIRST_POINT,),
    silent=True,
    evidence={"paths": ["/srv/caf\udce9"], "bytes_differing": 4096},
)
KNOWN = Expectation(
    verdict=Verdict.FAIL,
    findings=(ExpectedFinding(code="digest-differs"),),
    because="duplicity 3.x resumes blindly",
    duplicity=">= 3",
    line=4,
)
RUNS = {
    "passed": run(scenario("a", requests=totals())),
    "predicted": run(
        scenario("a", requests=totals(), predicted=predicted(totals().by_phase, why="a guess"))
    ),
    "failed": run(scenario("a", findings=[SILENT])),
    "left out": run(scenario("a", left_out=("/zoo/device: needs root: you are not",))),
    "known": run(scenario("a", findings=[SILENT], expected=KNOWN)),
    "every code": run(
        scenario("a", findings=[Finding(code=code, subject="s", message="m") for code in CATALOGUE])
    ),
    "no point": run(
        scenario("a", drills=[drill(restore_point=None, recovery_point_age_s=None, wreck="/w")])
    ),
    "interrupted": run(interrupted=True, left_out=("b: not for duplicity 3.2.1",)),
    "tuned": run(scenario("a"), tune=tuning()),
    "tuned without an unseen size": run(scenario("a"), tune=replace(tuning(), unseen=None)),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_document_holds_to_the_schema(name: str) -> None:
    assert problems(json.loads(json.dumps(document(RUNS[name])))) == []


def test_a_field_that_is_not_described_is_found() -> None:
    told = document(RUNS["passed"])
    told["scenarios"][0]["mood"] = "good"
    assert problems(told) == [
        "scenarios.0: Additional properties are not allowed ('mood' was unexpected)"
    ]


def fields(node: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    for name, field in node.get("properties", {}).items():
        yield f"{path}.{name}", field, node["required"]
        yield from fields(field, f"{path}.{name}")
    if "items" in node:
        yield from fields(node["items"], f"{path}[]")
    for name, definition in node.get("$defs", {}).items():
        yield from fields(definition, name)


def test_every_field_is_described_and_always_there() -> None:
    Draft202012Validator.check_schema(schema())
    found = list(fields(schema()))
    assert len(found) > 80
    for path, field, required in found:
        assert path.rpartition(".")[2] in required, path
        assert "description" in field, path


def test_the_schema_knows_every_word() -> None:
    defs = schema()["$defs"]
    drill_fields = defs["drill"]["properties"]
    assert defs["verdict"]["enum"] == [one.value for one in Verdict]
    assert defs["finding"]["properties"]["severity"]["enum"] == [one.value for one in Severity]
    assert drill_fields["disposition"]["enum"] == [one.value for one in Disposition]
    assert set(drill_fields["must_be"]["enum"]) == set(get_args(DrillOutcome))


def test_the_schema_refuses_what_is_not_so() -> None:
    for change in ({"verdict": "GREEN"}, {"schema_version": 2}, {"scenarios": None}):
        changed = {**document(RUNS["passed"]), **change}
        assert not Draft202012Validator(schema()).is_valid(changed)


def test_a_finding_is_told_whole() -> None:
    told = document(RUNS["failed"])["scenarios"][0]["findings"][0]
    assert told == {
        "code": "digest-differs",
        "severity": "failure",
        "subject": "/srv/caf\udce9",
        "message": "content differs",
        "advice": CATALOGUE["digest-differs"].advice,
        "line": 0,
        "drills": ["1.1"],
        "restore_points": ["2026-01-01T03:00:00Z"],
        "silent": True,
        "evidence": {"paths": ["/srv/caf\udce9"], "bytes_differing": 4096},
    }


def test_the_expectation_stands_beside_what_was_seen() -> None:
    told = document(RUNS["known"])["scenarios"][0]
    assert (told["verdict"], told["counts_as"], told["as_expected"]) == ("FAIL", "PASS", True)
    assert told["expected"]["findings"] == [{"code": "digest-differs", "subject": None}]
    assert told["because"] == "duplicity 3.x resumes blindly"


def test_requests_are_added_up_and_steps_kept_apart() -> None:
    both = run(
        scenario("a", requests=totals(), folder="01-a"),
        scenario("b", requests=totals(2), folder="02-b"),
        scenario("c"),
    )
    told = document(both)
    assert told["requests"]["total"] == 1_219 * 3
    assert told["requests"]["by_operation"]["UploadPart"] == 1_204 * 3
    assert told["requests"]["by_phase"]["drill"] == {"ListObjectsV2": 6, "GetObject": 18}
    assert set(told["requests"]["by_step"]) == {
        "01-a/1",
        "01-a/drill 1.1",
        "02-b/1",
        "02-b/drill 1.1",
    }
    assert told["scenarios"][2]["requests"] is None
    assert document(run(scenario("c")))["requests"] is None


def test_the_printer_prints_one_document_and_no_secret() -> None:
    out = io.StringIO()
    printer = JsonReporter(out, redact=lambda text: text.replace("to see", "[redacted]"))
    result = scenario("a")
    printer.begin(run().settings, ["a"])
    printer.finish_scenario(result)
    assert out.getvalue() == ""
    printer.finish(run(result), None)
    printer.close()
    told = json.loads(out.getvalue())
    assert told["scenarios"][0]["why"] == "[redacted]"
    assert not out.closed
