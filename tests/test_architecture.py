"""The layout is a rule: imports go down only, each door is the only one, the map is true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import drtest
from drtest import errors

PACKAGE = Path(drtest.__file__).parent

BASE = frozenset({"errors", "model"})
DOORS = frozenset({"process", "clock", "chance"})
LEAVES = frozenset(
    {"scenario", "workload", "oracle", "duplicity", "keys", "store", "gateway", "cost"}
)
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "model": frozenset({"errors"}),
    **dict.fromkeys(DOORS, BASE | DOORS),
    **dict.fromkeys(LEAVES - {"cost"}, BASE | DOORS),  # leaves never import each other
    "cost": BASE,  # pure
    "checks": BASE | {"oracle", "cost"},
    "report": BASE | {"clock"},  # the pace of redrawing; never the runner, never a price
    "runner": BASE | DOORS | LEAVES - {"scenario", "cost"} | {"checks"},  # never report
    "api": BASE | DOORS | LEAVES | {"checks", "runner", "report"},
    "cli": BASE | DOORS | LEAVES | {"checks", "runner", "report", "api"},
    "__main__": frozenset({"cli"}),
}
# Runs in duplicity's process, not in drtest's: imports nothing of drtest, and is imported by none.
PRELOADED = "duplicity/preload_parent.py"
# What may be said only inside the door that is named; the pattern, and where it is allowed.
BANS: dict[str, tuple[re.Pattern[str], frozenset[str]]] = {
    "processes": (
        re.compile(r"\bimport subprocess\b|\bos\.(system|popen|fork|exec\w+|posix_spawn\w*)\("),
        frozenset({"process/command.py", "process/child.py", "process/pipes.py", PRELOADED}),
    ),
    "time": (
        re.compile(
            r"\btime\.(time|time_ns|sleep|monotonic|perf_counter)\(|\bfrom time import\b"
            r"|\bdatetime\.(now|utcnow|today)\("
        ),
        frozenset({"clock.py"}),
    ),
    "chance": (
        re.compile(r"\brandom\.(?!Random\b)\w+\(|\bimport random\b|\buuid4\(|\bos\.urandom\("),
        frozenset({"chance.py"}),
    ),
}
# botocore wants a datetime of its own for signing in the store's probes; python-gnupg and the
# standard library start processes by themselves: what a library does inside is its own matter.


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_units(source: str) -> Iterator[tuple[int, str]]:
    """(line, unit) of every import of the package, at any depth; relative ones as "."."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                dotted = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                dotted = [f"{module}.{alias.name}" for alias in names]
            case ast.ImportFrom():
                yield node.lineno, "."
                continue
            case _:
                continue
        for name in dotted:
            root, _, rest = name.partition(".")
            if root == "drtest" and rest and rest != "__version__":
                yield node.lineno, rest.split(".")[0]


def violations(unit: str, source: str) -> list[str]:
    allowed = MAY_IMPORT[unit] | {unit}
    return [
        f"line {line}: {unit} may not import {target}"
        for line, target in imported_units(source)
        if target not in allowed
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    if unit_of(path) != "__init__":
        assert violations(unit_of(path), path.read_text()) == []


@pytest.mark.parametrize(
    ("unit", "source"),
    [
        ("oracle", "from drtest.runner import run\n"),
        ("oracle", "from drtest import runner\n"),
        ("oracle", "def f():\n    import drtest.gateway.meter\n"),
        ("report", "from drtest.runner import run\n"),
        ("cost", "from drtest.clock import real_now\n"),
        ("gateway", "from .meter import x\n"),
    ],
)
def test_a_wrong_import_is_seen(unit: str, source: str) -> None:
    assert violations(unit, source)


@pytest.mark.parametrize("what", BANS)
def test_each_door_is_the_only_one(what: str) -> None:
    pattern, allowed = BANS[what]
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in modules()
        if str(path.relative_to(PACKAGE)) not in allowed
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("processes", "import subprocess"),
        ("processes", "os.execve(path, argv, env)"),
        ("time", "now = datetime.now(UTC)"),
        ("time", "time.sleep(1)"),
        ("chance", "x = random.choice(y)"),
    ],
)
def test_a_second_door_is_seen(what: str, line: str) -> None:
    assert BANS[what][0].search(line)


def test_the_map_is_true() -> None:
    assert drtest.__doc__ is not None
    drawn = re.findall(r"^    (\w+) +\S", drtest.__doc__, re.MULTILINE)
    units = {unit_of(path) for path in modules()} - {"__init__", "__main__"}
    assert sorted(drawn) == sorted(units)


def test_every_unit_has_a_row_in_the_table() -> None:
    assert {unit_of(path) for path in modules()} - {"__init__"} == set(MAY_IMPORT)


def test_the_drawing_of_errors_lists_every_class() -> None:
    def walk(cls: type[errors.DrtestError], depth: int) -> list[tuple[int, str, int]]:
        mine = [(depth, cls.__name__, cls.exit_code)]
        ours = [sub for sub in cls.__subclasses__() if sub.__module__ == errors.__name__]
        return mine + [row for sub in ours for row in walk(sub, depth + 1)]

    assert errors.__doc__ is not None
    drawn = re.findall(r"^( *)[*x] (\w+) +exit (\d+)$", errors.__doc__, re.MULTILINE)
    listed = [(len(indent) // 2, name, int(code)) for indent, name, code in drawn]
    assert listed == walk(errors.DrtestError, 0)


def test_modules_have_a_docstring_and_modest_size() -> None:
    for path in modules():
        source = path.read_text()
        assert ast.get_docstring(ast.parse(source)), path
        if path.name != "finding.py":  # the catalogue: data, one row a code
            assert len(source.splitlines()) <= 400, f"{path} is too long to find one's way in"
