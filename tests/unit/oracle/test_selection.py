"""duplicity's rules, case by case as they were seen to work (tests/integration asks duplicity)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import entry, in_order, paths

from drtest.model.rule import Rule
from drtest.model.tree import Entry
from drtest.oracle.glob import Glob, PatternError
from drtest.oracle.nearest import nearest
from drtest.oracle.refusal import problems
from drtest.oracle.rooting import rooted
from drtest.oracle.ruling import duplicity_arguments
from drtest.oracle.selection import Selection

ROOT = Path("/tmp/w/source")
AT = datetime(2026, 1, 9, 3, 0, tzinfo=UTC)
TREE = in_order(
    [
        entry(".", "dir"),
        *(
            entry(path, "dir")
            for path in ("etc", "home", "home/u", "home/u/docs", "home/u/empty", "home-x", "var")
        ),
        *(
            entry(path)
            for path in (
                "etc/passwd",
                "home/u/a.py",
                "home/u/docs/b.txt",
                "home/u/docs/c.py",
                "home-x/d",
                "var/x",
            )
        ),
        entry("home/u/link", "symlink"),
        entry("var/s", "socket"),
    ]
)


def rules(text: str) -> tuple[Rule, ...]:
    """Read ``+ pattern`` and ``- pattern`` lines, or the same with ``; `` between."""
    actions = {"+": "include", "-": "exclude"}
    return tuple(
        Rule(action=actions[one[0]], pattern=one[2:])  # type: ignore[arg-type]
        for one in text.split("; ")
    )


def selected(text: str, tree: list[Entry] = TREE) -> set[str]:
    marked = list(Selection(rules(text) if text else (), ROOT).select(iter(tree)))
    assert [one.path for one in marked] == [one.path for one in tree]
    return {one.path for one in marked if one.selected} - {"."}


ALL = {one.path for one in TREE} - {"."}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALL),
        ("- **", set()),
        # the first rule that decides wins; what none decides is included
        ("- /etc", ALL - {"etc", "etc/passwd"}),
        ("+ /etc; - **", {"etc", "etc/passwd"}),
        ("+ /; - **", ALL),
        # a folder on the way to an include is entered and kept, nothing else of it is
        (
            "+ /home/u/docs; - **",
            {"home", "home/u", "home/u/docs", "home/u/docs/b.txt", "home/u/docs/c.py"},
        ),
        (
            "+ /home/u/docs; - /home; - /var; - /etc; - /home-x",
            {"home", "home/u", "home/u/docs", "home/u/docs/b.txt", "home/u/docs/c.py"},
        ),
        # an exclude before the include cuts the way to it
        ("- /home; + /home/u/docs; - **", set()),
        # an exclude behind the include of its parent does nothing
        ("+ /home/u; - /home/u/docs; - **", {p for p in ALL if p.startswith("home/")} | {"home"}),
        # ** walks everything, and keeps only folders in which something was found
        (
            "+ **.py; - **",
            {"home", "home/u", "home/u/a.py", "home/u/docs", "home/u/docs/c.py"},
        ),
        # what lies below is excluded, the folder itself stays
        ("- /home/*; - /home/u/**", ALL - {p for p in ALL if p.startswith("home/")}),
        ("- /home/**", ALL - {p for p in ALL if p.startswith("home/")}),
        # a pattern stops at a slash: home-x is not below home
        ("- /home", ALL - {"home"} - {p for p in ALL if p.startswith("home/")}),
        # with a slash at its end only folders are meant
        ("- /etc/passwd/", ALL),
        ("- /home/u/docs/", ALL - {p for p in ALL if p.startswith("home/u/docs")}),
        ("- /home/u/link/", ALL),
        ("- /h[a-o]me?x", ALL - {"home-x", "home-x/d"}),
        ("- /[!h]*", {p for p in ALL if p.startswith("home")}),
        # a socket is never stored, so it brings no folder along
        ("+ /var/s; - **", {"var/s"}),
        ("+ /nothing/here; - **", set()),
        ("- IgnoreCase:/ETC", ALL - {"etc", "etc/passwd"}),
        ("- ignorecase:**.PY; - **.TXT", ALL - {"home/u/a.py", "home/u/docs/c.py"}),
    ],
)
def test_rules_select_what_they_were_seen_to_select(text: str, expected: set[str]) -> None:
    assert selected(text) == expected


def test_what_cannot_be_read_brings_no_folder_along() -> None:
    tree = [entry(".", "dir"), entry("a", "dir"), entry("a/f", error="EACCES")]
    assert selected("+ /a/f; - **", tree) == {"a/f"}


def test_folders_that_interleave_in_byte_order_are_kept_apart() -> None:
    tree = in_order(
        [
            entry(".", "dir"),
            *(entry(path, "dir") for path in ("a", "a-b", "a-b/c", "a.b", "a/c", "a0")),
            *(entry(path) for path in ("a-b/c/x.py", "a/c/y", "a0/x.py")),
        ]
    )
    assert selected("+ **.py; - **", tree) == {"a-b", "a-b/c", "a-b/c/x.py", "a0", "a0/x.py"}


def test_a_newline_at_the_end_of_a_name_is_overlooked_as_duplicity_does() -> None:
    tree = in_order([entry(".", "dir"), entry("a"), entry("a\n"), entry("a\nb")])
    assert selected("- /a", tree) == {"a\nb"}


def test_each_rule_counts_what_it_covers_and_what_it_decides() -> None:
    selection = Selection(rules("- /home/u/docs; + /home/u; + /home/u/docs; + /ect; - **"), ROOT)
    assert sum(1 for _ in selection.select(iter(TREE))) == len(TREE)
    assert selection.matched == [3, 7, 3, 0, len(TREE) - 1]
    # home is on the way to an include, and "- **" is the first to decide on it all the same
    assert selection.decided == [3, 4, 0, 0, len(TREE) - 1 - 7]


@settings(max_examples=50)
@given(paths(), st.lists(st.sampled_from("+-"), max_size=3), st.data())
def test_the_root_and_the_order_stay_and_parents_come_along(
    names: list[str], actions: list[str], data: st.DataObject
) -> None:
    folders = {one.rpartition("/")[0] for one in names}
    tree = [entry(one, "dir" if one == "." or one in folders else "file") for one in names]
    drawn = [
        Rule(
            action="include" if action == "+" else "exclude",
            pattern=data.draw(st.sampled_from(["/a", "/a/b", "**a*", "**/b", "/*/a", "**"])),
        )
        for action in actions
    ]
    selection = Selection(drawn, ROOT)
    marked = list(selection.select(iter(tree)))
    assert [one.path for one in marked] == names
    chosen = {one.path for one in marked if one.selected}
    assert "." in chosen
    assert all(one.rpartition("/")[0] in chosen for one in chosen if "/" in one)
    assert sum(selection.decided) <= len(tree) - 1
    assert all(d <= len(tree) for d in selection.matched)


def test_patterns_are_put_below_the_root() -> None:
    given_rules = rules("+ /var/www; - **/cache; - **")
    assert duplicity_arguments(given_rules, ROOT, at=AT, lists=Path("/l")) == [
        "--include",
        "/tmp/w/source/var/www",
        "--exclude",
        "/tmp/w/source**/cache",
        "--exclude",
        "**",
    ]
    assert rooted("/a[b]*", Path("/s[1]*")) == "/s[[]1][*]/a[b]*"
    assert rooted("/a", Path("/")) == "/a"
    assert rooted("ignorecase:/a", ROOT) == "ignorecase:/tmp/w/source/a"
    assert rooted("ignorecase:**a", ROOT) == "ignorecase:/tmp/w/source**a"
    assert rooted("ignorecase:**", ROOT) == "ignorecase:**"
    assert rooted("/a*", Path("/s*"), "literal") == "/s*/a*"


@pytest.mark.parametrize("root", ["/plain", "/s[1]", "/a*?", "/[!x]"])
def test_a_root_full_of_signs_is_taken_literally(root: str) -> None:
    glob = Glob(rooted("/a", Path(root)))
    assert glob.reach(f"{root}/a", is_dir=False) == "covers"
    assert glob.reach(root, is_dir=True) == "leads-to"
    assert glob.reach("/s1/a", is_dir=False) is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("- home", 14),
        ("- *.py", 14),
        ("- home/u; - **", 14),
        ("+ /home", 16),
        ("- **; + /home", 16),
        ("- /home//u", 15),
        ("- /[z-a]", 30),
    ],
)
def test_what_duplicity_refuses_is_named_with_its_status(text: str, status: int) -> None:
    found = problems(rules(text), ROOT)
    assert [one.status for one in found] == [status]


def test_sound_rules_have_no_problems() -> None:
    assert problems(rules("+ /var/www; - **/cache/; - **; - /tmp; - **/*"), ROOT) == []
    assert problems((), ROOT) == []


def test_a_pattern_never_matches_the_folders_above_the_source() -> None:
    tree = in_order([entry(".", "dir"), entry("tmp", "dir"), entry("tmp/a"), entry("x")])
    marked = Selection(rules("- **/tmp; - **source/x"), ROOT).select(iter(tree))
    assert {one.path for one in marked if one.selected} == {".", "x"}
    assert problems(rules("- **/tmp"), ROOT) == []


def test_a_pattern_that_only_the_workspace_makes_match_is_refused() -> None:
    (found,) = problems(rules("- */*/*"), ROOT)
    assert found.status is None and "/tmp/w/source" in found.message
    assert [one.status for one in problems(rules("- */*"), Path("/w"))] == [None]


def test_an_empty_pattern_is_refused() -> None:
    with pytest.raises(PatternError) as caught:
        Glob("")
    assert caught.value.status == 23


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/var/ww", "/var/www"),
        ("/var/ww/**", "/var/www"),
        ("/ect", "/etc"),
        ("/home/u/dosc/", "/home/u/docs"),
        ("/zzzzzz", None),
    ],
)
def test_the_nearest_path_is_offered(pattern: str, expected: str | None) -> None:
    names = ["etc", "etc/passwd", "home", "home/u/docs", "var", "var/www", "var/www/index"]
    assert nearest(pattern, iter(names)) == expected
