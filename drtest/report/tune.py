"""The answer of ``drtest tune`` on the terminal: the table, the advice, how far off the model is.

First what it is of, then the rows, then whether it matters. What is equal in all rows is said once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from drtest.model.run import RunResult
from drtest.model.tune import BYTES_LIMIT, REQUESTS_LIMIT, Advice, ModelError, Point, Tuning
from drtest.model.verdict import Verdict
from drtest.report.advice import amount, asides, places, span, verdict
from drtest.report.lines import BOLD, DIM, VERDICT_STYLE, line, paragraph, table
from drtest.report.money import source
from drtest.report.points import alike, modelled, names, percent
from drtest.report.wording import Signs, count, size

MIB = 2**20
_INDENT = 2
Cells = Sequence[str]
# What stands above which columns.
_GROUPS = (
    ("", 0, 1),
    ("requests/month", 2, 3),
    ("restore one file", 4, 6),
    ("temp", 7, 7),
    ("a month", 8, 8),
)


def told(run: RunResult, *, columns: int, signs: Signs, verbose: bool = False) -> Iterator[Text]:
    """Yield all lines of a tuned run's answer, an empty one between parts; none without one.

    *verbose* adds what the figures suppose.
    """
    tuning = run.tune
    if tuning is None or not tuning.advice:
        return
    yield from _head(tuning, run, columns=columns, signs=signs)
    yield line()
    first = tuning.advice[0]
    yield from _rows(tuning, first)
    yield line()
    yield from paragraph(" ".join(verdict(tuning, first)), columns=columns, indent=0)
    if aside := asides(first):
        yield line()
        yield from paragraph(" ".join(aside), columns=columns - _INDENT, indent=_INDENT)
    if len(tuning.advice) > 1:
        yield line()
        yield from _compared(tuning)
        for advice in tuning.advice[1:]:
            yield line()
            said = f"{advice.prices.place}: {' '.join(verdict(tuning, advice))}"
            yield from paragraph(said, columns=columns, indent=0)
    yield line()
    yield from table(_notes(tuning, run), columns=columns, indent=0, style=DIM)
    if verbose:
        yield line()
        supposed = [
            ("supposed" if not n else "", text) for n, text in enumerate(tuning.assumptions)
        ]
        yield from table(supposed, columns=columns, indent=0, style=DIM)


# ---------------------------------------------------------------- what it is of


def _head(tuning: Tuning, run: RunResult, *, columns: int, signs: Signs) -> Iterator[Text]:
    grid, prices = tuning.grid, tuning.advice[0].prices
    yield line(
        (signs.join(tuning.scenario, f"duplicity {run.settings.duplicity}", str(prices)), BOLD)
    )
    measured = (
        f"measured on {_size(tuning.measured.size_bytes)} over {count(tuning.backups, 'backup')}"
    )
    if tuning.is_projected:
        shown = tuning.shown
        change = f"{_share(shown.change)} change from backup to backup"
        measured += f", projected to {_size(shown.size_bytes)} and {change}"
    yield from paragraph(measured, columns=columns, indent=0)
    restores = f"{grid.restores_per_month:,g} single-file restore" + (
        "" if grid.restores_per_month == 1 else "s"
    )
    speed = f"download at {grid.download_bytes_per_s / MIB:,.3g} MiB/s"
    spans = list(dict.fromkeys(span(one.restore_all.time_s) for one in tuning.points))
    whole = (
        f"a full restore takes {spans[0]} in every row"
        if len(spans) == 1
        else f"a full restore takes {_ends(span(t) for t in _times(tuning))}"
    )
    yield from paragraph(f"{restores} a month, {speed}; {whole}", columns=columns, indent=0)


def _times(tuning: Tuning) -> list[float]:
    return sorted(one.restore_all.time_s for one in tuning.points)


def _ends(spans: Iterable[str]) -> str:
    kept = list(spans)
    return f"{kept[0]} to {kept[-1]}"


def _size(size_bytes: int) -> str:
    return size(size_bytes).replace(".0 ", " ")


def _share(part: float) -> str:
    return f"{part * 100:.2g} %"


# ---------------------------------------------------------------- the rows


def _rows(tuning: Tuning, advice: Advice) -> Iterator[Text]:
    """Two lines of heads, then a row for each point; words behind it name the ones to look at."""
    number = tuning.advice.index(advice)
    priced = [(point, point.priced[number]) for point in tuning.points]
    requests, files, months = (
        places(max(amounts))
        for amounts in (
            [one.requests for _, one in priced],
            [one.restore_file for _, one in priced],
            [one.per_month for _, one in priced],
        )
    )
    most = max(one.restore_file.read_bytes for one in tuning.points)
    currency = advice.prices.currency
    heads = ("volsize", "chunk", "paid", currency, "MiB", currency, "time", "space MiB", currency)
    cells = [
        [
            str(point.volsize_mib),
            str(point.chunk_mib),
            f"{one.paid_requests:,}",
            amount(one.requests, requests),
            _mib(point.restore_file.read_bytes, most),
            amount(one.restore_file, files),
            span(point.restore_file.time_s),
            f"{point.temporary_bytes / MIB:,.0f}",
            amount(one.per_month, months),
        ]
        for point, one in priced
    ]
    widths = [max(len(row[place]) for row in (heads, *cells)) for place in range(len(heads))]
    over = []
    for text, first, last in _GROUPS:
        width = sum(widths[first : last + 1]) + 2 * (last - first)
        widths[first] += max(0, len(text) - width)
        over.append(text.rjust(max(width, len(text))))
    yield line(("  ".join(over), DIM))
    yield line((_joined(heads, widths), DIM))
    for point, row in zip(tuning.points, cells, strict=True):
        yield line(_joined(row, widths), *_words(point, advice))


def _joined(row: Cells, widths: Sequence[int]) -> str:
    return "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))


def _mib(size_bytes: int, most_bytes: int) -> str:
    return f"{size_bytes / MIB:,.{1 if most_bytes < 10 * MIB else 0}f}"


def _words(point: Point, advice: Advice) -> Iterator[str | tuple[str, str]]:
    """The words behind a row; a verdict that is not as expected stands first, in its style."""
    counts_as = point.metered.counts_as if point.metered is not None else Verdict.PASS
    told = [*names(point, advice), *(["modelled"] if not point.is_measured else [])]
    yield "  " if told or counts_as is not Verdict.PASS else ""
    if counts_as is not Verdict.PASS:
        yield counts_as.value, VERDICT_STYLE[counts_as]
        yield ", " if told else ""
    yield ", ".join(told)


# ---------------------------------------------------------------- several prices


def _compared(tuning: Tuning) -> Iterator[Text]:
    """A row for each of the prices: what the best costs there, and yours, and a full restore."""
    rows: list[Cells] = [
        ("prices", "best", "a month", "yours", "moves by", "one file", "all files", "")
    ]
    for number, advice in enumerate(tuning.advice):
        best = tuning.point(advice.best)
        yours = tuning.point(advice.compared).priced[number]
        priced = best.priced[number]
        digits = places(max(priced.per_month, yours.per_month))
        rows.append(
            (
                advice.prices.place,
                f"{best.volsize_mib}/{best.chunk_mib}",
                amount(priced.per_month, digits),
                amount(yours.per_month, digits),
                amount(advice.spread, digits),
                amount(priced.restore_file, places(priced.restore_file)),
                amount(priced.restore_all, places(priced.restore_all)),
                advice.prices.currency,
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for number, row in enumerate(rows):
        first = row[0].ljust(widths[0])
        yield line((f"{first}  {_joined(row[1:], widths[1:])}", "" if number else DIM))


# ---------------------------------------------------------------- how far to trust it


def _notes(tuning: Tuning, run: RunResult) -> Iterator[tuple[str, str]]:
    yield "model against meter", _against(tuning)
    for sizes, why in modelled(tuning):
        yield "modelled", f"volsize {sizes}: {why}"
    if text := alike(tuning):
        yield "the same", text
    for advice in tuning.advice:
        yield "prices", source(advice.prices, run.started_at.date())


def _against(tuning: Tuning) -> str:
    error = tuning.unseen
    if error is None:
        return f"not held to any: {tuning.why_no_unseen}"
    text = f"{_off(error)} on volsize {error.volsize_mib}, which it had not seen"
    if not error.is_within:
        text += (
            f"; more than the {REQUESTS_LIMIT:.0%} and {BYTES_LIMIT:.0%} that it claims: "
            "take what is modelled as an estimate"
        )
    return text


def _off(error: ModelError) -> str:
    return f"requests {percent(error.requests_off)}, bytes {percent(error.bytes_off)}"
