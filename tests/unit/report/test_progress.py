"""What goes on right now: followed event by event, drawn, and said after a silence."""

from __future__ import annotations

import io
import os
import re
import select
import threading
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from support.results import SETTINGS, STARTED_AT, run, scenario

from drtest.model.events import (
    DrillStarted,
    Event,
    ScenarioFinished,
    ScenarioStarted,
    StepStarted,
)
from drtest.report.console import Console
from drtest.report.live import PlainView, live_lines, still_lines
from drtest.report.progress import Progress, Running, follow
from drtest.report.rows import Layout
from drtest.report.wording import Signs

AT = datetime(2026, 7, 6, 6, 25, tzinfo=UTC)
PAGE = Layout(columns=100, signs=Signs())


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def started(steps: int, drills: int) -> ScenarioStarted:
    return ScenarioStarted(
        name="n",
        file="f",
        line=1,
        seed=1,
        store="moto",
        duplicity="3.2.1",
        gpg="2.4",
        real_at=STARTED_AT,
        steps=steps,
        drills=drills,
    )


def step(index: int, what: str = "backup") -> StepStarted:
    return StepStarted(index=index, at=AT, what=what)


def drilling(number: int, part: int) -> DrillStarted:
    return DrillStarted(
        number=number, part=part, parts=20, name="", what="everything at 2026-02-09"
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    """Two scenarios of thirteen under way, two done."""
    made = Progress(clock)
    made.begin(13)
    for name in ("first", "second"):
        made.finish(name)
    made.event("the 2012 blog post, eight months on", started(243, 13))
    made.event("the 2012 blog post, eight months on", step(187))
    clock.now_s += 44
    for event in (started(60, 20), step(60), drilling(1, 1), drilling(1, 2), drilling(2, 1)):
        made.event("one volume of one full is lost", event)
    clock.now_s += 8
    return made


def test_live_lines(progress: Progress) -> None:
    assert [line.plain for line in live_lines(progress, PAGE)] == [
        "",
        "  the 2012 blog post, eight months…  2026-07-06 06:25 backup             "
        "step 187 of 243        0:52",
        "  one volume of one full is lost     everything at 2026-02-09            "
        "drill 3 of 20          0:08",
        "",
        "  2 of 13 scenarios done, 2 running · 0:52 so far, about 2:21 left",
    ]


def test_live_lines_keep_to_their_columns(progress: Progress) -> None:
    for columns in (60, 80, 100):
        lines = live_lines(progress, Layout(columns=columns, signs=Signs.of("ascii")))
        assert max(line.cell_len for line in lines) <= columns
        assert all(line.plain.isascii() for line in lines)


def test_still_lines(progress: Progress) -> None:
    assert [line.plain for line in still_lines(progress)] == [
        "  still at  the 2012 blog post, eight months on  2026-07-06 06:25 backup, step 187 of 243",
        "  still at  one volume of one full is lost  everything at 2026-02-09, drill 3 of 20",
    ]


def test_before_anything_runs_there_is_one_line(clock: Clock) -> None:
    progress = Progress(clock)
    progress.begin(1)
    assert [line.plain for line in live_lines(progress, PAGE)] == [
        "",
        "  0 of 1 scenario done · 0:00 so far",
    ]


def test_every_event_can_be_followed() -> None:
    running = Running(name="a", began_s=0.0)
    for kind in get_args(Event):
        event = object.__new__(kind)  # classes that change nothing are told by class alone
        if kind not in {ScenarioStarted, StepStarted, DrillStarted, ScenarioFinished}:
            assert follow(running, event) is running
    done = ScenarioFinished(name="a", elapsed_s=1.0, real_at=STARTED_AT)
    assert follow(running, done).what == "judging"
    assert follow(running, started(3, 2)).place == ""


def test_shares_never_pass_the_whole() -> None:
    running = follow(Running(name="a", began_s=0.0), started(1, 1))
    shares = [running.share]
    for event in (step(1), drilling(1, 1), drilling(1, 2), drilling(1, 3)):
        running = follow(running, event)
        shares.append(running.share)
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] <= 1.0
    assert running.place == "drill 3 of 3"


def test_the_plain_view_asks_as_often_as_it_is_told() -> None:
    asked, enough = [0], threading.Event()

    def say() -> float:
        asked[0] += 1
        if asked[0] == 3:
            enough.set()
        return 0.001

    view = PlainView(say, after_s=0.001)
    view.start()
    assert enough.wait(20)
    view.stop()
    view.stop()
    assert not [one for one in threading.enumerate() if one.name == "still-at"]


class Heard(io.StringIO):
    """Tells when it is written to."""

    def __init__(self) -> None:
        super().__init__()
        self.spoken = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if "still at" in self.getvalue():
            self.spoken.set()
        return written


def test_a_long_silence_is_broken_on_stderr() -> None:
    out, err = io.StringIO(), Heard()
    console = Console(out=out, err=err, silence_s=0.05)
    console.begin(SETTINGS, ["a"])
    console.event("a", started(243, 1))
    console.event("a", step(134))
    assert err.spoken.wait(20)
    console.close()
    assert "  still at  a  2026-07-06 06:25 backup, step 134 of 243\n" in err.getvalue()
    assert "still" not in out.getvalue()


def test_no_silence_is_broken_while_something_is_said(clock: Clock) -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out=out, err=err, silence_s=60.0, clock=clock)
    console.event("a", step(1))
    clock.now_s += 59
    assert console._still() == 1.0
    console.finish_scenario(scenario("b"))
    clock.now_s += 59
    assert console._still() == 1.0 and err.getvalue() == ""
    clock.now_s += 1
    assert console._still() == 60.0 and err.getvalue().count("still at") == 1


def test_a_terminal_is_redrawn_and_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    master, slave = os.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as out, os.fdopen(master, "rb", 0) as screen:
        console = Console(out=out, err=out, columns=100)
        console.begin(SETTINGS, ["a", "b"])
        for name in ("a", "b"):
            console.event(name, started(3, 1))
            console.event(name, step(1))
        seen = read_until(screen, "2 running")  # drawn by a thread of its own
        drawn = shown_by(seen)
        assert drawn[3].startswith("  a ") and "step 1 of 3" in drawn[3], drawn
        console.finish_scenario(scenario("a"))
        seen += read_until(screen, "PASS")
        console.finish(run(scenario("a")), None)
        console.close()
        out.write("END")
        out.flush()
        seen += read_until(screen, "END")
    assert shown_by(seen) == [
        "drtest 0.1.0 · duplicity 3.2.1 · store moto 5.2.1 · seed 1 · 2 scenarios",
        "",
        "  PASS        a                                                  1 drill       0:41",
        "",
        "1 as expected · 1 drill of 1 restore point · 1:52",
        "END",
    ]
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")  # the cursor is back


def shown_by(written: str) -> list[str]:
    """What a terminal shows after *written*: enough of one for what rich sends."""
    rows, at = [""], 0
    for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            at += 1
            rows += [""] * (at + 1 - len(rows))
        elif up := re.fullmatch(r"\x1b\[(\d*)A", part):
            at -= int(up[1] or 1)
        elif part == "\x1b[2K":
            rows[at] = ""
        elif not part.startswith(("\x1b", "\r")):
            rows[at] += part
    return "\n".join(row.rstrip() for row in rows).rstrip().splitlines()


def read_until(screen: io.FileIO, wanted: str) -> str:
    seen = ""
    while wanted not in seen:
        assert select.select([screen], [], [], 20)[0], f"{wanted!r} never came: {seen!r}"
        seen += screen.read(4096).decode()
    return seen


def test_nothing_is_redrawn_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    master, slave = os.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as out, os.fdopen(master, "rb", 0) as screen:
        console = Console(out=out, err=out, live=False)
        console.begin(SETTINGS, ["a"])
        console.event("a", step(1))
        console.finish(run(scenario("a"), elapsed_s=timedelta(hours=1).total_seconds()), None)
        console.close()
        out.write("END")
        out.flush()
        seen = read_until(screen, "END")
    assert "\x1b[?25l" not in seen and "step 1" not in seen and "1:00:00" in seen
