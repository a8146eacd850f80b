"""The answer of drtest tune on the terminal: in 100 columns, what is equal said once."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.results import SETTINGS, run, scenario, totals
from support.tunings import ADVICE, ROWS, failed, tuning

from drtest.model.grid import Grid, Sweep
from drtest.model.tune import ModelError, Tuning
from drtest.model.verdict import Verdict
from drtest.report.console import Console
from drtest.report.tune import told
from drtest.report.wording import Signs

WHOLE = """\
which volume size for the small server · duplicity 3.2.1 · aws/us-east-1/STANDARD of 2026-03-01
measured on 178 MiB over 69 backups, projected to 100 GiB and 1 % change from backup to backup
1 single-file restore a month, download at 32 MiB/s; a full restore takes 1h01m in every row

                requests/month    restore one file       temp  a month
volsize  chunk     paid    USD    MiB   USD   time  space MiB      USD
      5     20   31,276   0.17     79  0.01     4s         11     5.85
     10     20   15,805   0.09    156  0.01     7s         23     5.77
     19     20    8,451   0.05    296  0.03    11s         43     5.74  best
     25     20   22,256   0.11    389  0.03    14s         57     5.82
    200     20    8,963   0.04  3,101  0.27  1m39s        460     5.98  default, modelled
    250     20    8,307   0.04  3,876  0.34  2m03s        575     6.05  yours, modelled
    250    256      805  <0.01  3,876  0.34  2m03s        575     6.02  modelled

It hardly matters for money: from 5 to 250 MiB the bill moves by 0.31 USD a month, and requests are
at most 3 % of it. Choose 10 to 19 MiB, because one lost file then comes back in 11s instead of
2m03s.

  Mind the step: above the chunk size a volume becomes several paid requests; 25 asks for 2.6
  times as many as 19. What would move the bill: one chain kept less saves 3.04 USD a month.

model against meter  requests +0.4 %, bytes +1.1 % on volsize 37, which it had not seen
modelled             volsize 200, 250: the measured full has fewer than three whole volumes of that
                     size
the same             volsize 5, 10, 19 with any chunk: a volume is one request
prices               aws/us-east-1/STANDARD, list prices of 2026-03-01, 31 days old, without tax and
                     free tier
"""


def page(found: Tuning, *, verbose: bool = False) -> str:
    lines = told(run(scenario("a"), tune=found), columns=100, signs=Signs(), verbose=verbose)
    return "".join(f"{one.plain}\n" for one in lines)


def test_the_whole_page() -> None:
    assert page(tuning()) == WHOLE
    assert max(len(row) for row in WHOLE.splitlines()) <= 100


def test_nothing_is_said_of_a_run_that_is_no_grid() -> None:
    assert list(told(run(scenario("a")), columns=100, signs=Signs())) == []


def test_what_is_supposed_is_told_where_more_is_wanted() -> None:
    assert "supposed  every backup changes the same part" in page(tuning(), verbose=True)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.UNVERIFIED])
def test_a_point_whose_drills_failed_says_so_in_its_row(verdict: Verdict) -> None:
    text = page(failed(tuning(), (25, 20), verdict))
    (row,) = (one for one in text.splitlines() if verdict.value in one)
    assert row.split()[:2] == ["25", "20"]
    assert row.endswith(f"  {verdict.value}")


def test_full_restores_that_differ_are_not_said_to_be_equal() -> None:
    first, *others = tuning().points
    longer = replace(first, restore_all=replace(first.restore_all, time_s=4000.0))
    text = page(replace(tuning(), points=(longer, *others)))
    assert "a full restore takes 1h01m to 1h07m" in text


def test_without_a_project_nothing_is_projected() -> None:
    text = page(replace(tuning(), grid=replace(tuning().grid, project=None, restores_per_month=0)))
    assert "measured on 178 MiB over 69 backups\n0 single-file restores a month" in text


def test_a_model_that_is_off_is_not_hidden() -> None:
    off = ModelError(
        volsize_mib=37,
        chunk_mib=20,
        fitted_on_mib=5,
        predicted_requests=90,
        metered_requests=100,
        predicted_bytes=100,
        metered_bytes=100,
    )
    text = page(replace(tuning(), unseen=off))
    assert "requests -10.0 %, bytes 0.0 % on volsize 37" in text
    assert "more than the 2% and 3% that it claims" in text.replace("\n                     ", " ")


def test_why_the_model_was_held_to_nothing() -> None:
    text = page(replace(tuning(), unseen=None, why_no_unseen="the source is too small"))
    assert "model against meter  not held to any: the source is too small" in text


def test_several_prices_stand_side_by_side() -> None:
    cold = replace(ADVICE.prices, storage_class="DEEP_ARCHIVE")
    points = tuple(
        replace(
            one,
            priced=(
                *one.priced,
                replace(one.priced[0], prices=cold, storage=Decimal(".25"), requests=Decimal(2)),
            ),
        )
        for one in tuning().points
    )
    second = replace(ADVICE, prices=cold, matters=True, cheapest=Decimal("0.5"))
    text = page(replace(tuning(), points=points, advice=(ADVICE, second)))
    head = "prices                       best  a month  yours  moves by  one file  all files"
    assert head in text
    assert (
        "aws/us-east-1/DEEP_ARCHIVE  19/20     2.28   2.59      0.31     0.026      10.31  USD"
        in text
    )
    assert "aws/us-east-1/DEEP_ARCHIVE: It matters: from 5 to 250 MiB the bill moves" in text


def console(*, is_grid: bool, quiet: bool = False) -> str:
    out = io.StringIO()
    sweep = Sweep(
        scenario="a",
        file="a.yaml",
        grid=Grid(),
        yours=(250, 20),
        default=(200, 20),
        points=tuple(ROWS),
        unrun=(),
    )
    settings = replace(SETTINGS, sweep=sweep if is_grid else None)
    result = scenario("a (volsize 5, chunk 20)", requests=totals())
    reporter = Console(out=out, err=io.StringIO(), live=False, quiet=quiet)
    reporter.begin(settings, [result.title])
    reporter.finish_scenario(result)
    reporter.finish(run(result, tune=tuning() if is_grid else None), Path("reports/x"))
    return out.getvalue()


def test_points_are_rows_of_the_table_and_their_sums_are_nobodys_bill() -> None:
    text = console(is_grid=True)
    assert "PASS" not in text
    assert "PutObject" not in text
    assert WHOLE in text
    assert "PASS        a (volsize 5" in console(is_grid=False)
    assert "PutObject" in console(is_grid=False)


def test_a_quiet_run_still_gives_its_answer() -> None:
    assert WHOLE in console(is_grid=True, quiet=True)
