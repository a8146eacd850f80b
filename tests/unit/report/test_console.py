"""What the terminal shows, held against golden files.

``DRTEST_GOLDEN=write ./dev pytest tests/unit/report/test_console.py`` writes them anew; read the
difference before it is committed.
"""

from __future__ import annotations

import io
import os
import shlex
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.results import SETTINGS, drill, predicted, run, scenario, totals

from drtest.model.finding import Finding
from drtest.model.run import RunResult, ScenarioResult
from drtest.model.scenario import Expectation, ExpectedFinding
from drtest.model.verdict import Disposition, Verdict
from drtest.report.blocks import SILENTLY_WRONG, repasted, unexpected
from drtest.report.console import Console
from drtest.report.interface import Reporters

GOLDEN = Path(__file__).parent / "golden"
FOLDER = Path("reports/2026-04-01T041209Z")
WORDS = (Verdict.PASS, Verdict.FAIL, Verdict.UNVERIFIED)

# ---------------------------------------------------------------- findings, as checks word them

TABLE = "/var/lib/mysql/t3.ibd"
DIGEST = Finding(
    code="digest-differs",
    subject=TABLE,
    message=f"{TABLE} came back with other content (3,145,728 bytes both), the content of "
    "2026-01-08 03:00, and 4 more paths likewise, at 2026-01-09 03:00.",
    drills=("1.9",),
    silent=True,
    evidence={"count": 5, "paths": [{"path": TABLE}, *({"path": f"/srv/{n}"} for n in range(4))]},
)
MTIME = Finding(
    code="mtime-differs",
    subject="/var/www/a/0031.html",
    message="/var/www/a/0031.html came back with mtime 2026-01-08 02:58:11, "
    "was 2026-01-09 02:58:11.",
    drills=("1.9",),
    silent=True,
)
REFUSED = Finding(
    code="restore-refused",
    subject="after the fire",
    message="after the fire at 2 restore points (2026-01-01 03:00, 2026-01-02 03:00): duplicity "
    "ended with 21 mismatched_hash: Invalid data - SHA1 hash mismatch for file "
    "duplicity-full.20260101T030000Z.vol1.difftar.gpg.",
    line=61,
    drills=("2.1", "2.2"),
    evidence={"status": 21, "log": "logs/drill-2.1.log"},
)
FAILED_BACKUP = Finding(
    code="backup-failed", subject="backup", message="Step 3, backup: duplicity ended with 50."
)
LOSS = Finding(code="known-loss", subject="hard-link", message="Hard links are not kept: 3 paths.")
NOTE = Finding(code="no-objective", subject="objectives", message="No RPO and no RTO is stated.")
WARNING = Finding(
    code="rule-never-acts", subject="exclude: /a", message="exclude: /a decides nothing."
)
DIED = Finding(
    code="store-failed",
    subject="store",
    message="moto died with status 1.",
    evidence={"log_tail": ["line 1", "line 2", "line 3", "OSError: [Errno 28] No space left"]},
)
BROKE = Finding(
    code="drtest-broke",
    subject="drill 1.1",
    message="Drill 1.1 could not be judged: KeyError: 'x'.",
    drills=("1.1",),
    evidence={"traceback": "Traceback (most recent call last):\n  File\nKeyError: 'x'\n"},
)
CUT = Finding(code="interrupted", subject="c", message="Stopped by a signal in step 3.")
HOSTILE = "\x1b[31mred\x1b[0m\n! PASS \u202e caf\udce9 [bold]日本[/bold]"
KNOWN = Expectation(
    verdict=Verdict.FAIL,
    findings=(ExpectedFinding(code="backup-failed"),),
    because="boto3 tries three times and duplicity 3.x does not try again; 0.8.22 does",
)
STALE = Finding(
    code="expectation-stale",
    subject="expect",
    message=f'Expected backup-failed, because "{KNOWN.because}", and it did not come.',
)

# ---------------------------------------------------------------- scenarios

FIRST = scenario("first full and restore", elapsed_s=3.0, requests=totals(), folder="01-first")
NIGHTLIES = scenario("a month of nightlies", drills=40, findings=[LOSS, NOTE])
KILLED = scenario(
    "killed in an incremental, run again",
    findings=[DIGEST, MTIME, LOSS],
    drills=[
        *(drill(1, part, day=part - 1) for part in range(1, 9)),
        drill(
            1,
            9,
            day=8,
            verdict=Verdict.FAIL,
            disposition=Disposition.SILENTLY_WRONG,
            wreck="/home/u/.cache/drtest/wrecks/kill resume",
        ),
    ],
    file="scenarios/kill-resume.yaml",
)
BURNT = scenario(
    "the machine burns",
    findings=[REFUSED, WARNING],
    drills=[
        drill(1, 1),
        *(
            drill(
                2,
                part,
                day=part - 1,
                name="after the fire",
                verdict=Verdict.FAIL,
                disposition=Disposition.REFUSED,
            )
            for part in (1, 2)
        ),
    ],
    folder="03-the-machine-burns",
)
THROTTLED = scenario("throttled upload, two refusals", findings=[FAILED_BACKUP], expected=KNOWN)
OVERDUE = scenario(
    "throttled upload, three refusals",
    findings=[STALE],
    expected=KNOWN,
    reason="expectation-stale: expected backup-failed, which did not come",
)
DOUBTED = scenario("stale list after a delete", findings=[DIED, BROKE], drills=1)
MASKED = scenario(
    "an expected FAIL, and another",
    findings=[REFUSED, FAILED_BACKUP],
    expected=KNOWN,
    counts_as=Verdict.FAIL,
    reason="not expected: restore-refused: after the fire",
)
HALF_KNOWN = scenario(
    "an expected FAIL, and a doubt",
    findings=[FAILED_BACKUP, DIED],
    expected=KNOWN,
    counts_as=Verdict.UNVERIFIED,
    reason="could not be verified: store-failed: store",
)
ODD = scenario(
    HOSTILE,
    findings=[
        replace(
            DIGEST,
            subject=f"/srv/{HOSTILE}",
            message=f"/srv/{HOSTILE} came back with other content.",
            evidence={"count": 2, "paths": [{"path": "/srv/\x07\x9b2J"}]},
            drills=(),
        )
    ],
    file=f"scenarios/{HOSTILE}.yaml",
    drills=1,
)

Arguments = dict[str, object]
PAGES: dict[str, tuple[RunResult, Arguments]] = {
    "all-as-expected": (run(FIRST, NIGHTLIES, THROTTLED), {}),
    "all-as-expected-quiet": (run(FIRST, NIGHTLIES, THROTTLED), {"quiet": True}),
    "all-as-expected-verbose": (run(FIRST, NIGHTLIES, THROTTLED), {"verbose": True}),
    "silently-wrong": (run(FIRST, KILLED), {}),
    "silently-wrong-verbose": (run(FIRST, KILLED), {"verbose": True}),
    "refused-quiet": (run(FIRST, BURNT), {"quiet": True}),
    "refused-80-columns": (run(FIRST, BURNT), {"columns": 80}),
    "unverified": (run(FIRST, DOUBTED), {}),
    "stale": (run(OVERDUE), {}),
    "expected-and-more": (run(MASKED, HALF_KNOWN), {}),
    "folded": (run(*(replace(FIRST, name=f"one of many, {n:02d}") for n in range(24)), KILLED), {}),
    "interrupted": (
        run(
            FIRST,
            scenario("c", findings=[CUT], drills=2),
            scenario("d", findings=[CUT], drills=0, backups=0, elapsed_s=0.0),
            interrupted=True,
        ),
        {},
    ),
    "hostile-names": (run(ODD, left_out=(f"{HOSTILE}: not asked for",), notes=(HOSTILE,)), {}),
    "everything": (
        run(
            FIRST,
            NIGHTLIES,
            THROTTLED,
            KILLED,
            BURNT,
            OVERDUE,
            DOUBTED,
            replace(MASKED, preloaded=True),
            left_out=("for the future: only for duplicity >= 4",),
        ),
        {},
    ),
    "as-predicted": (run(replace(FIRST, predicted=predicted(totals().by_phase))), {}),
    "off-the-prediction": (
        run(
            replace(
                FIRST,
                predicted=predicted(
                    {
                        "full": {"ListObjectsV2": 6, "PutObject": 3, "UploadPart": 1_200},
                        "drill": {"HeadObject": 1},
                    },
                    why="sizes near a limit (a volume, an upload chunk, 8 MiB) are only expected",
                ),
            )
        ),
        {},
    ),
    "parts-left-out": (
        run(
            scenario(
                "the zoo",
                left_out=(
                    "/zoo/device: needs device nodes: Operation not permitted",
                    "/zoo/mode-000: needs root: drtest runs as an ordinary user",
                ),
            )
        ),
        {},
    ),
    "nothing-run": (run(), {}),
}


class Encoded(io.StringIO):
    """Text in memory of an encoding that is told."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def write(self, text: str) -> int:
        text.encode(self._encoding)  # raises as a real stream would
        return super().write(text)


def page(result: RunResult, encoding: str = "utf-8", **arguments: object) -> str:
    """All that a run prints where there is no terminal."""
    out, err = Encoded(encoding), Encoded(encoding)
    console = Console(out=out, err=err, **arguments)  # type: ignore[arg-type]
    try:
        console.begin(SETTINGS, [one.name for one in result.scenarios])
        for one in result.scenarios:
            console.finish_scenario(one)
        console.finish(result, FOLDER)
    finally:
        console.close()
    assert err.getvalue() == ""
    return out.getvalue()


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_the_golden_one(name: str) -> None:
    result, arguments = PAGES[name]
    shown = page(result, **arguments)
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("DRTEST_GOLDEN") == "write":
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == PAGES.keys()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_anything_that_a_terminal_acts_on(name: str) -> None:
    result, arguments = PAGES[name]
    for char in set(page(result, **arguments)) - {"\n"}:
        assert unicodedata.category(char)[0] != "C"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_every_page_can_be_written_anywhere(name: str, encoding: str) -> None:
    result, arguments = PAGES[name]
    shown = page(result, encoding, **arguments)
    assert "·" not in shown and "…" not in shown
    assert shown.count("\n") >= page(result, **arguments).count("\n")


@pytest.mark.parametrize("name", PAGES)
def test_the_gutter_lists_just_what_is_not_as_expected(name: str) -> None:
    result, arguments = PAGES[name]
    marked = [row for row in page(result, **arguments).splitlines() if row.startswith("!")]
    assert len(marked) == sum(not one.judgement.as_expected for one in result.scenarios)


@pytest.mark.parametrize("name", PAGES)
def test_every_block_ends_in_a_command(name: str) -> None:
    result, arguments = PAGES[name]
    blocks = sum(
        not one.judgement.as_expected
        and not any(finding.code == "interrupted" for finding in one.judgement.findings)
        for one in result.scenarios
    )
    assert page(result, **arguments).count("\n  reproduce  drtest run ") == blocks


def test_a_silent_wrong_is_in_the_headline() -> None:
    assert SILENTLY_WRONG in page(run(KILLED))
    assert SILENTLY_WRONG not in page(run(BURNT))


def test_a_command_with_a_hostile_name_can_be_pasted() -> None:
    words = ["drtest", "run", "a b.yaml", "-k", "it's\n\x1b[31m caf\udce9"]
    command = repasted(shlex.join(words))
    assert command == r"drtest run 'a b.yaml' -k $'it\'s\012\033[31m caf\351'"
    assert repasted(shlex.join(words[:3])) == shlex.join(words[:3])


def test_one_hidden_scenario_is_not_folded() -> None:
    many = [replace(FIRST, name=f"number {n}") for n in range(21)]
    shown = page(run(*many))
    assert "number 20 " in shown and "more" not in shown
    assert "  2 more " in page(run(*many, FIRST))
    assert "more" not in page(run(*many, FIRST), verbose=True)


def test_what_was_expected_is_matched_by_subject_before_a_bare_code() -> None:
    named = ExpectedFinding(code="backup-failed", subject="full")
    bare = ExpectedFinding(code="backup-failed")
    expected = replace(KNOWN, findings=(bare, named))
    full, other = replace(FAILED_BACKUP, subject="full"), FAILED_BACKUP

    def left(*findings: Finding) -> tuple[list[Finding], int]:
        return unexpected(scenario("a", findings=findings, expected=expected))

    assert left(full, other) == ([], 2)
    assert left(other, other) == ([other], 1)
    assert left(full, full, other) == ([full], 2) or left(full, full, other) == ([other], 2)


def test_a_big_table_of_requests_is_shown_when_asked_for() -> None:
    big = totals()
    big.by_phase = {f"a phase of number {n}": {"PutObject": 1} for n in range(9)}
    result = run(replace(FIRST, requests=big))
    assert "1,219 requests; -v shows them by operation and phase" in page(result)
    assert "a phase of number 8" in page(result, verbose=True)


Colours = Callable[[ScenarioResult], str]


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> Colours:
    """A page for something that shows colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    return lambda result: page(run(result))


def test_colour_only_repeats_a_word(coloured: Colours, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = coloured(KILLED)
    assert "\x1b[31mFAIL" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    bare = coloured(KILLED)
    assert "\x1b[3" not in bare and "FAIL" in bare


def test_hostile_names_stay_text_among_colours(coloured: Colours) -> None:
    shown = coloured(ODD)
    assert "\x1b[31mred" not in shown and r"\x1b[31mred" in shown
    assert "\x9b" not in shown and "\x07" not in shown


def test_nothing_goes_to_a_folder_that_was_not_kept() -> None:
    out = io.StringIO()
    console = Console(out=out, err=io.StringIO(), quiet=True)
    console.begin(SETTINGS, ["first"])
    console.finish(run(FIRST), None)
    console.close()
    assert out.getvalue() == "1 as expected · 1 drill of 1 restore point · 1:52\n"


class Gone(io.StringIO):
    """A pipe that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_has_gone_costs_the_page_and_no_verdict() -> None:
    reporters = Reporters([Console(out=Gone(), err=io.StringIO())])
    with reporters:
        reporters.begin(SETTINGS, ["first"])
        reporters.finish(run(FIRST), None)
    assert [type(failure.error) for failure in reporters.failures] == [BrokenPipeError]
