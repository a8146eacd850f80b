"""Stored trees come back as they were, small, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import NS, entry, in_order, trees

from drtest.chance import Seed
from drtest.errors import DrtestError
from drtest.model.history import Trees
from drtest.model.tree import Entry
from drtest.oracle.trees import TreeStore, TreeSummary


@pytest.fixture
def store(tmp_path: Path) -> TreeStore:
    return TreeStore(tmp_path / "trees")


def many(files: int) -> list[Entry]:
    folders = [entry(f"d{number:04d}", "dir") for number in range(files // 100)]
    return in_order(
        [entry(".", "dir"), *folders]
        + [
            entry(f"d{number % len(folders):04d}/f{number:06d}", digest=f"{number:064x}")
            for number in range(files)
        ]
    )


def test_it_is_what_a_history_reads(store: TreeStore) -> None:
    as_history_sees_it: Trees = store
    store.record_truth(0, [entry(".", "dir")])
    store.record_restored("d1.1-0", [entry(".", "dir")], like=0)
    assert list(as_history_sees_it.truth(0)) == list(as_history_sees_it.restored("d1.1-0"))


@settings(max_examples=40)
@given(st.lists(trees(), min_size=1, max_size=4), st.data())
def test_random_trees_come_back(drawn: list[list[Entry]], data: st.DataObject) -> None:
    flags = st.tuples(st.booleans(), st.booleans(), st.sampled_from(["", "EACCES"]))

    def flagged(tree: list[Entry]) -> list[Entry]:
        marks = data.draw(st.lists(flags, min_size=len(tree), max_size=len(tree)))
        return [
            one._replace(selected=selected, protected=protected, error=error)
            for one, (selected, protected, error) in zip(tree, marks, strict=True)
        ]

    truths = [flagged(tree) for tree in drawn]
    with tempfile.TemporaryDirectory() as folder:
        store = TreeStore(Path(folder))
        for number, tree in enumerate(truths):
            store.record_truth(number, iter(tree))
        for number, tree in enumerate(truths):
            store.record_restored(f"like-{number}", iter(drawn[-1]), like=number)
            assert list(store.truth(number)) == tree
            assert list(store.restored(f"like-{number}")) == drawn[-1]
        store.record_restored("alone", iter(drawn[0]), like=None)
        assert list(store.restored("alone")) == drawn[0]


def test_what_went_by_is_summed_up(store: TreeStore) -> None:
    tree = [entry(".", "dir"), entry("a", size_bytes=5), entry("b", size_bytes=7, error="EACCES")]
    assert store.record_truth(0, tree) == TreeSummary(
        paths=3, size_bytes=12, unreadable=(("b", "EACCES"),)
    )


def test_ten_thousand_entries_stream_through(store: TreeStore) -> None:
    tree = many(10_000)

    def stream() -> Iterator[Entry]:
        yield from tree

    assert store.record_truth(0, stream()).paths == len(tree)
    assert sum(1 for _ in store.truth(0)) == len(tree)
    first = next(store.truth(0))  # reading need not go on to the end
    assert first.path == "."


def test_two_hundred_truths_take_less_than_five_times_one(store: TreeStore) -> None:
    tree = many(400)
    rng = Seed(value=1).child("churn").rng()
    kept: dict[int, list[Entry]] = {}
    for number in range(200):
        for _ in range(len(tree) // 100):
            place = rng.randrange(len(tree))
            if tree[place].type == "file":
                tree[place] = tree[place]._replace(
                    digest=f"{rng.getrandbits(256):064x}", mtime_ns=number * NS
                )
        store.record_truth(number, tree)
        if number in (0, 1, 127, 128, 129, 130, 199):
            kept[number] = [*tree]
    files = sorted((store.folder / "truth").iterdir())
    assert len(files) == 200
    assert sum(file.stat().st_size for file in files) < 5 * files[0].stat().st_size
    for number, then in kept.items():
        assert list(store.truth(number)) == then


def test_a_chain_of_differences_is_cut_where_it_gets_heavy(store: TreeStore) -> None:
    for number in range(6):
        tree = [one._replace(mtime_ns=number * NS) for one in many(200)]
        store.record_truth(number, tree)
    sizes = [file.stat().st_size for file in sorted((store.folder / "truth").iterdir())]
    heads = [
        '"base":null' in file.read_text().splitlines()[0]
        for file in sorted((store.folder / "truth").iterdir())
    ]
    assert heads[0] and not heads[1] and sum(heads) == 2, sizes


def test_a_restored_tree_is_stored_as_what_duplicity_was_not_expected_to_do(
    store: TreeStore,
) -> None:
    truth = [
        one._replace(mtime_ns=one.mtime_ns + 123, link_group="x" if one.type == "file" else "")
        for one in many(300)
    ]
    restored = many(300)
    restored[5] = restored[5]._replace(mode=0o600)
    store.record_truth(0, truth)
    store.record_restored("r", restored, like=0)
    file = store.folder / "restored" / "r.jsonl"
    assert len(file.read_text().splitlines()) == 3  # head, one row, end
    assert list(store.restored("r")) == restored


def test_a_part_is_stored_as_the_difference_from_that_part(store: TreeStore) -> None:
    store.record_truth(0, many(300))
    part = [entry(".", "dir")] + [
        one._replace(path=one.path.removeprefix("d0001/"))
        for one in many(300)
        if one.path.startswith("d0001/")
    ]
    store.record_restored("r", part, like=0, below="d0001")
    assert len((store.folder / "restored" / "r.jsonl").read_text().splitlines()) == 2
    assert list(store.restored("r")) == part


def test_the_point_that_a_wrong_restore_is_right_for_is_found(store: TreeStore) -> None:
    for number in range(4):
        store.record_truth(number, [entry(".", "dir"), entry("f", digest=f"{number:064x}")])
    store.record_restored("r", store.truth(2), like=3)
    store.record_restored("other", [entry(".", "dir")], like=3)
    assert store.find_match("r", [3, 1, 2, 0], as_root=True) == 2
    assert store.find_match("r", [3, 1], as_root=True) is None
    assert store.find_match("other", [0, 1, 2, 3], as_root=True) is None


def test_a_truth_is_never_recorded_twice(store: TreeStore) -> None:
    store.record_truth(0, [entry(".", "dir")])
    with pytest.raises(DrtestError, match="truth 0 is already recorded"):
        store.record_truth(0, [entry(".", "dir")])


@pytest.mark.parametrize("name", ["", "../r", "a/b", ".hidden", "a\nb"])
def test_a_name_cannot_leave_the_folder(store: TreeStore, name: str) -> None:
    with pytest.raises(DrtestError, match="cannot name"):
        store.record_restored(name, [], like=None)


def test_a_tree_that_breaks_off_leaves_nothing_behind(store: TreeStore) -> None:
    def breaks() -> Iterator[Entry]:
        yield entry(".", "dir")
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store.record_truth(0, breaks())
    assert list((store.folder / "truth").iterdir()) == []
    store.record_truth(0, [entry(".", "dir")])


def test_a_stream_out_of_order_is_refused(store: TreeStore) -> None:
    with pytest.raises(DrtestError, match="out of order"):
        store.record_truth(0, [entry("b"), entry("a")])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not begin"),
        ("hello\n", "no JSON"),
        ("[]\n", "does not begin"),
        ('{"format":"other"}\n', "does not begin"),
        ('{"format":"drtest-tree","schema_version":99}\n', "schema version is 99"),
        ('{"format":"drtest-tree","schema_version":1,"colour":1}\n', "first line"),
        ('{"format":"drtest-tree","schema_version":1}\n', "cut short"),
        ('{"format":"drtest-tree","schema_version":1}\n["a","file"]\n', "row"),
        ('{"format":"drtest-tree","schema_version":1}\n{"rows":3}\n', "names 3 rows, it has 0"),
    ],
)
def test_an_alien_or_broken_file_is_named(store: TreeStore, text: str, why: str) -> None:
    store.record_truth(0, [entry(".", "dir")])
    (store.folder / "truth" / "00000.jsonl").write_text(text)
    with pytest.raises(DrtestError, match=why):
        list(store.truth(0))


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_a_file_cut_anywhere_is_noticed(at: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = TreeStore(Path(folder))
        store.record_truth(0, many(100))
        file = Path(folder, "truth", "00000.jsonl")
        data = file.read_bytes()
        file.write_bytes(data[: at % (len(data) - 1)])  # the last newline alone says nothing
        with pytest.raises(DrtestError, match="no whole stored tree"):
            list(store.truth(0))


def test_an_unrecorded_truth_is_named(store: TreeStore) -> None:
    with pytest.raises(DrtestError, match="truth 3 is not recorded"):
        store.truth(3)
    with pytest.raises(DrtestError, match="no stored tree"):
        store.restored("nothing")
