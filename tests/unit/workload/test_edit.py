from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from drtest.chance import Seed
from drtest.model.scenario import ContentKind
from drtest.workload.edit import edit, sniff


@pytest.mark.parametrize("kind", get_args(ContentKind))
@pytest.mark.parametrize("before", [b"\0", b"a", b"\n", b"the "])
def test_a_tiny_file_differs_after_every_edit(
    kind: ContentKind, before: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    for seed in range(300):  # one byte drawn anew is the old one in 1 of 256
        file.write_bytes(before)
        edit(str(file), kind, Seed(value=seed).rng(), at_s=0)
        assert file.read_bytes() != before


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "text"),
        (b"plain\n", "text"),
        ("ä".encode() * 5000, "text"),
        (b"x" + "ä".encode() * 5000, "text"),  # the sample ends within a character
        (b"\x7fELF\0", "random"),
        (b"latin \xe4 and more", "random"),
        (b"x" * 8000 + b"\xff" + b"x" * 8000, "random"),
    ],
)
def test_text_is_told_by_its_first_bytes(content: bytes, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert sniff(str(file)) == kind
