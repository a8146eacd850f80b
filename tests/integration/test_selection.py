"""drtest's own model of the selection rules, held against duplicity itself."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from drtest import process
from drtest.duplicity.preload import Preload
from drtest.duplicity.versions import Duplicity, find
from drtest.model.rule import FILTERS, ListLine, Rule
from drtest.oracle.capture import capture
from drtest.oracle.refusal import problems
from drtest.oracle.ruling import duplicity_arguments, write_lists
from drtest.oracle.selection import Selection

pytestmark = [pytest.mark.needs("gpg"), pytest.mark.slow]

# No name that is not UTF-8: duplicity 3.2.1 drops the stanza of such a path (a UnicodeEncodeError
# inside its logging), though it stores the path.
NAMES = ("a", "A", "b", "a-b", "c.py", "[x]", "s*", "n\n", "ü", "tmp", ".skip")
PARTS = (*NAMES, "*", "?", "*.py", "[ab]", "[!a]*", "[a-b]*", "[[]x]", "**", "a*", "[^b]")
REGEXPS = (
    *("^/a", r"^/[ab]/", r"\.py$", "/b$", "a", "tmp", "sel", "source", "/a/b|^/A", r"\A/a/"),
    *("(?i)^/a", "(?m)^/b", "(?s)a.b", "[^/]a$", "^", "$", "(?i)(?m)^.*B$", "(a)(b", "[z-a]"),
    *(r"^/\[x\]", "(?<!^)/b", "(?<=^/)a", "(/a)(?!/)"),
)
AT = datetime(2026, 1, 9, 3, 0, tzinfo=UTC)
AGES = (0, 86399, 86400, 86401, 90000)  # of files, in seconds before AT
ENV = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH}
EXAMPLES = int(os.environ.get("DRTEST_TEST_EXAMPLES", "200"))
few = HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much


@dataclass(frozen=True)
class Case:
    """A small tree (path -> what it is and how old) and rules over it."""

    root: str
    tree: dict[str, tuple[str, int]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


def globs(paths: list[str]) -> st.SearchStrategy[str]:
    made = st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["/", "/", "**", "**/", "ignorecase:/", "ignorecase:**", ""]),
            st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map("/".join),
            st.sampled_from(["", "", "", "/"]),
        ),
    )
    return made | st.sampled_from(paths).map(lambda path: f"/{path}") if paths else made


def filelists(paths: list[str]) -> st.SearchStrategy[Rule]:
    sign = st.sampled_from(["", "", "+ ", "- ", "+", "-", "  ", "-  "])
    wrap = st.sampled_from(["{}", "{}", "{} ", " {}", '"{}"', "'{}'", '"{}', "{}\r", "{}'"])
    written = st.builds(lambda s, w, p: s + w.format(p), sign, wrap, globs(paths))
    other = st.sampled_from(["", "  ", "# no", " # no", "- ", "'", '""', "- **", "\t"])
    lines = st.lists((written | other).map(lambda text: ListLine(text=text)), max_size=4)
    action = st.sampled_from(["include", "exclude"])
    return st.builds(
        lambda a, some: Rule(action=a, kind="filelist", lines=tuple(some)), action, lines
    )


def files_from(paths: list[str]) -> st.SearchStrategy[Rule]:
    path = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
    lines = st.lists(path | st.sampled_from([*paths, "", "/a"]), max_size=5)
    return lines.map(
        lambda some: Rule(
            action="exclude", kind="files-from", lines=tuple(ListLine(text=one) for one in some)
        )
    )


def one_rule(paths: list[str], *, is_modern: bool) -> st.SearchStrategy[Rule]:
    action = st.sampled_from(["include", "exclude"])
    pattern = st.builds(lambda a, p: Rule(action=a, pattern=p), action, globs(paths))
    regexp = st.builds(
        lambda a, p: Rule(action=a, kind="regexp", pattern=p), action, st.sampled_from(REGEXPS)
    )
    others = [
        filelists(paths),
        regexp,
        st.sampled_from([".skip", "a", "c.py"]).map(
            lambda name: Rule(action="exclude", kind="if-present", pattern=name)
        ),
        st.just(Rule(action="exclude", kind="older-than", pattern="1D")),
        st.just(Rule(action="exclude", kind="device-files")),
        st.just(Rule(action="exclude", kind="other-filesystems")),
    ]
    if is_modern:
        filters = st.sampled_from(FILTERS).map(
            lambda name: Rule(action="filter", kind="filter", pattern=name)
        )
        others += [filters, filters, files_from(paths)]
    return pattern | st.one_of(others)


@st.composite
def cases(draw: st.DrawFn, *, is_modern: bool = True) -> Case:
    parts = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
    kinds = st.sampled_from(["file", "file", "dir", "symlink", "fifo", "device", "socket"])
    tree: dict[str, tuple[str, int]] = {}
    for path in draw(st.lists(parts, max_size=10)):
        tree["/".join(path)] = draw(kinds), draw(st.sampled_from(AGES))
    rules = draw(st.lists(one_rule(sorted(tree), is_modern=is_modern), max_size=4))
    # A second files-from makes duplicity forget the first: a scenario file cannot say it.
    first = next((rule for rule in rules if rule.kind == "files-from"), None)
    rules = [rule for rule in rules if rule.kind != "files-from" or rule is first]
    if draw(st.integers(0, 9)):  # mostly as people write them
        if any(rule.kind == "filter" for rule in rules) and draw(st.booleans()):
            rules.append(Rule(action="filter", kind="filter", pattern="globbing"))
        rules.append(Rule(action="exclude", pattern=draw(st.sampled_from(["**", "/a"]))))
    return Case(draw(st.sampled_from(["source", "s[r]c", "s*", "s(.)"])), tree, tuple(rules))


def build(case: Case, folder: Path) -> Path:
    root = folder / case.root
    root.mkdir()
    for path, (kind, age_s) in case.tree.items():
        at = root / path
        above = [up for up in at.parents if up.exists() or up.is_symlink()]
        if at.exists() or at.is_symlink() or above[0].is_symlink() or not above[0].is_dir():
            continue
        at.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "dir":
                at.mkdir()
            case "symlink":
                at.symlink_to("nowhere")
            case "fifo":
                os.mkfifo(at)
            case "device" if os.getuid() == 0:
                os.mknod(at, 0o20644, os.makedev(1, 3))
            case "socket":
                with socket.socket(socket.AF_UNIX) as one, Inside(at.parent):
                    one.bind(at.name)
            case _:
                at.write_text("x")
                seconds = AT.timestamp() - age_s
                os.utime(at, (seconds, seconds))
    return root


class Inside:
    """In a folder for a moment: the path of a socket is short."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._before = Path.cwd()
        os.chdir(self._folder)

    def __exit__(self, *_: object) -> None:
        os.chdir(self._before)


def asked(preload: Preload, program: Path, case: Case, root: Path) -> int | set[str]:
    """Return the paths that duplicity would store, or the status with which it refuses."""
    folder = root.parent
    machine_log = folder / "stanzas"
    write_lists(case.rules, root, folder / "lists")
    done = preload.run(
        [
            str(program),
            "full",
            "--dry-run",
            "--no-encryption",
            "-v5",
            f"--log-file={machine_log}",
            f"--archive-dir={folder / 'archive'}",
            "--name=x",
            *duplicity_arguments(case.rules, root, at=AT, lists=folder / "lists"),
            str(root),
            f"file://{folder / 'target'}",
        ],
        env={**ENV, "HOME": str(folder)},
        log=folder / "output",
        timeout_s=60,
    )
    if done.status != 0:
        return done.status
    stored = re.findall(rb"^INFO 4 '(.*)'$", machine_log.read_bytes(), re.MULTILINE)
    return {escaped.decode("unicode_escape") for escaped in stored}


def modelled(case: Case, root: Path) -> int | set[str]:
    """Return the same by drtest's own model."""
    refusals = [one.status for one in problems(case.rules, root) if one.status is not None]
    if refusals:
        return refusals[0]
    marked = Selection(case.rules, root, at=AT).select(capture(root))
    # A socket is never stored, whatever selects it.
    return {one.path for one in marked if one.selected and one.type != "socket"}


def agree(duplicity: Duplicity, preload: Preload, case: Case) -> None:
    with tempfile.TemporaryDirectory(prefix="sel") as temporary:
        root = build(case, Path(temporary))
        ours = modelled(case, root)
        event(f"refused with {ours}" if isinstance(ours, int) else "selected")
        for kind in {rule.kind for rule in case.rules} if isinstance(ours, set) else ():
            event(f"selected with {kind}")
        assert ours == asked(preload, duplicity.program, case, root)


@pytest.fixture(scope="module")
def preloaded(duplicity: Duplicity) -> Iterator[Preload]:
    with tempfile.TemporaryDirectory() as folder, Preload(duplicity, Path(folder)) as preload:
        yield preload


@pytest.fixture(scope="module")
def old() -> Duplicity:
    return find("system", cache=Path())


@pytest.fixture(scope="module")
def preloaded_old(old: Duplicity) -> Iterator[Preload]:
    with tempfile.TemporaryDirectory() as folder, Preload(old, Path(folder)) as preload:
        yield preload


@settings(max_examples=EXAMPLES, deadline=timedelta(seconds=30), suppress_health_check=few)
@given(case=cases())
def test_the_model_selects_what_duplicity_stores(
    duplicity: Duplicity, preloaded: Preload, case: Case
) -> None:
    agree(duplicity, preloaded, case)


@pytest.mark.needs("duplicity-0.8")
@settings(max_examples=EXAMPLES // 4, deadline=timedelta(seconds=30), suppress_health_check=few)
@given(case=cases(is_modern=False))
def test_the_model_selects_what_an_old_duplicity_stores(
    old: Duplicity, preloaded_old: Preload, case: Case
) -> None:
    agree(old, preloaded_old, case)
