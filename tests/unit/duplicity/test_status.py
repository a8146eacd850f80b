"""Exit statuses by duplicity's own names."""

from __future__ import annotations

import pytest
from support.asking import ask

from drtest.duplicity.status import NAMES, name_of
from drtest.duplicity.versions import Duplicity

READ = """
from duplicity.log import ErrorCode
def answer(_):
    own = {name: value for name, value in vars(ErrorCode).items() if not name.startswith("__")}
    return [[value, name] for name, value in own.items() if isinstance(value, int)]
"""


def test_names_are_those_of_duplicity(duplicity: Duplicity) -> None:
    (real,) = ask(duplicity, READ, [None])
    assert {0: "ok", **dict(real)} == NAMES


@pytest.mark.parametrize(
    ("status", "name"),
    [(0, "ok"), (-9, "SIGKILL"), (-64, "SIGRTMAX"), (-99, "signal_99"), (99, "status_99")],
)
def test_what_is_no_status_of_duplicity_has_a_name_too(status: int, name: str) -> None:
    assert name_of(status) == name
