"""For each code that real duplicity and a real store can show: a defect, and a sound pair.

The pairs lie in ``pairs/``, a file for each code: its first scenario gives exactly the code that
the file is named after, its second none. What another test shows already is listed here with that
test, and not run twice; the lists and the files together are the catalogue, no code twice.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.bench import drill, opened

from drtest.duplicity.preload import Preload
from drtest.duplicity.versions import Duplicity
from drtest.model.finding import CATALOGUE, Severity
from drtest.model.scenario import Scenario
from drtest.model.verdict import Verdict
from drtest.runner.bench import Bench
from drtest.scenario.load import load

ROOT = Path(__file__).parents[2]
PAIRS = {file.stem: file for file in sorted((ROOT / "tests/defects/pairs").glob("*.yaml"))}

# Shipped scenarios, run by tests/scenarios/test_shipped.py: (the defect, the sound one beside it).
SHIPPED: dict[str, tuple[str, str]] = {
    # A set that the clock put before the newest is ignored: so it has no base, and no point.
    "clock-went-back": (
        "edges.yaml: the clock was set back",
        "a clock that is slow by three hours",
    ),
    "chain-broken": ("edges.yaml: the clock was set back", "a clock that is slow by three hours"),
    "changed-while-read": (
        "changing.yaml: a database is written to while it is backed up",
        "everything that a server does to its files",
    ),
    "prune-incomplete": (
        "stores/no-delete.yaml: the server may write and not delete",
        "every promised point after every prune",
    ),
    "thaw-needed": (
        "stores/glacier.yaml: volumes in Glacier are not back before a thaw",
        "first full and restore",
    ),
    "rolled-back": (
        "stores/intruder.yaml: a versioned bucket is emptied and rolled back",
        "first full and restore",
    ),
}

_EVIL = "tests/defects/test_evil.py"
_COST = "tests/integration/test_cost_cli.py"
_CASES = "tests/unit/checks/test_catalogue.py"  # histories; each code has its pair there

# Shown with real duplicity by another test; or why it can only be shown on a history.
ELSEWHERE: dict[str, tuple[str, str]] = {
    # A duplicity that lies: real ones have not been seen to.
    "restore-refused": (_EVIL, ""),
    "nothing-restored": (_EVIL, ""),
    "missing-path": (_EVIL, ""),
    "extra-path": (_EVIL, ""),
    "digest-differs": (_EVIL, ""),
    "type-differs": (_EVIL, ""),
    "mode-differs": (_EVIL, ""),
    "owner-differs": (_EVIL, ""),
    "mtime-differs": (_EVIL, ""),
    "link-target-differs": (_EVIL, ""),
    "wrong-point-restored": (_EVIL, ""),
    "backup-failed": (_EVIL, ""),
    "action-hung": (_EVIL, ""),
    "nothing-backed-up": (_EVIL, ""),
    "device-differs": (_CASES, "needs a machine that allows device nodes"),
    "unread-source": (_CASES, "root can read all, and CI runs as root too"),
    "rto-exceeded": (_CASES, "a restore takes the time that it takes"),
    "cost-exceeded": (_COST, ""),
    "restore-cost-exceeded": (_COST, ""),
    "cost-not-judged": (_COST, ""),
    "price-missing": (_CASES, "prices are files, and no duplicity has a part in it"),
    "prices-old": (_CASES, "prices are files, and no duplicity has a part in it"),
    "prices-too-old": (_CASES, "prices are files, and no duplicity has a part in it"),
    # What is drtest's own side, or its machine's.
    "request-model-off": (_CASES, "the model is right about what can be run here"),
    "stores-disagree": ("tests/unit/checks/test_stores.py", "stores that agree are what there is"),
    "store-counts-differ": ("tests/integration/test_stores.py", ""),
    "tool-missing": ("tests/integration/test_bad_input.py", ""),
    "store-failed": ("tests/integration/test_bad_input.py", ""),
    "gateway-failed": ("tests/integration/test_gateway_dies.py", ""),
    "capability-missing": ("tests/integration/test_zoo.py", ""),
    "selection-disagrees": (_CASES, "no disagreement with duplicity is known"),
    "truth-incomplete": (_CASES, "root can read all, and CI runs as root too"),
    "interrupted": ("tests/integration/test_run.py", ""),
    "out-of-space": ("tests/integration/test_bad_input.py", ""),
    "environment-unfit": (_CASES, "every machine that runs this is fit"),
    "time-limit-reached": (_CASES, "a step takes the time that it takes"),
    "drtest-broke": (_CASES, "what breaks it is mended"),
}


def test_every_code_is_shown_once() -> None:
    shown = [*PAIRS, *SHIPPED, *ELSEWHERE]
    twice = sorted({code for code in shown if shown.count(code) > 1})
    missing = sorted(set(CATALOGUE) - set(shown))
    unknown = sorted(set(shown) - set(CATALOGUE))
    assert not missing, (
        f"no defect with real duplicity for {', '.join(missing)}: write "
        "tests/defects/pairs/CODE.yaml, two scenarios, or name the test that shows it"
    )
    assert not unknown, f"not in the catalogue: {', '.join(unknown)}"
    assert not twice, f"shown twice: {', '.join(twice)}"


@pytest.mark.parametrize("code", sorted(ELSEWHERE))
def test_the_other_test_names_the_code(code: str) -> None:
    file, why = ELSEWHERE[code]
    assert f'"{code}"' in (ROOT / file).read_text(encoding="utf-8")
    assert why or not file.startswith("tests/unit/")


def shipped() -> dict[str, Scenario]:
    files = [file for file in (ROOT / "scenarios").rglob("*.yaml") if file.parent.name != "parts"]
    return {one.name: one for one in load(sorted(files))}


@pytest.mark.parametrize("code", sorted(SHIPPED))
def test_shipped_pairs_say_what_they_show(code: str) -> None:
    place, sound = SHIPPED[code]
    name, _, title = place.partition(": ")
    file = ROOT / "scenarios" / name
    (defect,) = [one for one in load([file]) if one.name == title]
    if CATALOGUE[code].severity is Severity.FAILURE:
        assert code in {found.code for one in defect.expect for found in one.findings}
    neighbour = shipped()[sound]
    assert not any(one.findings for one in neighbour.expect)


@pytest.fixture(scope="module")
def bench(duplicity: Duplicity) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder,
        opened(duplicity, Path(folder)) as ready,
        Preload(ready.duplicity, ready.workspace.folder("preload")) as preload,
    ):
        yield replace(ready, runner=preload.run, preloaded=True)


def found(bench: Bench, scenario: Scenario, folder: Path) -> tuple[set[str], set[str], Verdict]:
    """Run *scenario*; return its codes that warn or worse, its notes, and its verdict."""
    folder.mkdir()
    _, result = drill(bench, scenario, folder)
    notes = {one.code for one in result.judgement.findings if one.severity is Severity.NOTE}
    codes = {one.code for one in result.judgement.findings} - notes
    return codes, notes, result.verdict


@pytest.mark.slow
@pytest.mark.needs("gpg")
@pytest.mark.parametrize("code", sorted(PAIRS))
def test_the_defect_gives_exactly_its_code(code: str, bench: Bench, tmp_path: Path) -> None:
    defect, sound = load([PAIRS[code]])
    assert defect.name == code, "the first scenario of a pair is called as its code"
    severity = CATALOGUE[code].severity

    codes, notes, verdict = found(bench, defect, tmp_path / "defect")
    if severity is Severity.NOTE:
        assert code in notes
        assert codes == set()
    else:
        assert codes == {code}
    assert verdict is severity.verdict

    codes, notes, verdict = found(bench, sound, tmp_path / "sound")
    assert codes == set()
    assert code not in notes
    assert verdict is Verdict.PASS
