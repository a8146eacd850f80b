"""What a run does right now: redrawn lines on a terminal, a plain line a minute elsewhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from drtest.report.lines import DIM, line
from drtest.report.progress import Progress, Running
from drtest.report.rows import Layout
from drtest.report.wording import duration, pad, printable

REDRAWN_PER_S = 4
SILENCE_S = 60.0  # so long may a CI hear nothing before it thinks that the job hangs
_AT_MOST_NAME = 40
_PLACE = 18  # "step 187 of 243" and some
_TIME = 9


def live_lines(progress: Progress, layout: Layout) -> list[Text]:
    """Return at most one line for each scenario under way and one for the whole."""
    running = progress.running()
    spare = layout.columns - 2 - _PLACE - _TIME - 4
    longest = max((cell_len(printable(one.name)) for one, _ in running), default=0)
    name = min(longest, _AT_MOST_NAME, spare // 2)
    drawn = [line()]
    for one, elapsed_s in running:
        doing = layout.signs.fit(_doing(one), spare - name)
        drawn.append(
            line(
                f"  {layout.signs.fit(one.name, name)}  {doing}  ",
                f"{pad(one.place, _PLACE)}{duration(elapsed_s):>{_TIME}}",
            )
        )
    done, times = progress.whole()
    joined = layout.signs.join(done, times)
    whole = [joined] if cell_len(joined) + 2 <= layout.columns else [done, times]
    drawn += [line(), *(line("  ", (text, DIM)) for text in whole)]
    return drawn if running else drawn[1:]


def still_lines(progress: Progress) -> list[Text]:
    """Return ``still at  NAME  2026-05-14 06:25 backup, step 134 of 243`` for each under way."""
    said = [(f"{one.name}  {_doing(one)}", one.place) for one, _ in progress.running()]
    return [line("  still at  ", ", ".join(filter(None, parts))) for parts in said]


def _doing(one: Running) -> str:
    """What it works on: the instant and the step, or what a drill restores."""
    is_drill = bool(one.drill and one.where)
    return " ".join(filter(None, (one.where, "" if is_drill else one.what)))


class LiveView:
    """The redrawn part of a terminal; what is printed on the same console appears above it."""

    def __init__(self, console: Console, progress: Progress, layout: Callable[[], Layout]) -> None:
        self._live = Live(
            console=console,
            get_renderable=lambda: Group(*live_lines(progress, layout())),
            refresh_per_second=REDRAWN_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        """Begin to draw, from a thread of its own."""
        self._live.start()

    def refresh(self) -> None:
        """Draw what is so now; rich would repeat the last state below a line that is printed."""
        if self._live.is_started:
            self._live.refresh()

    def stop(self) -> None:
        """Take away what was drawn; a second time does nothing."""
        self._live.stop()


class PlainView:
    """Says where the run is when nothing was said for a while, from a thread of its own.

    *say* speaks if it is time, and returns after how many seconds it wants to be asked again.
    """

    def __init__(self, say: Callable[[], float], *, after_s: float) -> None:
        self._say = say
        self._after_s = after_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, name="still-at", daemon=True)

    def start(self) -> None:
        """Begin to count the silence; once only."""
        self._thread.start()

    def _count(self) -> None:
        wait_s = self._after_s
        with contextlib.suppress(OSError):  # a progress that nobody reads is no loss
            while not self._over.wait(wait_s):
                wait_s = self._say()

    def stop(self) -> None:
        """Say no more; when this returns, the thread has ended."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
