"""Which prices a run has: what is named, corrected, given in a file or kept with a run."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.prices import text

from drtest.api.options import Options
from drtest.api.prices import Prices, load, places, read, shipped
from drtest.errors import UsageError
from drtest.model.grid import Grid
from drtest.model.money import Money
from drtest.model.scenario import LiteralFile, Objectives, Scenario

HERE = "aws/us-east-1/STANDARD"


def own(folder: Path, **changes: object) -> Path:
    """A price book of the user's: aws's with one region and class."""
    book = json.loads(text("aws"))
    region = book["regions"]["us-east-1"]
    region["classes"] = {"STANDARD": region["classes"]["STANDARD"]}
    book |= {"provider": "mine", "regions": {"here": region}, **changes}
    path = folder / "mine.json"
    path.write_text(json.dumps(book))
    return path


def test_none_is_none() -> None:
    assert load(()) == Prices()


def test_every_shipped_place_can_be_had_or_says_what_is_missing() -> None:
    found = [place for one in shipped() for place in places(one.book)]
    assert HERE in found
    for place in found:
        try:
            (tariff,) = load([place]).tariffs
        except UsageError as problem:
            assert "give your own figure" in str(problem)
        else:
            assert tariff.tag.place == place


def test_several_are_compared_in_their_order_and_each_once() -> None:
    names = [HERE, "aws/eu-west-1/STANDARD", HERE]
    found = load(names)
    assert [one.tag.place for one in found.tariffs] == names[:2]
    assert [one.book.provider for one in found.books] == ["aws"]


def test_a_file_needs_no_other_word_where_it_has_one_class(tmp_path: Path) -> None:
    (tariff,) = load([str(own(tmp_path))]).tariffs
    assert tariff.tag.place == "mine/here/STANDARD"
    (named,) = load([str(own(tmp_path)), "mine/here/STANDARD"]).tariffs
    assert named.tag == tariff.tag


def test_a_file_of_many_classes_needs_one(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_text(text("aws"))
    with pytest.raises(UsageError, match=r"say which of its prices: aws/us-east-1/.* 24 more"):
        load([str(path)])
    assert load([str(path), HERE]).tariffs


@pytest.mark.parametrize(
    ("wanted", "price", "said"),
    [
        (["nowhere/x/Y"], [], "there are books of aws"),
        (["aws/nowhere/STANDARD"], [], "no prices for nowhere"),
        (["aws/us-east-1/COLD"], [], "no class COLD"),
        ([], ["storage=1"], "name provider/region/CLASS too"),
        ([HERE], ["storage=-1"], "not negative"),
        (["missing.json"], [], "cannot be read"),
    ],
)
def test_what_is_not_known_is_an_error_and_never_zero(
    wanted: list[str], price: list[str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        load(wanted, price)


def test_every_mistake_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.json: currency"):
        read(own(tmp_path, currency="dollars"))


def test_a_run_is_priced_again_with_what_it_was_priced_with(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    file = own(tmp_path)
    prices = load([str(file)])
    prices.keep(folder)
    file.unlink()
    assert load(["mine/here/STANDARD"], kept=folder).tariffs == prices.tariffs


def test_a_provider_with_one_class_needs_no_more() -> None:
    assert load(["b2"]).tariffs == load(["b2/all/STANDARD"]).tariffs
    with pytest.raises(UsageError, match="say which of its prices: r2/all/STANDARD, r2/all/STANDA"):
        load(["r2"])
    with pytest.raises(UsageError, match="prices: aws/eu-west-1/STANDARD, aws/eu-west-1/STANDARD_"):
        load(["aws/eu-west-1"])


def test_what_generic_lacks_is_told_at_once() -> None:
    with pytest.raises(UsageError, match=r"--price storage=0.006 --price egress=0.01$"):
        load(["generic"])
    with pytest.raises(UsageError, match=r"says otherwise: --price egress=0.01$"):
        load(["generic"], ["storage=1"])


def test_own_figures_are_in_the_users_own_currency() -> None:
    (mine,) = load(["generic"], ["storage=0.0087", "egress=0.001", "currency=EUR"]).tariffs
    assert mine.tag.currency == "EUR"
    with pytest.raises(UsageError, match="are in USD, and nothing is converted"):
        load(["b2"], ["currency=EUR"])
    assert load(["b2"], ["currency=USD"]).tariffs[0].tag.currency == "USD"
    with pytest.raises(UsageError, match="three capital letters"):
        load(["generic"], ["currency=euro"])


def test_a_figure_among_several_providers_says_whose_it_is() -> None:
    own = ["generic:storage=0.006", "generic:egress=0.01"]
    mine, shipped_one = load(["generic", "b2"], own).tariffs
    assert mine.tag.overrides == ("storage=0.006", "egress=0.01")
    assert shipped_one.tag.overrides == ()
    with pytest.raises(UsageError, match="say whose figure it is: aws:egress=0 or b2:egress=0"):
        load([HERE, "b2"], ["egress=0"])
    with pytest.raises(UsageError, match="no --prices is of r2, but of b2"):
        load(["b2"], ["r2:egress=0"])
    both = load([HERE, "aws/eu-west-1/STANDARD"], ["egress=0"])
    assert {one.tag.overrides for one in both.tariffs} == {("egress=0",)}


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ("storage=0,006", "write 0.006"),
        ("storage=6 EUR", "write 6"),
        ("storage=$0.006", "write 0.006"),
        ("storage=cheap", "is not a number$"),
        ("min-days=1.5", "whole number"),
        ("strage=1", "none of storage, egress"),
    ],
)
def test_a_figure_that_cannot_be_read_is_told_with_the_right_one(price: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(["b2"], [price])


def test_the_first_word_is_the_first_tariff(tmp_path: Path) -> None:
    found = load([str(own(tmp_path)), HERE]).tariffs
    assert [one.tag.place for one in found] == ["mine/here/STANDARD", HERE]


def test_a_run_that_is_priced_afresh_takes_the_shipped_book(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "prices").mkdir(parents=True)
    older = json.loads(text("b2"))
    older["regions"]["all"]["classes"]["STANDARD"]["storage"]["tiers"][0]["price"] = "0.005"
    (folder / "prices/b2.json").write_text(json.dumps(older))
    assert load(["b2"], kept=folder).tariffs != load(["b2"]).tariffs
    assert load(["b2"], kept=folder, is_afresh=True).tariffs == load(["b2"]).tariffs


BUDGET = Objectives(cost_per_month=Money(amount=Decimal(8), currency="USD"))


def scenario(**changes: object) -> Scenario:
    made = Scenario(name="x", why="y", source=(LiteralFile(path="/a", content="a"),))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_scenario_with_a_budget_has_the_prices_that_it_tunes_with() -> None:
    none, grid = load(()), Grid(prices=("b2/all/STANDARD",))
    (found,) = none.of(scenario(objectives=BUDGET, tune=grid)).tariffs
    assert found.tag.place == "b2/all/STANDARD"
    given = load([HERE])
    assert given.of(scenario(objectives=BUDGET, tune=grid)) is given
    for other in (scenario(tune=grid), scenario(objectives=BUDGET)):
        assert none.of(other) == none
    with pytest.raises(UsageError, match="there are books of"):
        none.of(scenario(objectives=BUDGET, tune=Grid(prices=("moon/x/Y",))))


def test_an_age_is_not_negative() -> None:
    with pytest.raises(UsageError, match="--max-price-age -1"):
        Options(max_price_age_days=-1)
