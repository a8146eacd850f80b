"""``drtest requests`` and ``drtest iam`` on logs made by hand."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drtest.api.iam import least_policies, renamed
from drtest.api.requests import (
    BYS,
    COLUMNS,
    By,
    Wanted,
    log_of,
    matching,
    sums,
    write_csv,
    write_jsonl,
)
from drtest.api.session import REQUEST_LOG
from drtest.cli.app import app
from drtest.errors import UsageError
from drtest.gateway.classify import classify
from drtest.gateway.exchange import Exchange
from drtest.gateway.framing import RequestHead
from drtest.gateway.iam import evaluate
from drtest.gateway.requestlog import Labels, RequestLog, requests
from drtest.model.traffic import Request

VOLUME = "/drtest-001/host/duplicity-full.20260101T030000Z.vol1.difftar.gpg"
HOSTILE = "/drtest-001/host/caf%C3%A9%22%2C%0A%1B%5B31m"
LIST = "/drtest-001?prefix=host%2F&encoding-type=url"
# scenario, phase, step, method, target, status (None: never ended)
STORY = (
    ("a month of nightlies", "full", "1", "HEAD", "/drtest-001", 200),
    ("a month of nightlies", "full", "1", "GET", LIST, 200),
    ("a month of nightlies", "full", "1", "PUT", VOLUME, 503),
    ("a month of nightlies", "full", "1", "PUT", VOLUME, 200),
    ("a month of nightlies", "drill", "drill 1.1", "GET", VOLUME, 200),
    ("the key is lost", "drill", "drill 1.1", "GET", HOSTILE, 404),
    ("the key is lost", "drill", "drill 1.2", "GET", VOLUME, None),
    ("the key is lost", "drill", "drill 1.2", "PUT", VOLUME, 403),
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    log = RequestLog(tmp_path / REQUEST_LOG)
    for scenario, phase, step, method, target, status in STORY:
        labels = Labels(
            scenario=scenario,
            step=step,
            phase=phase,
            simulated_at=datetime(2026, 1, 9, 3, tzinfo=UTC),
        )
        listener = log.listener(labels, mode="plain", upstream="http://127.0.0.1:1")
        exchange = Exchange(
            number=log.next_number(),
            head=RequestHead(raw=b"", method=method, target=target, fields={}),
            target=classify(method, target, {}),
            arrived_at=1.5,
            began_s=0.0,
            is_forwarded=status != 403,
        )
        log.arrived(exchange, listener)
        if status is None:
            continue
        exchange.status, exchange.is_answer_whole = status, True
        exchange.is_request_whole = True
        exchange.answered_by = "gateway" if status == 403 else "store"  # a read-only listener
        exchange.body_in_bytes = 7
        log.finished(exchange)
    log.close()
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), [1, 2, 3, 4, 5, 6, 8, 7]),  # what never ended comes last
        (Wanted(scenario="nightlies month"), [1, 2, 3, 4, 5]),
        (Wanted(phases=("drill",)), [5, 6, 8, 7]),
        (Wanted(operations=("PutObject", "HeadBucket")), [1, 3, 4, 8]),
        (Wanted(kinds=("none",)), [1, 2]),
        (Wanted(kinds=("other",)), [6]),
        (Wanted(steps=("drill 1.2",)), [8, 7]),
        (Wanted(statuses=("4xx",)), [6, 8]),
        (Wanted(statuses=("503", "none")), [3, 7]),
        (Wanted(failed=True), [3, 6, 8, 7]),
        (Wanted(answered_by="gateway"), [8]),
        (Wanted(failed=True, phases=("full",), statuses=("5xx",)), [3]),
        (Wanted(scenario="no such"), []),
    ],
    ids=str,
)
def test_filters(run: Path, wanted: Wanted, numbers: list[int]) -> None:
    assert [row.number for row in matching(log_of(run), wanted)] == numbers


@pytest.mark.parametrize("status", ["6xx", "20", "2000", "xx", "ok", "２００", ""])
def test_a_status_that_is_none_is_refused(status: str) -> None:
    with pytest.raises(UsageError, match="write 503, 5xx or none"):
        Wanted(statuses=(status,))


@pytest.mark.parametrize("by", BYS)
def test_sums_are_those_of_the_rows(run: Path, by: By) -> None:
    log = log_of(run)

    def value(row: Request) -> str:
        return str(getattr(row, by) or "none")

    rows = list(requests(log))
    found = sums(log, Wanted(), by)
    assert {key: one.requests for key, one in found.items()} == Counter(map(value, rows))
    for outcome in ("failed", "unknown"):
        counted = Counter(value(row) for row in rows if row.outcome == outcome)
        assert {key: getattr(one, outcome) for key, one in found.items()} == {
            key: counted[key] for key in found
        }
    assert sum(one.body_in_bytes for one in found.values()) == 7 * 7


def test_exports_are_read_back_the_same(run: Path) -> None:
    rows = list(requests(log_of(run)))
    file = io.StringIO(newline="")
    assert write_csv(rows, file) == len(rows)
    head, *cells = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert tuple(head) == COLUMNS
    assert [row[COLUMNS.index("key")] for row in cells] == [row.key for row in rows]
    assert [row[COLUMNS.index("status")] for row in cells] == [str(r.status or "") for r in rows]
    file = io.StringIO()
    assert write_jsonl(rows, file) == len(rows)
    assert file.getvalue().isascii()
    told = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [Request(**{**one, "touched_by": tuple(one["touched_by"])}) for one in told] == rows


def test_a_folder_without_a_log_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no requests\.jsonl"):
        log_of(tmp_path)


@pytest.mark.parametrize("words", [[], ["--by", "kind"], ["--failed", "--limit", "0"]])
def test_what_is_listed_has_nothing_that_a_terminal_acts_on(run: Path, words: list[str]) -> None:
    said = CliRunner().invoke(app, ["requests", str(run), *words])
    assert said.exit_code == 0, said.output
    assert all(unicodedata.category(char)[0] != "C" for char in set(said.output) - {"\n"})
    if not words:
        lines = said.output.splitlines()
        assert (len(lines), lines[-1]) == (len(STORY) + 2, f"{len(STORY)} requests")
        assert 'host/café",\\n\\x1b[31m' in said.output
        assert lines[7].endswith("(by the gateway)") and lines[8].endswith("(outcome unknown)")


# ---------------------------------------------------------------- iam


def test_policies_in_the_users_own_names_let_the_users_requests_through(run: Path) -> None:
    found = least_policies(run, scenario="nightlies", bucket="my-backups", prefix="/a web*/")
    assert set(found) == {"backup", "drill"}
    for number, row in enumerate(requests(log_of(run), "a month of nightlies")):
        phase = "backup" if row.phase == "full" else row.phase
        mine = renamed(row, "my-backups", "a web*/")
        assert "drtest" not in mine.bucket and not mine.key.startswith("host")
        assert evaluate(found[phase], mine), number
        assert not evaluate(found[phase], row)  # the run's own bucket is nowhere in it
    assert '"a web${*}/"' not in json.dumps(found["backup"]["Statement"][0])  # a prefix is literal
    assert "arn:aws:s3:::my-backups/a web${*}/duplicity-*" in json.dumps(found)


def test_the_root_of_a_bucket_is_a_prefix_too(run: Path) -> None:
    (statement,) = least_policies(run, scenario="nightlies", bucket="b", prefix="")["drill"][
        "Statement"
    ]
    assert statement["Resource"] == ["arn:aws:s3:::b/duplicity-*"]


def test_without_names_of_the_users_the_policy_is_for_the_runs_bucket(run: Path) -> None:
    assert "arn:aws:s3:::drtest-001/host/duplicity-*" in json.dumps(least_policies(run))


def test_a_prefix_needs_a_bucket(run: Path) -> None:
    with pytest.raises(UsageError, match="--prefix needs --bucket"):
        least_policies(run, prefix="web")


def test_only_the_prefix_of_a_listing_is_renamed() -> None:
    target = "/drtest-001?list-type=2&prefix=host%2F&max-keys=prefix"
    plain = Request(
        number=1,
        scenario="s",
        step="1",
        phase="full",
        operation="ListObjectsV2",
        method="GET",
        path=target,
        bucket="drtest-001",
        key="",
        kind="",
        set_at="",
        volume=None,
        arrived_at=0.0,
        simulated_at="",
        status=200,
        error_code="",
        body_in_bytes=0,
        body_out_bytes=0,
        wire_in_bytes=0,
        wire_out_bytes=0,
        first_byte_s=None,
        last_byte_s=None,
        attempt=1,
        is_reused=False,
        outcome="ok",
        answered_by="store",
    )
    mine = renamed(plain, "b", "x/y/")
    assert mine.path == "/drtest-001?list-type=2&prefix=x%2Fy%2F&max-keys=prefix"
    foreign = replace(plain, path="/drtest-001?prefix=other%2F")
    assert renamed(foreign, "b", "x/").path == "/drtest-001?prefix=other%2F"
