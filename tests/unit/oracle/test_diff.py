"""The algebra of differences, and what is not one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import NS, entry, in_order, trees

from drtest.model.tree import Difference, Entry
from drtest.oracle.diff import NOT_COMPARED, diff, flux, kept_mtime_ns, matches


def differences(want: list[Entry], got: list[Entry], **options: object) -> list[Difference]:
    options.setdefault("as_root", True)
    return list(diff(iter(want), iter(got), **options))  # type: ignore[arg-type]


def codes(want: list[Entry], got: list[Entry], **options: object) -> list[tuple[str, str, str]]:
    return [(one.code, one.path, one.kind) for one in differences(want, got, **options)]


@given(trees())
def test_nothing_differs_from_itself(tree: list[Entry]) -> None:
    assert differences(tree, tree) == []
    assert matches(iter(tree), iter(tree), as_root=True)


def _without_losses(tree: list[Entry]) -> list[Entry]:
    return [
        one._replace(mtime_ns=kept_mtime_ns(one.mtime_ns)) for one in tree if one.type != "socket"
    ]


@given(trees(), trees())
def test_swapping_the_sides_swaps_missing_and_extra(a: list[Entry], b: list[Entry]) -> None:
    swap = {"missing-path": "extra-path", "extra-path": "missing-path"}

    def plain(found: list[Difference]) -> list[tuple[str, str]]:
        # Losses are one-sided by nature: what duplicity drops is not what it adds.
        return [(o.code, o.path) for o in found if o.code != "known-loss"]

    a, b = _without_losses(a), _without_losses(b)
    there = [(swap.get(code, code), path) for code, path in plain(differences(a, b))]
    assert there == plain(differences(b, a))


@given(trees(), trees())
def test_differences_come_sorted_and_name_real_paths(a: list[Entry], b: list[Entry]) -> None:
    found = differences(a, b)
    keys = [(one.want or one.got).sort_key for one in found if one.want or one.got]
    assert keys == sorted(keys)
    assert {one.path for one in found} <= {one.path for one in (*a, *b)}


def _next_second(one: Entry) -> Entry:
    return one._replace(mtime_ns=kept_mtime_ns(max(one.mtime_ns, 0)) + 2 * NS)


CHANGES: list[tuple[str, tuple[str, ...], Callable[[Entry], Entry]]] = [
    ("digest-differs", ("file",), lambda one: one._replace(digest="bb" * 32)),
    ("digest-differs", ("file",), lambda one: one._replace(size_bytes=one.size_bytes + 1)),
    ("link-target-differs", ("symlink",), lambda one: one._replace(target=one.target + "x")),
    ("device-differs", ("char", "block"), lambda one: one._replace(device=(4096, 7))),
    ("mode-differs", ("file", "dir", "fifo", "char"), lambda one: one._replace(mode=one.mode ^ 1)),
    ("mode-differs", ("file",), lambda one: one._replace(mode=one.mode ^ 0o4000)),
    ("owner-differs", ("file", "dir", "symlink"), lambda one: one._replace(uid=one.uid + 1)),
    ("owner-differs", ("file", "dir", "symlink"), lambda one: one._replace(gid=one.gid + 1)),
    ("mtime-differs", ("file", "dir", "fifo"), _next_second),
    ("type-differs", ("file", "dir"), lambda one: entry(one.path, "fifo", mode=0o7, uid=9)),
]


@pytest.mark.parametrize(("code", "types", "change"), CHANGES)
@settings(max_examples=25)
@given(tree=trees(), data=st.data())
def test_each_single_change_is_found_with_exactly_its_code(
    code: str,
    types: tuple[str, ...],
    change: Callable[[Entry], Entry],
    tree: list[Entry],
    data: st.DataObject,
) -> None:
    tree = in_order([*tree, *(entry(f"zz-{kind}", kind) for kind in types)])  # type: ignore[arg-type]
    places = [place for place, one in enumerate(tree) if one.type in types]
    place = data.draw(st.sampled_from(places))
    changed = [*tree]
    changed[place] = change(tree[place])
    assert codes(tree, changed) == [(code, tree[place].path, "")]
    assert not matches(iter(tree), iter(changed), as_root=True)


@given(tree=trees(), data=st.data())
def test_a_path_gone_is_missing_and_a_path_more_is_extra(
    tree: list[Entry], data: st.DataObject
) -> None:
    tree = [one for one in tree if one.type != "socket"]
    lost = data.draw(st.sampled_from(tree))
    rest = [one for one in tree if one is not lost]
    assert codes(tree, rest) == [("missing-path", lost.path, "")]
    assert codes(rest, tree) == [("extra-path", lost.path, "")]


LOSSES: list[tuple[str, Entry, Entry | None]] = [
    ("hard-link", entry("f", link_group="f"), entry("f")),
    ("xattr", entry("f", xattrs="cc" * 32), entry("f")),
    ("xattr", entry("f", "dir", xattrs="cc" * 32), entry("f", "dir", xattrs="dd" * 32)),
    ("hole", entry("f", has_holes=True), entry("f")),
    ("sub-second-mtime", entry("f", mtime_ns=5 * NS + 7), entry("f", mtime_ns=5 * NS)),
    ("symlink-mtime", entry("f", "symlink"), entry("f", "symlink", mtime_ns=99 * NS)),
    ("pre-1970-mtime", entry("f", mtime_ns=-3 * NS), entry("f", mtime_ns=0)),
    ("pre-1970-mtime", entry("f", mtime_ns=-1), entry("f", mtime_ns=0)),
    ("socket", entry("f", "socket"), None),
]


@pytest.mark.parametrize(("kind", "want", "got"), LOSSES)
def test_a_known_loss_in_its_predicted_shape_is_no_failure(
    kind: str, want: Entry, got: Entry | None
) -> None:
    restored = [] if got is None else [got]
    assert codes([want], restored) == [("known-loss", "f", kind)]
    assert matches(iter([want]), iter(restored), as_root=True)


@pytest.mark.parametrize(
    ("was_ns", "is_ns"),
    [
        (5 * NS + 7, 7 * NS),  # off by two seconds
        (5 * NS + 7, 5 * NS + 8),  # a fraction that nobody stored
        (5 * NS, 5 * NS + 1),
        (-3 * NS, 1 * NS),  # before 1970 comes back as 1970 or it is wrong
        (-3 * NS, -4 * NS),
        (0, 1 * NS),
    ],
)
def test_an_mtime_that_is_not_the_predicted_one_differs(was_ns: int, is_ns: int) -> None:
    found = codes([entry("f", mtime_ns=was_ns)], [entry("f", mtime_ns=is_ns)])
    assert found == [("mtime-differs", "f", "")]


@given(st.integers(-3 * NS, 2**32 * NS))
def test_the_kept_mtime_is_what_python_makes_of_a_stat(mtime_ns: int) -> None:
    kept = kept_mtime_ns(mtime_ns)
    assert kept % NS == 0
    assert abs(kept - max(0, mtime_ns)) <= NS


@pytest.mark.parametrize("fraction", [0, 1, 500_000_000, 999_999_000, 999_999_999])
def test_the_kept_mtime_is_rounded_as_os_stat_rounds(tmp_path: Path, fraction: int) -> None:
    file = tmp_path / "f"
    file.touch()
    os.utime(file, ns=(0, 1_700_000_000 * NS + fraction))
    status = file.stat()
    assert kept_mtime_ns(status.st_mtime_ns) == int(status.st_mtime) * NS


# One restored entry for each line of NOT_COMPARED that an entry can show at all.
IGNORED: dict[str, tuple[Entry, Entry, dict[str, object]]] = {
    "mode of symlinks": (entry("f", "symlink"), entry("f", "symlink", mode=0o700), {}),
    "extended attributes, holes and hard links that only the restore has": (
        entry("f"),
        entry("f", xattrs="cc" * 32, has_holes=True, link_group="e"),
        {},
    ),
    "owners that only root can set, where the restore ran as an ordinary user": (
        entry("f", uid=33, gid=33),
        entry("f", uid=1000, gid=1000),
        {"as_root": False},
    ),
    "content of what could not be read (reported as truth-incomplete)": (
        entry("f", size_bytes=5, digest="", error="EACCES"),
        entry("f", size_bytes=6),
        {},
    ),
}
# What an entry does not even hold; test_capture shows that a change of it changes no entry.
NOT_HELD = {
    "atime, ctime and birth time",
    "inode, device and link count",
    "size of folders",
    "ACLs, capabilities and labels, but for being extended attributes that were lost",
    "file flags (chattr)",
}


@pytest.mark.parametrize("what", IGNORED)
def test_what_is_declared_as_not_compared_is_ignored(what: str) -> None:
    want, got, options = IGNORED[what]
    assert want != got
    assert codes([want], [got], **options) == []


def test_every_declared_blind_spot_has_its_test() -> None:
    assert set(NOT_COMPARED) == IGNORED.keys() | NOT_HELD
    assert not NOT_HELD & IGNORED.keys()


def test_every_column_of_an_entry_is_compared_or_declared() -> None:
    """A column added to Entry must be decided on here."""
    compared = {"path", "type", "mode", "uid", "gid", "mtime_ns", "size_bytes", "digest", "target"}
    losses = {"device", "link_group", "has_holes", "xattrs"}
    flags = {"error", "selected", "protected"}
    assert set(Entry._fields) == compared | losses | flags


def test_owners_of_an_ordinary_users_restore() -> None:
    mine = entry("f", uid=1000, gid=1000)
    assert codes([mine], [mine._replace(gid=7)], as_root=False) == [("owner-differs", "f", "")]
    assert codes([mine], [mine._replace(gid=7)], as_root=True, compare_owner=False) == []


def test_what_was_not_selected_is_no_difference_unless_it_came_back() -> None:
    hidden = entry("f", selected=False, protected=False)
    assert codes([hidden], []) == []
    assert codes([hidden], [entry("f")]) == [("selection-disagrees", "f", "")]
    assert codes([hidden], [entry("f", digest="bb" * 32)]) == [("selection-disagrees", "f", "")]


def test_a_protected_path_that_came_back_unselected_is_compared_all_the_same() -> None:
    hidden = entry("f", selected=False)
    assert codes([hidden], [entry("f", digest="bb" * 32)]) == [
        ("selection-disagrees", "f", ""),
        ("digest-differs", "f", ""),
    ]


@pytest.mark.parametrize(
    ("rules", "protected", "code"),
    [
        (False, False, "missing-path"),
        (True, False, "selection-disagrees"),
        (True, True, "missing-path"),
        (False, True, "missing-path"),
    ],
)
def test_a_missing_path_may_be_the_models_mistake_only_where_nothing_is_promised(
    rules: bool, protected: bool, code: str
) -> None:
    assert codes([entry("f", protected=protected)], [], rules=rules) == [(code, "f", "")]


def test_one_restored_folder_is_compared_with_that_part_of_the_truth() -> None:
    truth = in_order(
        [
            entry(".", "dir"),
            entry("var", "dir"),
            entry("var/lib", "dir", mode=0o700),
            entry("var/lib-x"),
            entry("var/lib/a"),
            entry("var/lib/b", "dir"),
            entry("var/lib/b/c"),
            entry("z"),
        ]
    )
    restored = in_order(
        [
            entry(".", "dir", mode=0o711),
            entry("a", digest="bb" * 32),
            entry("b", "dir"),
            entry("d"),
        ]
    )
    assert codes(truth, restored, below="var/lib") == [
        ("mode-differs", "var/lib", ""),
        ("digest-differs", "var/lib/a", ""),
        ("missing-path", "var/lib/b/c", ""),
        ("extra-path", "var/lib/d", ""),
    ]


def test_one_restored_file_is_its_own_root() -> None:
    truth = [entry(".", "dir"), entry("etc", "dir"), entry("etc/passwd")]
    assert codes(truth, [entry(".")], below="etc/passwd") == []
    assert codes(truth, [], below="/etc/passwd") == [("missing-path", "etc/passwd", "")]
    assert codes(truth, [entry(".")], below="etc/nothing") == [("extra-path", "etc/nothing", "")]


def test_what_lies_below_a_folder_that_could_not_be_listed_is_not_extra() -> None:
    truth = [entry(".", "dir"), entry("d", "dir", error="EACCES")]
    restored = [entry(".", "dir"), entry("d", "dir"), entry("d-e"), entry("d/e"), entry("d/e/f")]
    assert codes(truth, restored) == [("extra-path", "d-e", "")]


def test_a_path_that_lstat_could_not_look_at_is_compared_by_type_alone() -> None:
    truth = [entry("f", mode=0, uid=-1, gid=-1, mtime_ns=0, digest="", error="EACCES")]
    assert codes(truth, [entry("f")]) == []
    assert codes(truth, [entry("f", "dir")]) == [("type-differs", "f", "")]
    assert codes(truth, []) == [("missing-path", "f", "")]


def test_a_restored_socket_is_an_ordinary_path() -> None:
    assert codes([entry("s", "socket")], [entry("s", "socket")]) == []


# ---------------------------------------------------------------- what changed meanwhile


BEFORE = [
    entry(".", "dir"),
    entry("a", digest="old", size_bytes=9, mtime_ns=5 * NS),
    entry("gone", digest="x"),
    entry("same", digest="y"),
]
AFTER = [
    BEFORE[0]._replace(mtime_ns=7 * NS),
    BEFORE[1]._replace(digest="new", size_bytes=8, mtime_ns=7 * NS),
    entry("made", digest="z"),
    BEFORE[3],
]


def meanwhile(got: list[Entry], **options: object) -> list[tuple[str, str, str]]:
    return codes(BEFORE, got, flux=flux(iter(BEFORE), iter(AFTER)), **options)


def test_flux_is_what_differs_between_two_trees() -> None:
    found = flux(iter(BEFORE), iter(AFTER))
    assert list(found) == [".", "a", "gone", "made"]
    assert found["gone"] == (BEFORE[2], None) and found["made"] == (None, AFTER[2])


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_what_changed_meanwhile_may_be_of_either_state(choice: list[bool]) -> None:
    old, new = {one.path: one for one in BEFORE}, {one.path: one for one in AFTER}
    paths = zip((".", "a", "gone", "made"), choice, strict=True)
    got = [(new if is_new else old).get(path) for path, is_new in paths]
    assert meanwhile(in_order([*(one for one in got if one is not None), BEFORE[3]])) == []


def test_a_file_of_neither_state_is_torn_and_only_its_content_may_be() -> None:
    for state in (BEFORE[1], AFTER[1]):
        torn = state._replace(digest="mixed", size_bytes=11)
        got = [BEFORE[0], torn, *BEFORE[2:]]
        assert meanwhile(got) == [("changed-while-read", "a", "")]
    wrong = BEFORE[1]._replace(digest="mixed", mtime_ns=6 * NS)
    found = meanwhile([BEFORE[0], wrong, *BEFORE[2:]])
    assert ("digest-differs", "a", "") in found and ("mtime-differs", "a", "") in found
    link = entry("a", "symlink", target="x")
    assert ("type-differs", "a", "") in meanwhile([BEFORE[0], link, *BEFORE[2:]])


def test_what_was_there_all_the_time_and_what_stood_still_is_judged_as_ever() -> None:
    assert meanwhile([BEFORE[0], *BEFORE[2:]]) == [("missing-path", "a", "")]
    got = [*BEFORE[:3], BEFORE[3]._replace(digest="other")]
    assert meanwhile(got) == [("digest-differs", "same", "")]
    stranger = in_order([*BEFORE, entry("never")])
    assert meanwhile(stranger) == [("extra-path", "never", "")]


def test_flux_goes_by_paths_of_the_source_in_a_restore_of_one_path() -> None:
    before = [entry(".", "dir"), entry("b", "dir"), entry("b/a", digest="old")]
    after = [*before[:2], before[2]._replace(digest="new")]
    got = [entry(".", "dir"), entry("a", digest="torn")]
    seen = flux(iter(before), iter(after))
    assert codes(before, got, below="b", flux=seen) == [("changed-while-read", "b/a", "")]
    alone = [entry(".", digest="new")]
    assert codes(before, alone, below="b/a", flux=seen) == []
