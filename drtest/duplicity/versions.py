"""Finds or provisions the duplicity under test and proves that it runs.

duplicity is not a dependency of drtest. ``3.2.1`` is installed by uv into the user's cache, in an
environment of its own with only what duplicity needs for S3; ``system`` is the one on PATH;
anything with a slash is a path. A distribution's package drags in 600 MB; this takes 40 MB.
"""

from __future__ import annotations

import fcntl
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uv

from drtest import process
from drtest.errors import ToolMissing, UsageError

DEFAULT = "3.2.1"
OLDEST_PROVISIONED = (2, 2, 4)  # older ones are source only and want librsync's headers
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){1,3}")
_SAYS = re.compile(r"^duplicity \$?(?:version)?\s*([0-9][0-9A-Za-z.]*)", re.MULTILINE)
VERIFY_TIMEOUT_S = 60.0
PROVISION_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicity:
    """One duplicity that was seen to run."""

    program: Path
    version: str
    which: str  # what the user asked for: "3.2.1", "system" or a path
    boto3: str = ""  # where drtest provisioned it

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers: (3, 2, 1)."""
        return tuple(int(part) for part in re.findall(r"[0-9]+", self.version)[:3])

    @property
    def is_modern(self) -> bool:
        """Whether it has the command line of 2.0 and later (facts 2.i)."""
        return self.release >= (2,)

    def __str__(self) -> str:
        return self.version


def find(which: str, *, cache: Path) -> Duplicity:
    """Return the duplicity that *which* names, provisioned below *cache* where it is a version.

    Raises UsageError for a word that names none, ToolMissing where it cannot be had or run.
    """
    if which == "system":
        program = process.find("duplicity", process.SYSTEM_PATH)
        if program is None:
            raise ToolMissing("duplicity is not on the system's PATH: apt-get install duplicity")
        return verify(program, which=which)
    if "/" in which:
        return verify(Path(which).expanduser().absolute(), which=which)
    if not _VERSION.fullmatch(which):
        raise UsageError(
            f"--duplicity {which}: allowed are a version such as {DEFAULT}, system, or a path"
        )
    return provision(which, cache=cache)


def verify(
    program: Path, *, which: str, boto3: str = "", timeout_s: float = VERIFY_TIMEOUT_S
) -> Duplicity:
    """Run ``program --version`` and return what it says; ToolMissing where it is no duplicity."""
    if not program.is_file() or not os.access(program, os.X_OK):
        raise ToolMissing(f"{program} is no program that can be executed")
    with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
        log = Path(folder) / "version.log"
        env = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": folder}
        done = process.run([str(program), "--version"], env=env, log=log, timeout_s=timeout_s)
        said = log.read_text(encoding="utf-8", errors="replace")
    found = _SAYS.search(said)
    if done.timed_out:
        raise ToolMissing(f"{program} --version did not end within {timeout_s:g} s")
    if done.status != 0 or found is None:
        last = said.strip().splitlines()[-1:] or ["(nothing)"]
        raise ToolMissing(
            f"{program} is no duplicity: --version ended with {done.status} "
            f"and said: {last[0][:200]}"
        )
    return Duplicity(program=program, version=found[1], which=which, boto3=boto3)


def provision(version: str, *, cache: Path) -> Duplicity:
    """Install *version* from PyPI below *cache*, once for each Python, and return it."""
    release = tuple(int(part) for part in version.split("."))
    if release < OLDEST_PROVISIONED:
        raise UsageError(
            f"--duplicity {version}: only {'.'.join(map(str, OLDEST_PROVISIONED))} and later come "
            "ready-made from PyPI; install it yourself and give its path, or say system"
        )
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    folder = cache / "duplicity" / f"{version}-{python}"
    with _only_one(folder.with_suffix(".lock")):
        done = folder / "complete"
        if not done.exists():
            _install(version, release, folder)
            done.touch()
    return verify(folder / "bin" / "duplicity", which=version, boto3=_boto3_of(folder))


def _install(version: str, release: tuple[int, ...], folder: Path) -> None:
    # Only what S3 needs; the wheel's own dependency list names every backend. Source: facts 2.j.
    needed = ["fasteners", "boto3", *(["pexpect"] if release[:2] == (3, 0) else [])]
    python = str(folder / "bin" / "python")
    tool = uv.find_uv_bin()
    steps = (
        [tool, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [tool, "pip", "install", "-q", "--python", python, "--no-deps", f"duplicity=={version}"],
        [tool, "pip", "install", "-q", "--python", python, *needed],
    )
    log = folder.with_suffix(".log")
    for step in steps:
        # The user's own environment: proxies, certificates and index settings are theirs to give.
        done = process.run(step, env=os.environ, log=log, timeout_s=PROVISION_TIMEOUT_S)
        if done.status != 0:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ToolMissing(
                f"duplicity {version} could not be had from PyPI: " + " ".join(said[-3:])[:600]
            )


def _boto3_of(folder: Path) -> str:
    found = next(folder.glob("lib/python*/site-packages/boto3-*.dist-info"), None)
    return found.name.removeprefix("boto3-").removesuffix(".dist-info") if found else ""


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Hold *lock* against other processes; the kernel lets go of it when its holder dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
