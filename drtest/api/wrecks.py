"""Where wrecks are kept, and which of them stay."""

from __future__ import annotations

import contextlib
from pathlib import Path

from drtest.api.options import cache_folder
from drtest.runner.workspace import remove_tree
from drtest.runner.wreck import size_bytes


def root() -> Path:
    """Return where wrecks are kept: outside the reports, for their owner alone."""
    folder = cache_folder() / "wrecks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def settle(wreck: Path, *, as_expected: bool, keep_max_bytes: int) -> None:
    """Keep one scenario's wreck, or remove it where it ended as expected or is too large."""
    if as_expected or size_bytes(wreck) > keep_max_bytes:
        remove_tree(wreck)


def end(run: str) -> None:
    """Remove the folder for the wrecks of *run* where none is in it."""
    with contextlib.suppress(OSError):  # there is one, or there never was any
        (root() / run).rmdir()
