from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drtest.gateway import Gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    with Gateway(folder, log=folder / "requests.jsonl") as running:
        yield running
        assert running.is_alive, running.log_tail()
    assert running.log_tail() == ()
