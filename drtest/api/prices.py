"""The price books of a run: the shipped ones, the user's own, and those it was priced with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from drtest.cost.bill import bill
from drtest.cost.override import check_owners
from drtest.cost.pricebook import PriceBook, parse
from drtest.cost.tariff import Tariff, select
from drtest.errors import UsageError
from drtest.model.bill import Bill
from drtest.model.events import Event, FaultSeen
from drtest.model.scenario import Scenario
from drtest.model.traffic import Alike
from drtest.report.archive import write_text

FOLDER = "prices"  # of a run: the books that it was priced with, so that it can be priced again
_FILE = ".json"
_SHOWN = 8  # places in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A price book and the text that it was read from."""

    text: str
    book: PriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a run is priced with: a tariff for each ``--prices``, in their order; none, no bill."""

    tariffs: tuple[Tariff, ...] = ()
    books: tuple[Book, ...] = ()  # those that the tariffs are of

    def bills(
        self,
        scenario: Scenario,
        events: Sequence[Event],
        requests: Sequence[Alike] | None,
    ) -> tuple[tuple[Bill, ...], tuple[FaultSeen, ...]]:
        """Return a bill of *scenario* for each tariff, and what stood in the way of one.

        *requests* are those of the scenario, None where nothing was metered: then there is no bill.
        """
        made: list[Bill] = []
        faults: list[FaultSeen] = []
        for tariff in self.tariffs if requests is not None else ():
            try:
                made.append(bill(scenario, events, requests or (), tariff))
            except UsageError as problem:  # what has no price is not free
                faults.append(
                    FaultSeen(
                        code="price-missing",
                        subject=tariff.tag.place,
                        message=f"No bill could be made: {problem}.",
                    )
                )
        return tuple(made), tuple(faults)

    def of(self, scenario: Scenario, *, kept: Path | None = None) -> Prices:
        """Return these, or those that *scenario* names for itself where none were given.

        A file with a budget of money and ``tune: prices`` says all that it is judged by. *kept* is
        that of ``load``.
        """
        objectives, tune = scenario.objectives, scenario.tune
        has_budget = objectives.cost_per_month or objectives.restore_cost
        if self.tariffs or tune is None or not has_budget:
            return self
        return load(tune.prices, kept=kept)

    def keep(self, folder: Path) -> None:
        """Keep the books in a run's *folder*."""
        for one in self.books:
            (folder / FOLDER).mkdir(exist_ok=True)
            write_text(folder / FOLDER / f"{one.book.provider}{_FILE}", one.text)


def shipped() -> Iterator[Book]:
    """Yield the price books that drtest brings, by name."""
    found = files("drtest.cost") / "prices"
    for path in sorted(found.iterdir(), key=lambda one: one.name):
        if path.name.endswith(_FILE):
            yield _book(path.read_text(encoding="utf-8"), path.name)


def read(path: Path) -> Book:
    """Return the price book in a file of the user's; UsageError names every mistake in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"--prices {path}: it cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"--prices {path}: it is not text in UTF-8") from problem
    return _book(text, str(path))


def load(
    wanted: Sequence[str],
    overrides: Sequence[str] = (),
    *,
    kept: Path | None = None,
    is_afresh: bool = False,
) -> Prices:
    """Return the prices that the words of ``--prices`` and ``--price`` name.

    A word is ``provider/region/CLASS`` or the path of a price book (``.json``), which then stands
    for the shipped one of its provider; a provider or a file with one region and class alone needs
    no more. *kept* is the folder of a stored run, whose books come before the shipped ones; not so
    where it *is_afresh*: then they stand in for books that are not shipped only.
    UsageError for whatever is not known: a price is never zero by mistake.
    """
    if overrides and not wanted:
        raise UsageError("--price corrects a figure of --prices: name provider/region/CLASS too")
    books = {one.book.provider: one for one in shipped()}
    if kept is not None and (kept / FOLDER).is_dir():
        for path in sorted((kept / FOLDER).glob(f"*{_FILE}")):
            one = read(path)
            if not (is_afresh and one.book.provider in books):
                books[one.book.provider] = one
    files = {word: read(Path(word)) for word in wanted if word.endswith(_FILE)}
    books |= {one.book.provider: one for one in files.values()}
    named = {word.partition("/")[0] for word in wanted if word not in files}
    places: list[str] = []  # in the order of the words: the first is what budgets are judged by
    for word in wanted:
        if word not in files:
            places.append(_whole(word, books))
        elif files[word].book.provider not in named:
            places.append(_only(files[word], word))
    providers = list(dict.fromkeys(place.partition("/")[0] for place in places))
    check_owners(overrides, providers)
    tariffs, used = [], {}
    for place in dict.fromkeys(places):
        provider = place.partition("/")[0]
        one = books[provider]
        tariffs.append(select(one.book, place, text=one.text, overrides=overrides))
        used[provider] = one
    return Prices(tariffs=tuple(tariffs), books=tuple(used.values()))


def places(book: PriceBook) -> Iterator[str]:
    """Yield every ``provider/region/CLASS`` of a book."""
    for region, found in book.regions.items():
        for storage_class in found.classes:
            yield f"{book.provider}/{region}/{storage_class}"


def _whole(word: str, books: Mapping[str, Book]) -> str:
    """Return ``provider/region/CLASS``, where *word* leaves out nothing that could be another."""
    provider = word.partition("/")[0]
    if provider not in books:
        raise UsageError(f"--prices {word}: there are books of {', '.join(books)}, or a FILE")
    return _only(books[provider], word) if word.count("/") < 2 else word


def _only(one: Book, word: str) -> str:
    """Return the one place of a book, or of the part of it that *word* names."""
    found = [
        place
        for place in places(one.book)
        if word.endswith(_FILE) or f"{place}/".startswith(f"{word}/")
    ]
    if len(found) == 1:
        return found[0]
    shown = ", ".join((found or list(places(one.book)))[:_SHOWN])
    more = len(found or list(places(one.book))) - _SHOWN
    told = f"{shown} and {more} more: drtest prices" if more > 0 else shown
    raise UsageError(f"--prices {word}: say which of its prices: {told}")


def _book(text: str, name: str) -> Book:
    return Book(text=text, book=parse(text, name=name))
