"""Manifests as duplicity 3.2.1 wrote them, whole and otherwise."""

from __future__ import annotations

import pytest

from drtest.model.manifest import VolumeLine, parse

ONE, TWO = "6d4150a10ba6aa5aa546c4ca019ab3bdbcdc279c", "1bc023a6ad4c299b9a5a92bac17ff46f53d8374a"
TEXT = f"""Hostname vm
Localdir /tmp/src
Volume 1:
    StartingPath   .  
    EndingPath     srv/a.jpg 4
    Hash SHA1 {ONE}
Volume 2:
    StartingPath   srv/a.jpg 5
    EndingPath     "srv/\\x41 b.mp4"  
    Hash SHA1 {TWO}
Filelist 2
    new      srv/a.jpg
    new      srv/b.mp4
""".encode()  # noqa: W291  (duplicity leaves the blanks)


def test_volumes_hashes_and_the_file_list() -> None:
    found = parse(TEXT)
    assert found.volumes == (VolumeLine(number=1, sha1=ONE), VolumeLine(number=2, sha1=TWO))
    assert found.files == 2


def test_after_a_resume_the_last_of_two_equal_volumes_counts() -> None:
    again = TEXT.replace(b"Volume 2:", b"Volume 1:")
    assert parse(again).volumes == (VolumeLine(number=1, sha1=TWO),)


def test_a_set_without_changes_is_a_manifest_too() -> None:
    assert parse(b"Hostname vm\nLocaldir /src\nFilelist 0\n").volumes == ()


@pytest.mark.parametrize("cut", [*range(20, len(TEXT) - 1, 7), len(TEXT) - 1])
def test_half_a_manifest_is_none(cut: int) -> None:
    """Cut at the end of a volume's line it may be a shorter one; anywhere else it shows."""
    half = TEXT[:cut]
    if half.endswith(b"\n") and b"Filelist" not in half and half.count(b"Hash") in (0, 1, 2):
        return
    with pytest.raises(ValueError, match="it "):
        parse(half)


@pytest.mark.parametrize("text", [b"", b"\x85\x01\x0c", b"hello\n"])
def test_something_else_is_none(text: bytes) -> None:
    with pytest.raises(ValueError, match="does not look like a manifest"):
        parse(text)
