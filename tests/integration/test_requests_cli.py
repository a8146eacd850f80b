"""``drtest requests`` and ``drtest iam`` after real runs: what is told is what the log holds."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.shell import DRTEST, SMALL, Said, drtest, environment

from drtest.api.requests import log_of
from drtest.gateway import requests
from drtest.gateway.iam import evaluate

PHASES = {"full": "backup", "incremental": "backup", "backup": "backup"}

# Two policies of one kind over different calendars; the second asks for all that the first does.
CHAIN = SMALL.replace(
    "  no-encryption: true\n", "  no-encryption: true\n  remove-all-but-n-full: 1\n"
).replace(
    "drills:",
    """  - at: 2026-01-03 03:00
    do: full
  - at: 2026-01-03 04:00
    do: prune
drills:""",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one policy: reports/first, reports/second."""
    folder = tmp_path_factory.mktemp("metered")
    (folder / "one.yaml").write_text(CHAIN)
    for name, seed in (("first", "1"), ("second", "2")):
        said = drtest(
            "run", "one.yaml", "--json", "--seed", seed, "--reports", f"reports-{name}", cwd=folder
        )
        assert said.status == 0, said.err
        (kept,) = (folder / f"reports-{name}").iterdir()
        kept.rename(folder / name)
    return folder


def document(run: Path) -> Any:
    return json.loads((run / "run.json").read_text())


def asked(place: Path, *words: str) -> Said:
    said = drtest(*words, cwd=place)
    assert said.status == 0, said.err
    return said


@pytest.mark.parametrize("by", ["operation", "kind", "step", "phase"])
def test_sums_are_those_of_run_json(place: Path, by: str) -> None:
    said = asked(place, "requests", "first", "--by", by)
    totals = document(place / "first")["scenarios"][0]["requests"]
    wanted = totals[f"by_{by}"]
    if by == "phase":
        wanted = {phase: sum(counts.values()) for phase, counts in wanted.items()}
    head, *rows, whole = said.out.splitlines()
    assert head.split()[:2] == [by, "requests"]
    cells = [row.rsplit(None, 5) for row in rows]  # a step's name has spaces
    assert {key: int(number.replace(",", "")) for key, number, *_ in cells} == wanted
    assert int(whole.split()[1].replace(",", "")) == totals["total"]


def test_a_list_is_cut_at_its_limit_and_says_so(place: Path) -> None:
    total = document(place / "first")["requests"]["total"]
    listed = asked(place, "requests", "first").out.splitlines()
    assert len(listed) == 42
    assert listed[-1] == f"40 of {total} requests; --limit 0 lists all, --by sums up"
    whole = asked(place, "requests", "first", "--limit", "0").out.splitlines()
    assert (len(whole), whole[-1]) == (total + 2, f"{total} requests")
    assert asked(place, "requests", "first", "--failed").out == "0 requests\n"


def test_exports_hold_every_row(place: Path) -> None:
    rows = list(requests(log_of(place / "first")))
    asked(place, "requests", "first", "--csv", "out.csv")
    with (place / "out.csv").open(newline="", encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    assert [row["path"] for row in told] == [row.path for row in rows]
    said = asked(place, "requests", "first", "--jsonl", "-", "--kind", "volume")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [one["number"] for one in lines] == [one.number for one in rows if one.kind == "volume"]
    assert said.err == f"{len(lines)} requests exported\n"


def test_a_reader_that_stops_reading_is_no_error(place: Path) -> None:
    child = subprocess.Popen(
        [str(DRTEST), "requests", "first", "--jsonl", "-"],
        cwd=place,
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    assert (child.wait(60), child.stderr.read()) == (0, "")
    child.stderr.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["requests", "nowhere"], "holds no requests.jsonl"),
        (["requests", "first", "--status", "many"], "write 503, 5xx or none"),
        (["requests", "first", "--by", "phase", "--csv", "-"], "only one of"),
        (["requests", "first", "--csv", "no/such/folder"], "cannot be written"),
        (["iam", "first", "--phase", "full"], "the run had backup, drill, prune"),
        (["iam", "first", "--prefix", "x"], "--prefix needs --bucket"),
        (["iam", "--reports", "none"], "there is no run below none"),
    ],
)
def test_what_cannot_be_asked_is_refused(place: Path, words: list[str], why: str) -> None:
    said = drtest(*words, cwd=place)
    assert said.status == 2
    assert why in said.err


# ---------------------------------------------------------------- predicted beside metered


def test_what_was_predicted_was_metered(place: Path) -> None:
    for name in ("first", "second"):
        (scenario,) = document(place / name)["scenarios"]
        predicted, metered = scenario["predicted"], scenario["requests"]
        assert predicted["is_exact"], predicted["why_estimates"]
        assert predicted["by_phase"] == metered["by_phase"]
        assert predicted["by_step"] == metered["by_step"]
    told = asked(place, "report", "first").out
    total = document(place / "first")["requests"]["total"]
    assert f"{total} predicted before the run, as metered; exact by the model" in told


def test_the_prediction_is_written_before_duplicity_is_called(place: Path) -> None:
    (folder,) = (path.parent for path in (place / "first").glob("*/events.jsonl"))
    kinds = [
        json.loads(line).get("event") for line in (folder / "events.jsonl").read_text().splitlines()
    ]
    assert kinds.index("RequestsPredicted") < kinds.index("ActionFinished")


# ---------------------------------------------------------------- iam


def policies_of(place: Path, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = asked(place, "iam", "first", *words).document
    return found


def test_the_emitted_policy_is_enough_for_the_next_run_and_no_statement_is_too_many(
    place: Path,
) -> None:
    emitted = policies_of(place)
    assert set(emitted) == {"backup", "prune", "drill"}
    later: dict[str, list[Any]] = {}
    for row in requests(log_of(place / "second")):
        later.setdefault(PHASES.get(row.phase, row.phase), []).append(row)
    assert set(later) == set(emitted)
    for phase, rows in later.items():
        policy = emitted[phase]
        assert [row for row in rows if not evaluate(policy, row)] == []
        for number, statement in enumerate(policy["Statement"]):
            without = {
                **policy,
                "Statement": policy["Statement"][:number] + policy["Statement"][number + 1 :],
            }
            assert any(not evaluate(without, row) for row in rows), statement
            for action in statement["Action"]:
                fewer = [one for one in statement["Action"] if one != action]
                narrowed = [*without["Statement"], {**statement, "Action": fewer}]
                assert any(not evaluate({**policy, "Statement": narrowed}, r) for r in rows), action


def test_each_phase_gets_only_its_own_rights(place: Path) -> None:
    emitted = policies_of(place)
    rights = {
        phase: {action for one in policy["Statement"] for action in one["Action"]}
        for phase, policy in emitted.items()
    }
    assert rights == {
        "backup": {"s3:ListBucket", "s3:GetObject", "s3:PutObject"},
        "prune": {"s3:ListBucket", "s3:DeleteObject"},
        "drill": {"s3:ListBucket", "s3:GetObject"},
    }


def test_a_policy_is_pasted_with_the_users_own_names(place: Path) -> None:
    own = policies_of(place, "--bucket", "my-backups", "--prefix", "web/1")
    text = json.dumps(own)
    assert "drtest" not in text and "/host/" not in text
    alone = policies_of(place, "--bucket", "my-backups", "--prefix", "web/1", "--phase", "prune")
    assert alone == own["prune"]
    assert alone["Version"] == "2012-10-17"
    resources = [one for statement in alone["Statement"] for one in statement["Resource"]]
    assert resources == ["arn:aws:s3:::my-backups", "arn:aws:s3:::my-backups/web/1/duplicity-*"]


# ---------------------------------------------------------------- budgets


def test_a_budget_that_is_exceeded_names_its_biggest_part(tmp_path: Path) -> None:
    budget = "objectives:\n  requests-per-month: {}\n"
    (tmp_path / "one.yaml").write_text(SMALL.replace("calendar:", budget.format(100) + "calendar:"))
    said = drtest("run", "one.yaml", "--json", cwd=tmp_path)
    assert said.status == 1
    (scenario,) = said.document["scenarios"]
    (finding,) = [one for one in scenario["findings"] if one["severity"] == "failure"]
    assert (finding["code"], finding["subject"]) == ("requests-exceeded", "requests-per-month")
    by_phase = {
        phase: counts
        for phase, counts in scenario["requests"]["by_phase"].items()
        if phase != "drill"
    }
    metered = sum(sum(counts.values()) for counts in by_phase.values())
    evidence = finding["evidence"]
    assert (evidence["budget"], evidence["metered"]) == (100, metered)
    assert evidence["requests"] == metered * 15  # two nights stand for two days
    biggest = evidence["biggest"]
    assert by_phase[biggest["phase"]][biggest["operation"]] == biggest["requests"]
    most = max(number for counts in by_phase.values() for number in counts.values())
    assert biggest["requests"] == most
    assert f"{biggest['operation']} in {biggest['phase']}" in finding["message"]

    (tmp_path / "one.yaml").write_text(
        SMALL.replace("calendar:", budget.format(metered * 15) + "calendar:")
    )
    assert drtest("run", "one.yaml", cwd=tmp_path).status == 0
