"""What reports show of probes: also of those that passed, and whether they had a network."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from jsonschema import Draft202012Validator
from support.results import drill, run, scenario
from support.runs import account, with_account

from drtest.model.finding import Finding
from drtest.model.probe import Probed
from drtest.model.run import RunResult
from drtest.report.console import Console
from drtest.report.document import document, schema
from drtest.report.evidence import evidence
from drtest.report.interface import Reporters
from drtest.report.questions import answers

PASSED = Probed(
    command=("python3", "check.py"), status=0, elapsed_s=0.5, limit_s=60, is_isolated=True
)
FAILED = replace(PASSED, status=1, tail=("page 7", "is malformed"))


def page(result: RunResult) -> str:
    out = io.StringIO()
    reporters = Reporters([Console(out=out, err=io.StringIO(), verbose=True, columns=100)])
    reporters.finish(result, Path("reports/x"))
    reporters.close()
    return " ".join(out.getvalue().split())


def asked(*probes: Probed) -> RunResult:
    drills = [drill(1, part, probed=(one,)) for part, one in enumerate(probes, 1)]
    return run(scenario("a", drills=drills))


def test_a_verbose_page_counts_them_and_says_whether_they_had_a_network() -> None:
    assert "1 of 2 probes passed, without a network" in page(asked(PASSED, FAILED))
    on = replace(PASSED, is_isolated=False)
    assert "2 of 2 probes passed, with this machine's network" in page(asked(PASSED, on))
    assert "probe" not in page(run(scenario("a")))


def test_the_first_question_says_what_the_application_says() -> None:
    drills = [drill(1, part, probed=(one,)) for part, one in enumerate((PASSED, FAILED), 1)]
    told, plain = (
        with_account(scenario("a", drills=made), account([("verified", 2)])) for made in (drills, 1)
    )
    (back, *_) = answers(run(told), ())
    assert back.text == (
        "2 of 2 restore points exact. "
        "The application was asked: 1 of 2 probes passed, without a network."
    )
    (back, *_) = answers(run(plain), ())
    assert "application" not in back.text


def test_the_document_has_each_of_them() -> None:
    told = document(asked(PASSED, replace(PASSED, status=None, problem="it is not there")))
    assert [one["probes"] for one in told["scenarios"][0]["drills"]] == [
        [
            {
                "command": ["python3", "check.py"],
                "outcome": outcome,
                "status": status,
                "without_network": True,
                "elapsed_s": 0.5,
                "log": "",
            }
        ]
        for outcome, status in (("passed", 0), ("not started", None))
    ]
    assert Draft202012Validator(schema()).is_valid(told)


def test_the_end_of_its_output_is_evidence() -> None:
    finding = Finding(
        code="probe-failed",
        subject="drill 1",
        message="It failed.",
        evidence={"command": ["x"], "without_network": True, "output_tail": ["page 7", "is bad"]},
    )
    shown = evidence(finding)
    assert shown.tail == ("page 7", "is bad")
    assert ("without network", "yes") in shown.facts
