"""What a disk refuses, told as drtest tells it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from drtest.errors import EnvironmentFault, OutOfSpace

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: OSError) -> bool:
    """Whether *error* means that the disk, or the user's quota on it, is used up."""
    return error.errno in _FULL


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError into OutOfSpace or EnvironmentFault, naming *path*."""
    try:
        yield
    except OSError as error:
        kind = OutOfSpace if is_full(error) else EnvironmentFault
        raise kind(f"{path} cannot be written: {error.strerror}") from error
