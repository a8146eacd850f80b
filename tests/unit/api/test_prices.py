"""Which prices a run has: what is named, corrected, given in a file or kept with a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.prices import text

from drtest.api.options import Options
from drtest.api.prices import Prices, load, places, read, shipped
from drtest.errors import UsageError

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
    with pytest.raises(UsageError, match="say which of its prices too"):
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


def test_an_age_is_not_negative() -> None:
    with pytest.raises(UsageError, match="--max-price-age -1"):
        Options(max_price_age_days=-1)
