"""A tuned run on the page and in Markdown: the advice first, every figure, measured or modelled."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from support.results import STARTED_AT, scenario
from support.runs import RUNS, hostile_tuned, nothing, silent, tuned, with_account
from support.tunings import ADVICE, STANDARD, tuning, with_prices
from support.tunings import failed as point_failed
from support.tunings import point as made

from drtest.model.run import RunResult, run_verdict
from drtest.model.scenario import Expectation, ExpectedFinding
from drtest.model.tune import Tuning
from drtest.model.verdict import Verdict
from drtest.report.brief import brief
from drtest.report.drawn import cost, time
from drtest.report.markdown import markdown
from drtest.report.page import render
from drtest.report.points import percent
from drtest.report.volumes import PLOTTED, ROWS, volumes

TODAY = STARTED_AT.date()
ALONE = replace(ADVICE, best=(250, 20), range_mib=(250, 250), spread=Decimal(0))
INFREQUENT = replace(STANDARD, storage_class="STANDARD_IA")


def words(text: str) -> str:
    """What a reader sees, in one line."""
    shown = re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", shown).replace("&#39;", "'")


def free(one: Tuning) -> Tuning:
    """The same answer where nothing but storage costs anything."""
    points = []
    for point in one.points:
        priced = replace(
            point.priced[0], requests=Decimal(0), restores=Decimal(0), restore_file=Decimal(0)
        )
        points.append(replace(point, priced=(priced,)))
    return replace(one, points=tuple(points))


def failed() -> RunResult:
    """A grid of which one point gave back other data."""
    told = tuned()
    first = told.scenarios[0]
    bad = scenario(first.name, findings=[silent()], counts_as=Verdict.FAIL)
    assert first.judgement.account is not None
    results = (with_account(bad, first.judgement.account), *told.scenarios[1:])
    return replace(told, scenarios=results, verdict=run_verdict(results), exit_status=1)


def known() -> RunResult:
    """A grid whose points all fail as their scenario says."""
    told = tuned()
    expected = Expectation(
        verdict=Verdict.FAIL, findings=(ExpectedFinding(code="digest-differs"),), because="so"
    )
    results = tuple(
        scenario(one.name, findings=[silent()], expected=expected) for one in told.scenarios
    )
    return replace(told, scenarios=results, verdict=run_verdict(results))


def test_the_advice_comes_first() -> None:
    found = brief(tuned())
    assert found.headline == "Volume size hardly matters for money."
    assert found.lead.startswith(
        "It hardly matters for money: from 5 to 250 MiB the bill moves by 0.31 USD a month"
    )
    (action,) = found.actions
    assert action.text.startswith("Choose 10 to 19 MiB, because one lost file then comes back")
    assert action.is_of_volumes
    said = words(render(tuned()))
    order = ["Volume size hardly matters", "Choose 10 to 19 MiB", "Cost and volume size"]
    places = [said.index(one) for one in (*order, "What was drilled")]
    assert places == sorted(places)


def test_a_failure_comes_before_any_advice() -> None:
    found = brief(failed())
    assert found.headline == "1 of 4 scenarios failed, and should not have."
    assert found.lead.index("came back with other content") < found.lead.index("It hardly matters")
    assert [one.is_of_volumes for one in found.actions] == [False, True]


def test_a_known_failure_stays_in_sight() -> None:
    assert "The drills went as expected, with 4 known failures." in brief(known()).lead


def test_what_it_costs_is_a_month_and_not_the_sum_of_all_points() -> None:
    cost_of = brief(tuned()).questions[-1]
    assert cost_of.text == (
        "6.05 USD a month with your volume size, 5.74 USD with 19 MiB, at aws/us-east-1/STANDARD."
    )
    assert cost_of.anchor == "volumes"


def test_points_that_went_as_expected_share_one_calendar() -> None:
    assert render(tuned()).count('class="cal"') == 1
    assert render(failed()).count('class="cal"') == 2


def test_price_lists_that_disagree_are_told_apart() -> None:
    found = with_prices(tuning(), STANDARD, INFREQUENT)
    first, second = found.advice
    told = brief(tuned(replace(found, advice=(first, replace(second, matters=True)))))
    assert told.headline == "Volume size matters with 1 of 2 price lists."
    assert told.lead.startswith("With aws/us-east-1/STANDARD it hardly matters for money: ")
    agreed = brief(tuned(found))
    assert agreed.headline == "Volume size hardly matters for money."


def test_choices_that_differ_name_their_prices() -> None:
    found = with_prices(tuning(), STANDARD, INFREQUENT)
    first, second = found.advice
    other = replace(second, range_mib=(25, 25), best=(25, 20), range_restore_s=14.2)
    told = brief(tuned(replace(found, advice=(first, other))))
    assert [one.text.partition(" MiB")[0] for one in told.actions] == [
        "With aws/us-east-1/STANDARD: choose 10 to 19",
        "With aws/us-east-1/STANDARD_IA: choose 25",
    ]


def test_every_point_has_a_row_and_says_whether_it_was_measured() -> None:
    said = words(render(tuned()))
    assert "5 20 31,276 0.17 79 0.01 4s 11 5.85 measured" in said
    assert "19 best 20 8,451 0.05 296 0.03 11s 43 5.74 measured" in said
    assert "200 default 20 8,963 0.04 3,101 0.27 1m39s 460 5.98 modelled" in said
    assert "250 yours 20 8,307 0.04 3,876 0.34 2m03s 575 6.05 modelled" in said
    assert "250 256 805 <0.01" in said.replace("&lt;", "<")


def test_a_point_whose_drills_failed_says_so_in_its_row() -> None:
    bad = point_failed(tuning(), (10, 20), Verdict.FAIL)
    assert "0.01 7s 23 5.77 FAIL , measured" in words(render(tuned(bad)))
    assert "FAIL , measured" not in words(render(tuned()))


def test_plain_execution_is_had_by_the_command_that_has_it() -> None:
    assert "drtest run drills the same policy so." in words(render(tuned()))
    assert "--preload" not in words(render(tuned()))


def test_what_the_figures_are_of_is_said() -> None:
    said = words(render(tuned()))
    for one in (
        "Measured on 178.0 MiB in 2,060 files",
        "69 backups with real duplicity at each of 4 points.",
        "Projected by the request model to 100.0 GiB in 102,400 files",
        "a full every 30 days, 29 incrementals between, 2 chains kept, 1 single-file restore a",
        "A full restore takes about 1h01m with any of them.",
        "A full restore costs 10.31 USD with any of them.",
        "aws/us-east-1/STANDARD, list prices of 2026-03-01, 31 days old, without tax",
        "Modelled: volsize 200, 250. The measured full has fewer than three whole volumes of that",
        "Assumed: every backup changes the same part of the source.",
    ):
        assert one in said
    own = replace(tuning(), grid=replace(tuning().grid, project=None))
    assert "Projected" not in words(render(tuned(own)))


def test_the_model_stands_beside_the_meter() -> None:
    said = words(render(tuned()))
    assert "37 unseen 20 25 MiB 1,004 1,000 +0.4 % 1,011 bytes 1,000 bytes +1.1 % yes" in said
    off = replace(tuning().unseen, predicted_requests=1_100)  # type: ignore[type-var]
    further = words(render(tuned(replace(tuning(), unseen=off))))
    assert "1,100 1,000 +10.0 %" in further
    assert "It was further off: take what is modelled as an estimate." in further
    assert "It claims at most 2 % on requests and 3 % on bytes." in said
    assert "further off" not in said
    none = words(render(tuned(replace(tuning(), unseen=None, why_no_unseen="of one size"))))
    assert "was not tried on a volume size that it had not seen: of one size." in none


@pytest.mark.parametrize(
    ("part", "shown"), [(0.004, "+0.4 %"), (-0.02, "-2.0 %"), (0.0, "0.0 %"), (-0.0001, "0.0 %")]
)
def test_percent(part: float, shown: str) -> None:
    assert percent(part) == shown


def test_where_only_storage_costs_the_page_says_so_and_draws_the_times() -> None:
    found = free(tuning())
    (tariff,) = volumes(found, TODAY).tariffs
    assert tariff.cost is None
    assert volumes(found, TODAY).time is not None
    assert "Beside storage nothing costs anything here" in words(render(tuned(found)))


def test_small_amounts_have_a_unit_of_their_own() -> None:
    small = []
    for point in tuning().points:
        one = point.priced[0]
        less = replace(one, requests=one.requests / 1000, restores=one.restores / 1000)
        small.append(replace(point, priced=(less,)))
    found = replace(tuning(), points=tuple(small))
    drawn = cost(found, [(one, one.priced[0]) for one in found.points], ADVICE)
    assert drawn is not None
    assert drawn.rest == "thousandths of a USD a month, above 5.67 USD for storage"
    assert [name for _, name in drawn.chart.y_ticks] == ["0", "0.1", "0.2", "0.3", "0.4"]


def test_one_line_of_restore_times_where_chunks_change_nothing() -> None:
    drawn = time(tuning())
    assert drawn is not None
    assert len(drawn.chart.lines) == 1
    slow = [
        replace(one, restore_file=replace(one.restore_file, time_s=500.0))
        if one.chunk_mib == 256
        else one
        for one in tuning().points
    ]
    both = time(replace(tuning(), points=tuple(slow)))
    assert both is not None
    assert len(both.chart.lines) == 2


def test_plots_are_told_in_words_too() -> None:
    text = render(tuned())
    assert "best 19 MiB 0.07 USD, default 200 MiB 0.32 USD, yours 250 MiB 0.38 USD" in text
    assert "best 19 MiB 11s, default 200 MiB 1m39s, yours 250 MiB 2m03s" in text


def test_every_price_list_has_its_table_and_the_first_have_a_plot() -> None:
    tags = [replace(STANDARD, storage_class=f"CLASS_{one}") for one in range(PLOTTED + 2)]
    found = volumes(with_prices(tuning(), *tags), TODAY)
    assert [one.cost is not None for one in found.tariffs] == [True] * PLOTTED + [False] * 2
    said = words(render(tuned(with_prices(tuning(), *tags))))
    for tag in tags:
        assert f"The numbers with {tag.place}" in said
        assert f"{tag.place} 5.74 USD 6.05 0.31 2.9 % 10.31 USD 10 to 19 MiB" in said


@pytest.mark.parametrize(
    "found",
    [
        replace(tuning(), advice=()),
        tuning((250, 20), advice=ALONE),
        replace(tuning(), points=(), advice=()),
    ],
    ids=["no prices", "one point", "no points"],
)
def test_a_grid_that_shows_little_is_told_without_advice(found: Tuning) -> None:
    told = tuned(found)
    assert not any(one.is_of_volumes for one in brief(told).actions)
    assert "Cost and volume size" in words(render(told))
    assert "### Cost and volume size" in markdown(told)


def test_a_large_grid_with_many_prices_stays_small() -> None:
    points = [
        replace(
            made((19, 20)),
            volsize_mib=size,
            chunk_mib=chunk,
            is_yours=(size, chunk) == (149, 30),
            metered=made((19, 20)).metered if size < 60 else None,
        )
        for size in range(1, 301)
        for chunk in (20, 30, 256)
    ]
    one = replace(tuning(), points=tuple(points))
    tags = [replace(STANDARD, storage_class=f"CLASS_{number}") for number in range(12)]
    found = with_prices(replace(one, advice=(replace(ADVICE, compared=(149, 30)),)), *tags)
    text = render(tuned(found))
    assert len(text.encode()) < 500_000
    told = volumes(found, TODAY)
    assert len(told.tuning.points) <= ROWS + 2
    assert told.tuning.point((19, 20)).volsize_mib == 19
    assert told.tuning.point((149, 30)).is_yours
    assert f"{told.more_points} more points in run.json" in words(text).replace(" .", ".")
    assert "7 more price lists in run.json" in words(text).replace(" .", ".")
    assert len(markdown(tuned(found)).encode()) < 20_000


def test_a_run_that_was_not_tuned_says_nothing_of_volume_size() -> None:
    for one in (nothing(), RUNS["green"]()):
        assert "volume size" not in words(render(one)).casefold()
        assert "volume size" not in markdown(one).casefold()


def test_markdown_has_the_advice_and_the_table_folded() -> None:
    lines = markdown(tuned()).splitlines()
    assert lines[0] == "## ✅ PASS: Volume size hardly matters for money."
    at = lines.index("### Cost and volume size")
    assert lines[at + 2].startswith("Choose 10 to 19 MiB, because one lost file then comes back")
    assert markdown(tuned()).count("It hardly matters for money: from 5 to 250 MiB") == 1
    assert "| 19 | 20 | 0.05 | 11s | 5.74 | **best**, measured |" in lines
    assert "| 250 | 256 | &lt;0.01 | 2m03s | 6.02 | modelled |" in lines
    assert any(
        one.startswith("Model against meter: requests +0.4 %, bytes +1.1 %") for one in lines
    )


def test_names_stay_names() -> None:
    text = render(hostile_tuned())
    assert "<script>alert" not in text
    assert "<img" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e\ud800-\udfff]", text)
    told = markdown(hostile_tuned())
    assert "<script>alert" not in told
    assert "@everyone" not in told
