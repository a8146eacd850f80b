"""The terminal: lines while scenarios end, blocks for what is not as expected, the sums.

*out* takes the result, *err* the progress. On a terminal both are one page: the live part is drawn
where the result is printed. Elsewhere nothing is redrawn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from errno import EPIPE
from pathlib import Path
from typing import IO, TextIO

from rich import console as rich_console
from rich.text import Text

from drtest.clock import monotonic_s
from drtest.model.events import Event
from drtest.model.run import RunResult, ScenarioResult, Settings
from drtest.model.verdict import Verdict
from drtest.report import blocks, money, remarks, rows, tune
from drtest.report.archive import PAGE_FILE, RUN_FILE
from drtest.report.lines import BOLD, line
from drtest.report.live import SILENCE_S, LiveView, PlainView, still_lines
from drtest.report.progress import Progress
from drtest.report.rows import Layout
from drtest.report.stores import side_by_side
from drtest.report.wording import Signs, argument

WIDEST, NARROWEST = 100, 60
SCREEN_LINES = 20  # so many scenarios are listed one by one, passed ones at most


class Console:
    """The reporter of the terminal.

    *verbose* tells everything, *quiet* only what is not as expected and the sums. *live* allows a
    live part, which there is only where *out* is a terminal. *columns* None: as wide as the
    terminal, 100 at most, and 100 where there is none. NO_COLOR is honoured.
    """

    def __init__(
        self,
        *,
        out: TextIO,
        err: TextIO,
        verbose: bool = False,
        quiet: bool = False,
        live: bool = True,
        columns: int | None = None,
        clock: Callable[[], float] = monotonic_s,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._out = _page(out, columns)
        self._err = _page(err, columns)
        self._signs = Signs.of(_encoding(out))
        self._columns = columns
        self._verbose, self._quiet = verbose, quiet
        self._clock, self._silence_s = clock, silence_s
        self._progress = Progress(clock)
        self._planned = 0
        self._is_grid = False
        self._printed = 0
        self._folded: list[ScenarioResult] = []
        self._spoke_s = clock()
        self._lock = threading.RLock()  # the thread that says "still at" prints too
        self._view: LiveView | PlainView | None = None
        if live and not quiet:
            self._view = self._view_of(out)

    def _view_of(self, out: TextIO) -> LiveView | PlainView:
        if out.isatty() and not self._out.is_dumb_terminal:
            return LiveView(self._out, self._progress, self._layout)
        return PlainView(self._still, after_s=self._silence_s)

    def _layout(self) -> Layout:
        columns = self._columns or min(max(self._out.width, NARROWEST), WIDEST)
        return Layout(columns=columns, signs=self._signs)

    # ------------------------------------------------------------ what it is told

    def begin(self, settings: Settings, scenarios: Sequence[str]) -> None:
        """Print what makes the run comparable, and begin to show what goes on."""
        self._planned = len(scenarios)
        self._is_grid = settings.sweep is not None
        self._progress.begin(len(scenarios))
        if not self._quiet:
            head = [rows.header(settings, len(scenarios), self._layout())]
            if self._verbose:
                head.append(rows.circumstances(settings, self._layout()))
            self._say([*head, line()])
        if self._view is not None:
            self._view.start()

    def event(self, scenario: str, event: Event) -> None:
        """Follow it; the view shows it in its own time."""
        self._progress.event(scenario, event)

    def finish_scenario(self, result: ScenarioResult) -> None:
        """Print the scenario's line, unless it passed and there are enough of those."""
        self._progress.finish(result.title)
        as_expected = result.judgement.as_expected
        passed = as_expected and result.verdict is Verdict.PASS
        if as_expected and (self._quiet or (self._is_grid and not self._verbose)):
            return  # a grid's points are rows of its table
        if passed and not self._verbose and self._printed >= SCREEN_LINES:
            self._folded.append(result)
            return
        self._printed += 1
        self._say([rows.row(result, self._layout())])

    def finish(self, run: RunResult, folder: Path | None) -> None:
        """Print what is not as expected, what must not be overlooked, the sums and the status."""
        self._stop()
        layout = self._layout()
        style = blocks.Style(
            layout=layout, verbose=self._verbose, folder="" if folder is None else str(folder)
        )
        for part in self._parts(run, style):
            self._say(part)
        self._say(self._end(run, folder, layout))

    def close(self) -> None:
        """Take the live part away; the streams stay open."""
        self._stop()

    # ------------------------------------------------------------ what it prints

    def _parts(self, run: RunResult, style: blocks.Style) -> Iterable[list[Text]]:
        """Yield what stands between the scenarios' lines and the sums, each with a line below."""
        match self._folded:
            case []:
                pass
            case [one]:
                yield [rows.row(one, style.layout)]
            case many:
                yield [rows.folded(many, style.layout)]
        if self._printed:
            yield [line()]
        for result in run.scenarios:
            if not result.judgement.as_expected and not (
                run.interrupted and rows.is_broken_off(result)
            ):
                yield [*blocks.block(result, style), line()]
        answer = list(
            tune.told(
                run,
                columns=style.layout.columns,
                signs=style.layout.signs,
                verbose=self._verbose,
            )
        )
        if answer:
            yield [*answer, line()]
        if not self._quiet:
            beside = list(side_by_side(run, columns=style.layout.columns, verbose=self._verbose))
            # The sums of several stores are nobody's bill.
            priced = money.costs(run, columns=style.layout.columns)
            summed = [] if beside and not self._verbose else remarks.requests(run, style)
            if self._is_grid and not self._verbose:  # likewise those of a grid's points
                priced, summed = iter(()), []
            for part in (beside, summed, priced, remarks.remarks(run, style)):
                said = list(part)
                while said and not said[-1].plain:
                    said.pop()
                if said:
                    yield [*said, line()]

    def _end(self, run: RunResult, folder: Path | None, layout: Layout) -> list[Text]:
        said = []
        if run.interrupted:
            said.append(rows.interruption(run, self._planned))
        said += rows.summary(run, layout)
        if folder is not None:
            page = folder / PAGE_FILE  # told before the console; it may have broken
            shown = page if page.is_file() else folder / RUN_FILE
            said.append(line("report  ", argument(str(shown))))
        if run.exit_status:
            said.append(line((f"exit {run.exit_status}", BOLD)))
        return said

    def _say(self, lines: Iterable[Text]) -> None:
        """Print *lines* where the result goes; rich keeps its live part below them."""
        with self._lock:
            self._spoke_s = self._clock()
            if isinstance(self._view, LiveView):
                self._view.refresh()
            _print(self._out, lines)

    def _still(self) -> float:
        """Say where the run is, if nothing was said for long; return when to look again."""
        with self._lock:
            left_s = self._spoke_s + self._silence_s - self._clock()
            if left_s > 0:
                return left_s
            self._spoke_s = self._clock()
            _print(self._err, still_lines(self._progress))
            return self._silence_s

    def _stop(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.stop()


def _encoding(stream: IO[str]) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


class _Page(rich_console.Console):
    """A rich console that tells of a closed pipe; rich's own would end drtest with status 1."""

    def on_broken_pipe(self) -> None:
        """Raise what happened: the reader is gone, the verdict is not."""
        raise BrokenPipeError(EPIPE, "nobody reads the output any more")


def _page(stream: TextIO, columns: int | None) -> rich_console.Console:
    """A console that adds nothing: no markup, no highlighting, no wrapping of its own."""
    return _Page(
        file=stream,
        width=columns or (None if stream.isatty() else WIDEST),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )


def _print(page: rich_console.Console, lines: Iterable[Text]) -> None:
    encoding = _encoding(page.file)
    for one in lines:
        page.print(_writable(one, encoding), soft_wrap=True)
    page.file.flush()


def _writable(text: Text, encoding: str) -> Text:
    """Return *text* with what *encoding* does not have written as an escape."""
    plain = text.plain
    if plain.encode(encoding, "replace").decode(encoding) == plain:
        return text
    made = Text()
    for part in text.divide(sorted({0, *(edge for span in text.spans for edge in span[:2])})):
        safe = part.plain.encode(encoding, "backslashreplace").decode(encoding)
        made.append(safe, part.spans[0].style if part.spans else "")
    return made
