"""Words for stored objects, resolved to keys."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drtest.model.chain import Damage, Objects, chains, resolve
from drtest.model.names import SetId, parse_name
from drtest.scenario.harm import parse_objects


def at(day: int) -> str:
    return f"2026010{day}T030000Z"


def full(day: int, volumes: int = 2) -> list[str]:
    span = f"full.{at(day)}"
    return [
        *(f"duplicity-{span}.vol{number}.difftar.gpg" for number in range(1, volumes + 1)),
        f"duplicity-{span}.manifest.gpg",
        f"duplicity-full-signatures.{at(day)}.sigtar.gpg",
    ]


def incremental(base: int, day: int) -> list[str]:
    span = f"{at(base)}.to.{at(day)}"
    return [
        f"duplicity-inc.{span}.vol1.difftar.gpg",
        f"duplicity-inc.{span}.manifest.gpg",
        f"duplicity-new-signatures.{span}.sigtar.gpg",
    ]


KEYS = [*full(1), *incremental(1, 2), *full(3, 3), *incremental(3, 4), *incremental(4, 5), "odd"]


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("volume 2 of full 2", [f"duplicity-full.{at(3)}.vol2.difftar.gpg"]),
        ("manifest of full 1", [f"duplicity-full.{at(1)}.manifest.gpg"]),
        ("volume 3 of the latest full", [f"duplicity-full.{at(3)}.vol3.difftar.gpg"]),
        ("all objects of the latest incremental", incremental(4, 5)),
        ("all objects of set 2", incremental(1, 2)),
        (
            "signatures of chain 1",
            [
                f"duplicity-full-signatures.{at(1)}.sigtar.gpg",
                f"duplicity-new-signatures.{at(1)}.to.{at(2)}.sigtar.gpg",
            ],
        ),
        ("all objects", KEYS),
        ("volume 9 of full 1", []),
        ("all objects of full 3", []),
        ("all objects of chain 3", []),
    ],
)
def test_words_become_keys(words: str, keys: list[str]) -> None:
    objects = parse_objects(words)
    assert str(objects) == words
    assert resolve(objects, KEYS) == tuple(sorted(keys))


def test_the_latest_of_nothing_is_nothing() -> None:
    assert resolve(parse_objects("manifest of the latest incremental"), full(1)) == ()
    assert resolve(parse_objects("all objects of the latest full"), []) == ()


def test_a_set_without_its_base_is_a_chain_of_its_own() -> None:
    names = [parse_name(key) for key in (*full(1), *incremental(2, 3), *incremental(3, 4))]
    day = [datetime(2026, 1, number, 3, tzinfo=UTC) for number in range(1, 5)]
    assert chains(names) == [
        [SetId(at=day[0])],
        [SetId(at=day[2], base_at=day[1]), SetId(at=day[3], base_at=day[2])],
    ]


@pytest.mark.parametrize(
    "words",
    ["volume of full 1", "volume 0 of full 1", "manifest", "all objects of set", "full 1", ""],
)
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="allowed: volume 2"):
        parse_objects(words)


def test_only_a_volume_can_be_duplicated() -> None:
    with pytest.raises(ValueError, match="only a volume"):
        Damage(harm="duplicate", objects=(Objects(what="all objects"),))
