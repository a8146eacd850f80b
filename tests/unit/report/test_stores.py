"""Several stores side by side, and what a reader can paste to see one of them again."""

from __future__ import annotations

import io
from dataclasses import replace

from support.results import run, scenario, totals

from drtest.model.finding import Finding
from drtest.model.run import RunResult
from drtest.report.blocks import again
from drtest.report.console import Console
from drtest.report.document import document
from drtest.report.stores import by_store, side_by_side

LOST = Finding(code="missing-path", subject="/etc/motd", message="/etc/motd is missing.")


def several(*stores: str) -> RunResult:
    results = [
        scenario(
            name,
            findings=[LOST] if (name, store) == ("b", "minio") else (),
            on=store,
            store=f"{store} 1.0",
            requests=replace(totals(number), failed=0),
        )
        for name in ("a", "b")
        for number, store in enumerate(stores, start=1)
    ]
    return run(*results)


def page(told: RunResult, *, columns: int = 100) -> str:
    out = io.StringIO()
    console = Console(out=out, err=io.StringIO(), columns=columns, live=False)
    for result in told.scenarios:
        console.finish_scenario(result)
    console.finish(told, None)
    return out.getvalue()


def test_the_table_has_a_column_for_each_store() -> None:
    rows = [
        row.plain.split()
        for row in side_by_side(several("moto", "minio"), columns=100, verbose=False)
    ]
    assert rows[0] == ["stores", "moto", "minio"]
    assert ["PASS", "2", "1"] in rows
    assert ["FAIL", "-", "1"] in rows
    assert ["not", "as", "expected", "-", "1"] in rows
    assert ["UploadPart", "2,408", "4,816"] in rows
    assert ["requests", "2,438", "4,876"] in rows


def test_one_store_has_no_table() -> None:
    told = run(scenario("a", requests=totals()))
    assert list(side_by_side(told, columns=100, verbose=True)) == []
    assert [one.name for one in by_store(told.scenarios)] == ["moto"]


def test_what_does_not_fit_is_told_in_lines() -> None:
    told = several("moto", "https://s3.a-very-long-name-indeed.example.com:9000")
    lines = [row.plain for row in side_by_side(told, columns=60, verbose=False)]
    assert [line.split()[0] for line in lines] == [
        "moto",
        "https://s3.a-very-long-name-indeed.example.com:9000",
    ]


def test_a_long_name_leaves_room_for_its_store() -> None:
    told = several("moto", "minio")
    long = replace(
        told.scenarios[1], name="the 2012 blog post, eight months on, and how it was mended"
    )
    row = next(line for line in page(run(long)).splitlines() if "2012" in line)
    assert "on minio" in row and "… on" in row


def test_the_page_tells_results_of_one_scenario_apart() -> None:
    told = page(several("moto", "minio"))
    assert "b on moto" in told and "FAIL  b on minio" in told
    assert "--store minio" in told


def test_a_result_on_another_store_is_repeated_there() -> None:
    assert "--store" not in again(scenario("a"))
    assert again(scenario("a", store="seaweedfs 4.48")).endswith("--store seaweedfs")
    assert again(scenario("a", on="https://s3.example.com", store="endpoint x")).endswith(
        "--store https://s3.example.com"
    )


def test_the_document_has_each_store() -> None:
    told = document(several("moto", "minio"))["stores"]
    assert [(one["name"], one["version"], one["scenarios"]) for one in told] == [
        ("moto", "moto 1.0", 2),
        ("minio", "minio 1.0", 2),
    ]
    assert told[1]["verdicts"] == {"PASS": 1, "UNVERIFIED": 0, "FAIL": 1}
    assert told[1]["requests"]["total"] == 2 * told[0]["requests"]["total"]
