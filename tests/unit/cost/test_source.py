from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.cost.shapes import MIB, SetSizes
from drtest.cost.sizes import (
    Content,
    block_bytes,
    cut,
    lay_out,
    recut,
    signature_bytes,
    volume,
)
from drtest.cost.source import change, expected, mean_and_spread, observed
from drtest.model.scenario import (
    Count,
    FileSet,
    LiteralFile,
    Mutation,
    MutationVerb,
    PathTarget,
    Share,
    Size,
    Symlink,
)
from drtest.model.tree import Entry

ONE_MIB = Size(shape="fixed", low_bytes=MIB, high_bytes=MIB)
MEDIA = FileSet(path="/srv/m", files=10, size=ONE_MIB, kind="random", depth=0)


class TestVolumes:
    @pytest.mark.parametrize(("volsize", "want"), [(1, 51), (2, 25), (5, 10), (10, 5)])
    def test_how_many_hold_50_mb_that_do_not_compress(self, volsize: int, want: int) -> None:
        # Counted in real runs, facts duplicity 2.d
        assert -(-50_000_000 // volume(volsize, "gzip").payload_bytes) == want

    def test_gpg_volumes_are_larger_than_they_are_asked_to_be(self) -> None:
        found = volume(1, "gpg")
        assert found.object_bytes == pytest.approx(1_082_630, rel=0.001)  # seen
        assert -(-50_000_000 // found.payload_bytes) == 48

    def test_four_whole_volumes_of_gpg_and_a_rest(self) -> None:
        # Seen: 4,266,679 bytes of content in one volume are four of 1,082,630 and one of 51,026
        content = Content(stored_bytes=4_266_679, entries=0, signatures_bytes=0, path_bytes=0)
        found = lay_out(content, volsize_mib=1, frame="gpg")
        assert found.volumes == 5
        assert found.difftar_bytes == pytest.approx(4 * 1_082_630 + 51_026, rel=0.005)

    @given(
        payload=st.integers(0, 10**9),
        volsize=st.integers(1, 50),
        other=st.integers(1, 50),
        frame=st.sampled_from(["gzip", "gpg"]),
    )
    def test_cutting_anew_and_back_keeps_the_content(
        self, payload: int, volsize: int, other: int, frame: str
    ) -> None:
        def once(seen: SetSizes, to: int) -> SetSizes:
            return recut(seen, volsize_mib=to, frame=frame, block_stored_bytes=65_536)  # type: ignore[arg-type]

        first = cut(
            payload,
            volume(volsize, frame),  # type: ignore[arg-type]
            signatures_bytes=5,
            manifest_bytes=9,
            frame=frame,  # type: ignore[arg-type]
        )
        again = once(once(first, other), volsize)
        assert abs(again.volumes - first.volumes) <= 1
        assert again.difftar_bytes == pytest.approx(first.difftar_bytes, rel=0.05, abs=200)
        assert again.manifest_bytes == pytest.approx(first.manifest_bytes, abs=200)


class TestSignatures:
    @pytest.mark.parametrize(
        ("size_bytes", "percent"), [(MIB, 1.2), (2 * MIB, 0.8), (100 * MIB, 0.12), (200_000, 2.3)]
    )
    def test_share_of_a_file(self, size_bytes: int, percent: float) -> None:
        assert signature_bytes(size_bytes) / size_bytes * 100 == pytest.approx(percent, rel=0.05)

    @given(st.integers(0, 10**13))
    def test_a_block_is_the_square_root_rounded_up(self, size_bytes: int) -> None:
        block = block_bytes(size_bytes)
        assert block % 512 == 0 and block >= 512
        assert math.isqrt(size_bytes) <= block < math.isqrt(size_bytes) + 1024


class TestExpected:
    def test_counts_and_bytes(self) -> None:
        shape = expected(
            (MEDIA, LiteralFile(path="/etc/a", content="abc"), Symlink(path="/etc/b", target="a"))
        )
        assert shape.files == 11
        assert shape.content().stored_bytes == pytest.approx(10 * MIB, rel=0.001)
        assert shape.most_stored_bytes >= 10 * MIB
        assert not shape.why_estimate

    def test_about_is_the_mean_of_a_cut_lognormal(self) -> None:
        mean, _ = mean_and_spread(Size(shape="about", low_bytes=4096, high_bytes=10**9))
        assert mean == pytest.approx(4096 * math.exp(0.5), rel=0.001)
        cut_short, _ = mean_and_spread(Size(shape="about", low_bytes=4096, high_bytes=4096))
        assert 2048 < cut_short <= 4096

    @given(low=st.integers(0, 10**6), more=st.integers(0, 10**6))
    def test_a_mean_lies_between_the_ends(self, low: int, more: int) -> None:
        mean, _ = mean_and_spread(Size(shape="uniform", low_bytes=low, high_bytes=low + more))
        assert low <= mean <= low + more


def entry(path: str, size_bytes: int = 0, *, is_file: bool = True, **more: object) -> Entry:
    return Entry(
        path=path,
        type="file" if is_file else "dir",
        mode=0o644,
        uid=0,
        gid=0,
        mtime_ns=0,
        size_bytes=size_bytes,
        **more,  # type: ignore[arg-type]
    )


def test_observed_takes_what_is_selected() -> None:
    tree = [
        entry(".", is_file=False),
        entry("a", 1000),
        entry("b", 3000),
        entry("left-out", 10**9, selected=False),
        entry("unreadable", 10**9, error="EACCES"),
    ]
    shape = observed(tree, ratio=0.5)
    assert (shape.files, shape.others) == (2, 1)
    assert shape.content().stored_bytes == 2000
    assert shape.most_stored_bytes >= 4000
    assert observed([entry(".", is_file=False)], ratio=1).files == 0


def mutate(verb: MutationVerb, *targets: Share | Count | PathTarget) -> Mutation:
    return Mutation(verb=verb, targets=targets)


class TestChange:
    shape = expected((MEDIA,))

    def test_add_grows_and_delete_shrinks(self) -> None:
        added = change([mutate("add", Count(files=5))], self.shape)
        assert added.shape.files == pytest.approx(15)
        assert added.content.stored_bytes == pytest.approx(5 * MIB, rel=0.001)
        deleted = change([mutate("delete", Count(files=5))], self.shape)
        assert deleted.shape.files == pytest.approx(5)
        assert deleted.content.stored_bytes == 0

    def test_an_edit_stores_little_and_a_rename_the_whole_file(self) -> None:
        edited = change([mutate("edit", Share(of_files=0.5))], self.shape).content
        renamed = change([mutate("rename", PathTarget(path="/srv/m/x"))], self.shape).content
        assert edited.stored_bytes < 5 * 4096
        assert renamed.stored_bytes == pytest.approx(MIB, rel=0.001)

    @pytest.mark.parametrize("verb", ["truncate", "chmod", "touch"])
    def test_what_changes_no_content_changes_signatures_alone(self, verb: MutationVerb) -> None:
        content = change([mutate(verb, Count(files=2))], self.shape).content
        assert content.stored_bytes == 0
        assert content.signatures_bytes == pytest.approx(2 * signature_bytes(MIB))

    def test_no_more_files_change_than_there_are(self) -> None:
        everything = change([mutate("delete", Count(files=99))], self.shape)
        assert everything.shape.files == 0
        nothing = change([mutate("edit", Count(files=3))], everything.shape)
        assert nothing.content.stored_bytes == 0

    @given(
        verb=st.sampled_from(
            ["edit", "append", "add", "rename", "delete", "truncate", "chmod", "touch"]
        ),
        files=st.integers(0, 30),
    )
    def test_what_is_stored_is_at_most_what_is_said(self, verb: MutationVerb, files: int) -> None:
        found = change([mutate(verb, Count(files=files))], self.shape)
        assert 0 <= found.content.stored_bytes <= found.most_bytes
        assert found.shape.files >= 0
