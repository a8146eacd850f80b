from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from support.prices import book, tariff, text

from drtest.cost.pricebook import parse
from drtest.cost.tariff import select
from drtest.errors import UsageError

PROVIDERS = ("aws", "b2", "r2", "generic")
AWS_CLASSES = (
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
    "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY",
)  # fmt: skip


@pytest.mark.parametrize("provider", PROVIDERS)
def test_shipped_books_are_valid_and_prices_are_text(provider: str) -> None:
    assert book(provider).provider == provider

    def walk(value: object, key: str = "") -> None:
        match value:
            case dict():
                for name, inner in value.items():
                    walk(inner, name)
            case list():
                for inner in value:
                    walk(inner)
            case float():
                raise AssertionError(f"{key} is a binary float")
            case _:
                pass

    walk(json.loads(text(provider)))


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "eu-central-1", "eu-south-1"])
def test_aws_has_every_class_in_every_region(region: str) -> None:
    assert tuple(book("aws").regions[region].classes) == AWS_CLASSES
    for cls in AWS_CLASSES:
        assert select(book("aws"), f"aws/{region}/{cls}", text="").tag.region == region


@pytest.mark.parametrize(
    ("where", "operation", "price"),
    [
        ("aws/us-east-1/STANDARD", "PutObject", "0.000005"),
        ("aws/eu-central-1/STANDARD", "ListObjects", "0.0000054"),
        ("aws/eu-south-1/STANDARD", "GetObject", "0.0000004"),
        ("aws/eu-south-1/GLACIER", "HeadObject", "0.00000043"),
        ("aws/eu-west-1/GLACIER", "CompleteMultipartUpload", "0.000033"),
        ("aws/eu-west-1/GLACIER", "UploadPart", "0.000005"),
        ("aws/eu-central-1/DEEP_ARCHIVE", "ListObjects", "0.0000054"),
        ("aws/us-east-1/GLACIER_IR", "UploadPart", "0.00002"),
        ("aws/us-east-1/STANDARD", "DeleteObject", "0"),
        ("r2/all/STANDARD", "UploadPart", "0.0000045"),
        ("r2/all/STANDARD", "HeadObject", "0.00000036"),
        ("b2/all/STANDARD", "ListObjects", "0"),
    ],
)
def test_one_request(where: str, operation: str, price: str) -> None:
    chosen = tariff(where)
    assert chosen.request_price(operation, chosen.tag.storage_class) == Decimal(price)


def test_as_of_is_the_newest_confirmation() -> None:
    tag = tariff("aws/eu-west-1/STANDARD").tag
    assert tag.as_of == date(2026, 8, 18)
    assert tag.age_days(date(2026, 11, 24)) == 98
    assert str(tag) == "aws/eu-west-1/STANDARD of 2026-08-18"
    old = book("aws").regions["eu-south-1"].classes["DEEP_ARCHIVE"].thaw
    assert old is not None and book("aws").as_of(old) == date(2024, 9, 25)


def test_the_digest_names_the_text() -> None:
    book_text = text("b2")
    one = select(book("b2"), "b2/all/STANDARD", text=book_text).tag.digest
    other = select(book("b2"), "b2/all/STANDARD", text=book_text + " ").tag.digest
    assert one != other and len(one) == 32


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("aws/mars-1/STANDARD", "no prices for mars-1; it has us-east-1"),
        ("aws/us-east-1/COLD", "no class COLD; it has STANDARD"),
        ("r2/all/STANDARD", "price book of aws"),
        ("aws/us-east-1", "write provider/region/CLASS"),
        ("aws//STANDARD", "write provider/region/CLASS"),
    ],
)
def test_what_is_not_in_the_book_is_an_error(where: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        select(book("aws"), where, text="")


def test_generic_needs_the_users_own_figures() -> None:
    where = "generic/all/STANDARD"
    with pytest.raises(UsageError, match="--price storage="):
        tariff(where)
    with pytest.raises(UsageError, match="--price egress="):
        tariff(where, "storage=0.006")
    mine = tariff(where, "storage=0.006", "egress=0.01", "min-days=90", "gb=1073741824")
    assert mine.tag.as_of is None and mine.tag.age_days(date(2030, 1, 1)) == 0
    assert str(mine.tag) == "generic/all/STANDARD as given"
    minimum = mine.of("STANDARD").minimum
    assert minimum is not None and minimum.days == 90
    assert mine.book.gb_bytes == 2**30


def test_an_override_replaces_all_tiers_and_is_named() -> None:
    mine = tariff("aws/us-east-1/STANDARD", "storage=0.02", "put=0.000004")
    assert [tier.price for tier in mine.of("STANDARD").storage.tiers] == [Decimal("0.02")]
    assert mine.request_price("PutObject", "STANDARD") == Decimal("0.000004")
    assert mine.tag.overrides == ("storage=0.02", "put=0.000004")


@pytest.mark.parametrize(
    "override", ["storage", "storage=cheap", "storage=-1", "storage=NaN", "coffee=1", "gb=1024"]
)
def test_an_override_that_makes_no_sense(override: str) -> None:
    with pytest.raises(UsageError, match="--price"):
        tariff("aws/us-east-1/STANDARD", override)


def _standard(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["regions"]["all"]["classes"]["STANDARD"]
    return found


def _broken(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(text("r2"))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: _standard(d)["storage"]["tiers"][0].update(price=0.015), "write prices as text"),
        (lambda d: _standard(d)["storage"]["tiers"][0].update(price="-1"), "greater than or equal"),
        (lambda d: _standard(d)["storage"]["tiers"][0].update(up_to_gb=5), "tiers rise"),
        (lambda d: _standard(d)["storage"].update(sources=[]), "at least 1 item"),
        (lambda d: _standard(d)["storage"].update(sources=["gossip"]), "no source 'gossip'"),
        (lambda d: _standard(d)["requests"]["prices"].pop("list"), "do not match: list"),
        (lambda d: _standard(d)["requests"]["prices"].update(x="1"), "do not match: x"),
        (lambda d: _standard(d).pop("storage"), "storage: Field required"),
        (lambda d: d.update(surplus=1), "surplus"),
        (lambda d: d.update(schema=2), "schema"),
        (lambda d: d.update(gb_bytes=1024), "gb_bytes"),
        (lambda d: d.update(bucket_class="COLD"), "has no class COLD"),
    ],
)
def test_a_broken_book_is_refused_by_name(
    change: Callable[[dict[str, Any]], object], says: str
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse(_broken(change), name="mine.json")
    assert str(caught.value).startswith("mine.json: ")


def test_text_that_is_no_json() -> None:
    with pytest.raises(UsageError, match=r"mine\.json"):
        parse("{", name="mine.json")
