"""What a scenario's place in a run decides."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from drtest.runner.bench import Bench, Stand
from drtest.scenario import loads

SCENARIO = """\
scenario: one
why: A test of the runner.
source:
  /a: {{content: a}}
objectives: {{rto: 1h, real-size: {real_size}}}
calendar:
  - at: 2026-01-01 03:00
    do: [backup]
drills:
  - restore: everything
    at: newest
"""


@pytest.mark.parametrize(("real_size", "at_once"), [("true", 1), ("false", 3)])
def test_restores_whose_time_is_judged_run_one_by_one(
    tmp_path: Path, real_size: str, at_once: int
) -> None:
    (scenario,) = loads(SCENARIO.format(real_size=real_size))
    stand = Stand(
        bench=cast(Bench, SimpleNamespace(parallel=3)),
        scenario=scenario,
        number=1,
        folder=tmp_path,
        wrecks=tmp_path,
    )
    assert stand.restores_at_once == at_once
