"""What is promised."""

from __future__ import annotations

import pytest
from support.entries import entry, in_order

from drtest.model.scenario import Objectives, Protect
from drtest.model.tree import Entry
from drtest.oracle.promise import protect

SOURCE = in_order(
    [
        entry(".", "dir"),
        entry("etc", "dir"),
        entry("etc/passwd", selected=False, protected=False),
        entry("var", "dir"),
        entry("var/www", "dir"),
        entry("var/www-old"),
        entry("var/www/a"),
    ]
)


def promised(objectives: Objectives) -> list[str]:
    marked = list(protect(iter(SOURCE), objectives))
    assert [one._replace(protected=True) for one in marked] == [
        one._replace(protected=True) for one in SOURCE
    ]
    return [one.path for one in marked if one.protected]


def test_everything_is_promised_where_nothing_is_said() -> None:
    assert promised(Objectives()) == [one.path for one in SOURCE]


def test_what_is_selected_is_promised_on_demand() -> None:
    wanted = [one.path for one in SOURCE if one.selected]
    assert promised(Objectives(protect="selected", because="only that counts")) == wanted


@pytest.mark.parametrize(
    ("path", "covered"),
    [
        ("/var/www", ["var/www", "var/www/a"]),
        ("/var/www/", ["var/www", "var/www/a"]),
        ("/etc/passwd", ["etc/passwd"]),
        ("/var/ww", []),
        ("/", [one.path for one in SOURCE]),
    ],
)
def test_a_path_promises_what_lies_below_and_not_its_parents(path: str, covered: list[str]) -> None:
    assert promised(Objectives(protect=(Protect(path=path),))) == covered


def test_several_paths_add_up() -> None:
    both = (Protect(path="/etc"), Protect(path="/var/www/a"))
    assert promised(Objectives(protect=both)) == ["etc", "etc/passwd", "var/www/a"]


def test_a_source_of_nothing_promises_nothing() -> None:
    nothing: list[Entry] = []
    assert list(protect(nothing, Objectives())) == []
