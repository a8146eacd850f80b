"""drtest's own model of the selection rules, held against duplicity itself."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drtest import process
from drtest.duplicity.versions import Duplicity
from drtest.model.rule import Rule
from drtest.oracle.capture import capture
from drtest.oracle.selection import Selection, duplicity_arguments, problems

pytestmark = [pytest.mark.needs("gpg"), pytest.mark.slow]

# No name that is not UTF-8: duplicity 3.2.1 drops the stanza of such a path (a UnicodeEncodeError
# inside its logging), though it stores the path.
NAMES = ("a", "A", "b", "a-b", "c.py", "[x]", "s*", "n\n", "ü")
PARTS = (*NAMES, "*", "?", "*.py", "[ab]", "[!a]*", "[a-b]*", "[[]x]", "**", "a*", "[^b]")


@dataclass(frozen=True)
class Case:
    """A small tree (path -> what it is) and rules over it."""

    root: str
    tree: dict[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    parts = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
    tree: dict[str, str] = {}
    for path in draw(st.lists(parts, max_size=8)):
        tree["/".join(path)] = draw(st.sampled_from(["file", "dir", "symlink", "fifo"]))
    pattern = st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["/", "/", "**", "**/", "ignorecase:/", ""]),
            st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map("/".join),
            st.sampled_from(["", "", "", "/"]),
        ),
    )
    if tree:
        pattern |= st.sampled_from(sorted(tree)).map(lambda path: f"/{path}")
    action = st.sampled_from(["include", "exclude"])
    rule = st.builds(lambda a, p: Rule(action=a, pattern=p), action, pattern)
    rules = draw(st.lists(rule, max_size=3))
    if draw(st.integers(0, 9)):  # mostly as people write them
        rules.append(Rule(action="exclude", pattern=draw(st.sampled_from(["**", "/a"]))))
    return Case(draw(st.sampled_from(["source", "s[r]c", "s*"])), tree, tuple(rules))


def build(case: Case, folder: Path) -> Path:
    root = folder / case.root
    root.mkdir()
    for path, kind in case.tree.items():
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
            case _:
                at.write_text("x")
    return root


def asked(
    duplicity: Duplicity, root: Path, rules: tuple[Rule, ...], folder: Path
) -> int | set[str]:
    """Return the paths that duplicity would store, or the status with which it refuses."""
    machine_log = folder / "stanzas"
    done = process.run(
        [
            str(duplicity.program),
            "full",
            "--dry-run",
            "--no-encryption",
            "-v5",
            f"--log-file={machine_log}",
            f"--archive-dir={folder / 'archive'}",
            "--name=x",
            *duplicity_arguments(rules, root),
            str(root),
            f"file://{folder / 'target'}",
        ],
        env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": str(folder)},
        log=folder / "output",
        timeout_s=60,
    )
    if done.status != 0:
        return done.status
    stored = re.findall(rb"^INFO 4 '(.*)'$", machine_log.read_bytes(), re.MULTILINE)
    return {escaped.decode("unicode_escape") for escaped in stored}


@settings(
    max_examples=int(os.environ.get("DRTEST_TEST_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(case=cases())
def test_the_model_selects_what_duplicity_stores(duplicity: Duplicity, case: Case) -> None:
    with tempfile.TemporaryDirectory(prefix="sel") as temporary:
        folder = Path(temporary)
        root = build(case, folder)
        real = asked(duplicity, root, case.rules, folder)
        refusals = [one.status for one in problems(case.rules, root) if one.status is not None]
        if refusals:
            assert real == refusals[0]
            return
        marked = Selection(case.rules, root).select(capture(root))
        assert {one.path for one in marked if one.selected} == real
