"""Object names both ways, and as duplicity's own parser reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.asking import ask

from drtest.duplicity.versions import Duplicity
from drtest.model.interval import epoch
from drtest.model.names import ObjectName, SetId, format_name, format_stamp, parse_name

# duplicity itself reads no year beyond 2099.
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 2), max_value=datetime(2099, 12, 31), timezones=st.just(UTC)
).map(lambda instant: instant.replace(microsecond=0))
KINDS = ["volume", "manifest", "signatures", "jsonstat"]


@st.composite
def names(draw: st.DrawFn, prefixes: st.SearchStrategy[str] | None = None) -> ObjectName:
    kind = draw(st.sampled_from(KINDS))
    return ObjectName(
        kind=kind,
        set=SetId(at=draw(INSTANTS), base_at=draw(st.none() | INSTANTS)),
        volume=draw(st.integers(1, 10**6)) if kind == "volume" else None,
        suffix=draw(st.sampled_from(["", "gz", "gpg", "p7m"])),
        prefix=draw(st.just("") if prefixes is None else prefixes),
        is_partial=draw(st.booleans()) if kind in {"manifest", "signatures"} else False,
    )


PREFIXES = st.one_of(
    st.text(max_size=10), st.sampled_from(["a/b-", "duplicity-", "duplicity-full.", "x\n"])
)


@given(names(PREFIXES))
def test_a_name_is_read_as_what_it_was_made_of(name: ObjectName) -> None:
    assert parse_name(format_name(name)) == name


@given(st.text(max_size=40), names(), st.integers(0, 60), st.integers(0, 3))
def test_what_is_read_gives_the_key_again(junk: str, name: ObjectName, at: int, cut: int) -> None:
    key = format_name(name)
    spoilt = key[:at] + junk[:3] + key[at + cut :]
    for one in (junk, spoilt, key + junk):
        read = parse_name(one)
        if read.kind != "other":
            # Leading zeros of a volume are all that is not kept; duplicity writes none.
            assert format_name(read) == one or ".vol0" in one


READ = """
from duplicity import config, file_naming
config.file_prefix = config.file_prefix_archive = config.file_prefix_manifest = b""
config.file_prefix_signature = config.file_prefix_jsonstat = b""
def answer(key):
    read = file_naming.parse(key.encode())
    if read is None:
        return None
    return [read.type, bool(read.manifest), read.volume_number, read.time or read.end_time,
            read.start_time, bool(read.encrypted), bool(read.partial)]
"""


# No shrinking: each try starts duplicity's Python, and a failing row names itself.
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(made=st.lists(names(), min_size=50, max_size=100))
def test_duplicity_reads_the_same(duplicity: Duplicity, made: list[ObjectName]) -> None:
    keys = [format_name(one) for one in made]
    for name, key, real in zip(made, keys, ask(duplicity, READ, keys), strict=True):
        assert name.set is not None
        type_ = "full" if name.set.is_full else "inc"
        if name.kind == "signatures":
            type_ = "full-sig" if name.set.is_full else "new-sig"
        elif name.kind == "jsonstat":
            type_ += "-stat"
        assert real is not None, key
        assert real[:4] == [type_, name.kind == "manifest", name.volume, epoch(name.set.at)], key
        if not name.set.is_full and name.kind != "jsonstat":
            assert real[4] == epoch(name.set.base_at or name.set.at), key
        assert real[5:] == [name.is_encrypted, name.is_partial], key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "notes.txt",
        "duplicity-full.20260101T030000Z",
        "duplicity-full.20260101T030000Z.vol1.difftar.gpg.bak",
        "duplicity-full.20261301T030000Z.manifest",
        "duplicity-full.20260101T030000Z.vol.difftar",
        "duplicity-full.20260101T030000Z.vol١.difftar",
        "duplicity-inc.20260101T030000Z.manifest",
    ],
)
def test_the_rest_is_other(key: str) -> None:
    assert parse_name(key) == ObjectName(kind="other", set=None)


def test_other_has_no_name() -> None:
    with pytest.raises(ValueError, match="other"):
        format_name(ObjectName(kind="other", set=None))


@given(INSTANTS)
def test_stamps_sort_as_instants_do(instant: datetime) -> None:
    assert (format_stamp(instant) < "20300101T000000Z") == (
        instant < datetime(2030, 1, 1, tzinfo=UTC)
    )
