from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drtest.gateway.classify import classify
from drtest.gateway.exchange import Exchange
from drtest.gateway.framing import RequestHead
from drtest.gateway.requestlog import Labels, LogBroken, RequestLog, requests
from drtest.gateway.tally import tally, totals
from drtest.model.traffic import Totals, is_read

AT = datetime(2026, 1, 9, 3, tzinfo=UTC)
TARGETS = (
    ("PUT", "/b/p/duplicity-full.20260101T030000Z.vol1.difftar.gpg"),
    ("GET", "/b/p/duplicity-full.20260101T030000Z.manifest"),
    ("GET", "/b?prefix=p%2F"),
    ("HEAD", "/b"),
    ("DELETE", "/b/caf%C3%A9%22%0A"),
)


def labels(scenario: str = "s", step: str = "1", phase: str = "full") -> Labels:
    return Labels(scenario=scenario, step=step, phase=phase, simulated_at=AT)


def opened(log: RequestLog, number: int, which: int = 0) -> Exchange:
    method, target = TARGETS[which % len(TARGETS)]
    return Exchange(
        number=number,
        head=RequestHead(raw=b"", method=method, target=target, fields={}),
        target=classify(method, target, {}),
        arrived_at=1.5,
        began_s=0.0,
        is_forwarded=True,
    )


def listen(log: RequestLog, given: Labels | None = None) -> int:
    return log.listener(given or labels(), mode="plain", upstream="http://127.0.0.1:1")


def test_an_exchange_is_read_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    log = RequestLog(path)
    listener = listen(log)
    exchange = opened(log, log.next_number())
    log.arrived(exchange, listener)
    exchange.status, exchange.is_answer_whole = 200, True
    exchange.body_in_bytes, exchange.wire_in_bytes = 7, 99
    exchange.touched_by.append("slow")
    log.finished(exchange)
    log.close()
    (row,) = requests(path)
    assert row.number == 1
    assert (row.scenario, row.step, row.phase) == ("s", "1", "full")
    assert (row.operation, row.bucket, row.kind, row.volume) == ("PutObject", "b", "volume", 1)
    assert row.simulated_at == "2026-01-09T03:00:00+00:00"
    assert (row.status, row.outcome, row.body_in_bytes, row.wire_in_bytes) == (200, "ok", 7, 99)
    assert (row.answered_by, row.touched_by, row.set_at) == ("store", ("slow",), "20260101T030000Z")


def test_an_arrival_that_never_ended_is_unknown(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log")
    log.arrived(opened(log, log.next_number()), listen(log))
    log.close()
    (row,) = requests(tmp_path / "log")
    assert (row.outcome, row.status, row.body_in_bytes) == ("unknown", None, 0)
    assert totals(tmp_path / "log").unknown == 1


def test_a_cut_line_is_passed_over_and_the_log_continued(tmp_path: Path) -> None:
    path = tmp_path / "log"
    first = RequestLog(path)
    listener = listen(first)
    for _ in range(2):
        first.arrived(opened(first, first.next_number()), listener)
    first.close()
    os.truncate(path, path.stat().st_size - 10)
    second = RequestLog(path)
    assert listen(second, labels("later")) == listener + 1
    assert second.next_number() == 2  # the second arrival was never whole, so never forwarded
    second.arrived(opened(second, 2), listener + 1)
    second.close()
    assert [(row.number, row.scenario) for row in requests(path)] == [(1, "s"), (2, "later")]
    assert [row.number for row in requests(path, "later")] == [2]


def test_a_full_disk_is_not_survived() -> None:
    with pytest.raises(LogBroken, match="No space left"):
        listen(RequestLog(Path("/dev/full")))


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["full", "drill"]),
        st.integers(0, len(TARGETS) - 1),
        st.sampled_from([None, 200, 404, 503]),
        st.booleans(),
        st.integers(0, 10**9),
    ),
    max_size=30,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_fast_totals_equal_those_of_the_rows(
    tmp_path: Path, rows: list[tuple[str, str, int, int | None, bool, int]]
) -> None:
    path = tmp_path / "log"
    path.unlink(missing_ok=True)
    log = RequestLog(path)
    flying = []
    for scenario, phase, which, status, ends, size in rows:
        listener = listen(log, labels(scenario, phase=phase))
        exchange = opened(log, log.next_number(), which)
        log.arrived(exchange, listener)
        exchange.status, exchange.is_answer_whole = status, status is not None
        exchange.is_request_whole = True
        exchange.body_in_bytes, exchange.body_out_bytes = size, size // 2
        if ends:
            flying.append(exchange)
    for exchange in reversed(flying):
        log.finished(exchange)
    log.close()
    for scenario in (None, "a", "b"):
        assert totals(path, scenario) == Totals.of(requests(path, scenario))
    assert totals(path).total == len(rows)
    names = {scenario for scenario, *_ in rows}
    found = tally(path)
    assert found.keys() == names
    for name, alike in found.items():
        assert Totals.of_alike(alike) == totals(path, name)
        assert {one.read_keys for one in alike if not one.has_read} <= {frozenset()}
        read = {one.key for one in requests(path, name) if is_read(one.operation, one.status)}
        assert frozenset().union(*(one.read_keys for one in alike)) == read


@pytest.mark.parametrize(
    ("touched_by", "meant_for"),
    [((), "gateway"), (("status",), "gateway"), (("horizon",), "store")],
)
def test_what_stands_in_for_the_store_is_billed_as_the_stores(
    tmp_path: Path, touched_by: tuple[str, ...], meant_for: str
) -> None:
    path = tmp_path / "log"
    log = RequestLog(path)
    exchange = opened(log, log.next_number(), 2)
    log.arrived(exchange, listen(log, labels("a")))
    exchange.answered_by, exchange.status = "gateway", 200
    exchange.touched_by = list(touched_by)
    log.finished(exchange)
    log.close()
    (row,), (alike,) = requests(path), tally(path)["a"]
    assert (row.answered_by, row.meant_for, alike.meant_for) == ("gateway", meant_for, meant_for)


def test_totals_of_one_scenario_need_only_the_log_behind_its_start(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = RequestLog(path)
    listener = listen(log, labels("first"))
    log.arrived(opened(log, log.next_number()), listener)
    offset = path.stat().st_size
    listener = listen(log, labels("second"))
    log.arrived(opened(log, log.next_number(), 1), listener)
    log.close()
    assert totals(path, "second", offset=offset) == totals(path, "second")
    assert totals(path, offset=offset).by_operation == {"GetObject": 1}
    path.write_bytes(b"not JSON\n" * (offset // 9) + path.read_bytes()[offset // 9 * 9 :])
    assert totals(path, "second", offset=offset).total == 1  # what lies before is not read
