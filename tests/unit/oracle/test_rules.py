"""The rules beside plain patterns, case by case as they were seen to work."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.entries import entry, in_order

from drtest.model.rule import ListLine, Rule
from drtest.model.tree import Entry
from drtest.oracle import filelist
from drtest.oracle.capture import capture
from drtest.oracle.criteria import MountCriterion, Recorded
from drtest.oracle.refusal import problems
from drtest.oracle.rooting import Unrootable, rooted
from drtest.oracle.ruling import duplicity_arguments, write_lists
from drtest.oracle.selection import Selection

ROOT = Path("/tmp/w/source")
AT = datetime(2026, 1, 9, 3, 0, tzinfo=UTC)
ALL = Rule(action="exclude", pattern="**")
TREE = in_order(
    [
        entry(".", "dir"),
        *(entry(path, "dir") for path in ("etc", "srv", "srv/a", "srv/b")),
        *(entry(path) for path in ("etc/x.py", "srv/a/.skip", "srv/a/f", "srv/b/F", "srv/b/g.py")),
        entry("etc/null", "char"),
        entry("etc/disk", "block"),
    ]
)


def lists(kind: str, *texts: str, action: str = "include") -> Rule:
    lines = tuple(ListLine(text=text, line=n) for n, text in enumerate(texts, start=11))
    return Rule(action=action, kind=kind, lines=lines, line=10)  # type: ignore[arg-type]


def selected(*rules: Rule, tree: list[Entry] = TREE) -> set[str]:
    around = Recorded.of(tree, frozenset({".skip"}))
    marked = Selection(rules, ROOT, at=AT, around=around).select(iter(tree))
    return {one.path for one in marked if one.selected} - {"."}


EACH = {one.path for one in TREE} - {"."}


def below(*names: str) -> set[str]:
    return {p for p in EACH if p in names or p.startswith(tuple(f"{name}/" for name in names))}


def filtered(word: str) -> Rule:
    return Rule(action="filter", kind="filter", pattern=word)


def regexp(text: str, action: str = "exclude") -> Rule:
    return Rule(action=action, kind="regexp", pattern=text)  # type: ignore[arg-type]


def out(pattern: str) -> Rule:
    return Rule(action="exclude", pattern=pattern)


MARKED = Rule(action="exclude", kind="if-present", pattern=".skip")
DEVICES = Rule(action="exclude", kind="device-files")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # asked first, wherever it stands
        ((Rule(action="include", pattern="/srv"), MARKED, ALL), {"srv"} | below("srv/b")),
        ((Rule(action="include", pattern="/etc"), DEVICES, ALL), {"etc", "etc/x.py"}),
        # a list: its own word, the signs, comments, blanks and quotes
        (
            (
                lists("filelist", "- /srv/a", "# /etc", "", ' "/srv" ', "- **"),
                lists("filelist", "'/srv/b/F'", action="exclude"),
            ),
            {"srv"} | below("srv/b"),
        ),
        ((lists("filelist", "/srv", "+ /etc", action="exclude"), ALL), below("etc")),
        # a regular expression leads to nothing below, and begins where the user's path does
        ((regexp(r"\.py$", "include"), ALL), set()),
        ((regexp("^/etc"),), EACH - below("etc")),
        ((regexp("tmp|source"),), EACH),
        # filters
        ((filtered("ignorecase"), out("/SRV/b/f")), EACH - {"srv/b/F"}),
        (
            (filtered("ignorecase"), filtered("strictcase"), regexp("/f$")),
            EACH - {"srv/a/f"},
        ),
        ((filtered("literal"), out("/srv/a/")), EACH - below("srv/a")),
        ((filtered("literal"), out("/srv/*")), EACH),
        (
            (
                filtered("literal"),
                Rule(action="include", pattern="/srv/a"),
                filtered("globbing"),
                ALL,
            ),
            {"srv"} | below("srv/a"),
        ),
        ((filtered("regexp"), out("b/")), EACH - {"srv/b/F", "srv/b/g.py"}),
        # the very paths, the folders above them, and nothing below; rules go over them
        (
            (lists("files-from", "srv/a", "etc/x.py", "gone", action="exclude"),),
            {"srv", "srv/a", "etc", "etc/x.py"},
        ),
        (
            (lists("files-from", "srv/a/f", "srv/b/F", action="exclude"), regexp("F$")),
            {"srv", "srv/a", "srv/a/f", "srv/b"},
        ),
    ],
)
def test_each_kind_of_rule_selects_what_it_was_seen_to_select(
    rules: tuple[Rule, ...], expected: set[str]
) -> None:
    assert problems(rules, ROOT) == []
    assert selected(*rules) == expected


def test_age_counts_from_the_backup_and_for_files_alone() -> None:
    at_ns = int(AT.timestamp()) * 10**9
    ages = {"old": 86401, "edge": 86400, "new": 86399}
    tree = in_order(
        [
            entry(".", "dir"),
            entry("dir", "dir", mtime_ns=0),
            *(entry(name, mtime_ns=at_ns - age * 10**9) for name, age in ages.items()),
            entry("half", mtime_ns=at_ns - 86400 * 10**9 - 500_000_000),
        ]
    )
    rule = Rule(action="exclude", kind="older-than", pattern="1D")
    assert selected(rule, tree=tree) == {"dir", "edge", "new"}
    with pytest.raises(ValueError, match="when the backup is made"):
        Selection([rule], ROOT)
    (option, seconds) = duplicity_arguments([rule], ROOT, at=AT, lists=ROOT)
    assert option == "--exclude-older-than"
    assert int(seconds) == int((AT - timedelta(days=1)).timestamp())


def test_another_file_system_is_told_by_what_is_around() -> None:
    class Mounted(Recorded):
        def is_elsewhere(self, path: str) -> bool:
            return path.startswith("srv/b")

    rule = Rule(action="exclude", kind="other-filesystems")
    marked = Selection([rule], ROOT, around=Mounted()).select(iter(TREE))
    assert {one.path for one in marked if one.selected} - {"."} == EACH - below("srv/b")
    assert MountCriterion(Recorded()).says("/x", entry("x")) is None


def test_the_disk_is_asked_for_markers(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a/.skip").symlink_to("nowhere")
    os.mkfifo(tmp_path / "b/x")
    marked = Selection([MARKED], tmp_path).select(capture(tmp_path))
    assert {one.path for one in marked if one.selected} == {".", "b", "b/x"}


def test_each_line_of_a_list_is_counted_by_itself() -> None:
    rules = (lists("filelist", "/srv", "# c", "/nothing", "- **"),)
    selection = Selection(rules, ROOT)
    assert sum(1 for _ in selection.select(iter(TREE))) == len(TREE)
    assert [(one.pattern, one.line) for one in selection.rules] == [
        ("/srv", 11),
        ("/nothing", 13),
        ("**", 14),
    ]
    assert selection.matched == [7, 0, len(EACH)]
    assert selection.decided == [7, 0, len(EACH) - 7]


def test_lines_are_cut_as_duplicity_reads_them() -> None:
    plain = (lists("filelist", "/a\r/b", " # x"),)
    assert [one.pattern for one in filelist.flat(plain)] == ["/a", "/b"]
    whole = (lists("filelist", "/a\r/b", "/c\nd"),)
    assert [one.pattern for one in filelist.flat(whole)] == ["/a\n/b", "/c\nd"]


@pytest.mark.parametrize(
    ("rules", "statuses"),
    [
        ((lists("filelist", "home", "/a", action="exclude"),), [14]),
        ((lists("filelist", "/a"),), [16]),
        ((lists("filelist", "- /a//b", action="exclude"),), [15]),
        ((regexp("("),), [30]),
        ((regexp("a", "include"),), [16]),
        ((regexp("a", "include"), MARKED), [16]),
        ((MARKED,), []),
        ((filtered("literal"), ALL), [14]),
        ((ALL, filtered("literal")), [71]),
        ((filtered("globbing"), ALL), [70]),
        ((lists("files-from", "", action="exclude"),), [73]),
        ((lists("files-from", "/a", action="exclude"),), [72]),
        ((lists("files-from", "a/../b", action="exclude"),), [None]),
        ((regexp("(?x) a # b"),), [None]),
        ((filtered("literal"), out("/")), [None]),
    ],
)
def test_what_cannot_go_is_named(rules: tuple[Rule, ...], statuses: list[int | None]) -> None:
    assert [one.status for one in problems(rules, ROOT)] == statuses


def test_lists_are_written_for_the_workspace(tmp_path: Path) -> None:
    rules = (
        lists("filelist", "- /srv/a ", "# /x", '"/srv"', "**/tmp", "- **"),
        lists("files-from", "srv/b", action="exclude"),
    )
    write_lists(rules, ROOT, tmp_path)
    assert (tmp_path / "rule-1.txt").read_text() == (
        f'- {ROOT}/srv/a\n# /x\n"{ROOT}/srv"\n{ROOT}**/tmp\n- **\n'
    )
    assert (tmp_path / "rule-2.txt").read_text() == "srv/b\n"
    assert duplicity_arguments(rules, ROOT, at=AT, lists=tmp_path) == [
        "--include-filelist",
        str(tmp_path / "rule-1.txt"),
        "--files-from",
        str(tmp_path / "rule-2.txt"),
    ]
    broken = (lists("files-from", "a\nb", "c", action="exclude"),)
    write_lists(broken, ROOT, tmp_path)
    assert (tmp_path / "rule-1.txt").read_bytes() == b"a\nb\0c\0"
    assert duplicity_arguments(broken, ROOT, at=AT, lists=tmp_path)[0] == "--null-separator"


EXPRESSIONS = (
    *("^/a", r"\A/a$", "a", "/a|^/b", "[^/]$", "[]^]", r"\^", "(?i)^/A", "(?m)^b", "(?s)a.b", "^"),
    *("(^/a|b)$", "(?<!^)/a", "(?<=^/)a", "^(/.)*$", "(a)\\1", "tmp", "w/s", "$", "^$", "x*"),
)


@given(
    expression=st.sampled_from(EXPRESSIONS),
    path=st.text("ab/^]A\n", max_size=6),
    root=st.sampled_from(["/tmp/w/source", "/a", "/s(.)+ #", "/a\nb"]),
)
def test_a_regular_expression_means_below_the_root_what_it_meant(
    expression: str, path: str, root: str
) -> None:
    moved = rooted(expression, Path(root), "regexp")
    here, there = re.search(expression, f"/{path}"), re.search(moved, f"{root}/{path}")
    assert (here is None) == (there is None)


def test_a_verbose_regular_expression_is_not_moved() -> None:
    with pytest.raises(Unrootable):
        rooted("(?x) a", ROOT, "regexp")
