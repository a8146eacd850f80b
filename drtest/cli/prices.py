"""``drtest prices``: what the price books hold."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from drtest.api.prices import load, places, read, shipped
from drtest.cli.telling import Price
from drtest.clock import real_now
from drtest.cost.pricebook import Tier
from drtest.cost.tariff import Tariff
from drtest.errors import UsageError


class Do(Enum):
    """What is done with price books."""

    LIST = "list"
    SHOW = "show"
    CHECK = "check"


def prices(
    do: Annotated[Do, typer.Argument(help="list all, show one, or check your own file.")] = Do.LIST,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="provider/region/CLASS, or a FILE to check.")
    ] = "",
    *,
    price: Price = None,
) -> None:
    """List price books, show prices, check a book of your own."""
    match do:
        case Do.LIST:
            for one in shipped():
                book = one.book
                typer.echo(f"{book.title}, {book.currency}, retrieved {book.retrieved}")
                for place in places(book):
                    typer.echo(f"  {place}")
        case Do.SHOW:
            _needed(what, "show aws/us-east-1/STANDARD")
            for tariff in load([what], price or ()).tariffs:
                _show(tariff)
        case Do.CHECK:
            _needed(what, "check my-prices.json")
            found = read(Path(what)).book
            count = sum(1 for _ in places(found))
            typer.echo(
                f"{what}: sound; {found.title}, {count} classes of {len(found.regions)} regions"
            )


def _needed(what: str, example: str) -> None:
    if not what:
        raise UsageError(f"say what: drtest prices {example}")


def _show(tariff: Tariff) -> None:
    tag, book, chosen = tariff.tag, tariff.book, tariff.of(tariff.tag.storage_class)
    today = real_now().date()
    typer.echo(f"{tag}, {tag.age_days(today):,} days old, {tag.currency}, tax {book.tax}")
    for name, amount in chosen.requests.prices.items():
        operations = [operation for operation, group in book.operations.items() if group == name]
        typer.echo(f"  {name:<12} {amount:f} a request: {', '.join(operations)}")
    for name, unit, tiered in (
        ("storage", "GB-month", chosen.storage),
        ("egress", "GB", tariff.region.egress),
    ):
        for tier in tiered.tiers:
            typer.echo(f"  {name:<12} {_tier(tier, unit)}")
    if chosen.retrieval is not None:
        typer.echo(f"  {'retrieval':<12} {chosen.retrieval.price:f} a GB")
    if chosen.minimum is not None:
        least = chosen.minimum
        typer.echo(f"  {'at least':<12} {least.object_bytes:,} bytes, {least.days} days an object")
        if least.overhead_bytes or least.overhead_standard_bytes:
            typer.echo(
                f"  {'overhead':<12} {least.overhead_bytes:,} bytes an object, and "
                f"{least.overhead_standard_bytes:,} at the rate of {book.bucket_class}"
            )
    if chosen.thaw is not None:
        for name, option in chosen.thaw.options.items():
            told = f"{option.request:f} an object, {option.gb:f} a GB, {name}"
            typer.echo(f"  {'thaw':<12} {told}")
    if chosen.monitoring is not None:
        watched = chosen.monitoring
        typer.echo(
            f"  {'monitoring':<12} {watched.price:f} a month for each object above "
            f"{watched.over_bytes:,} bytes"
        )
    typer.echo(f"  {'a GB':<12} {book.gb_bytes:,} bytes; a month {book.month_days} days")
    for name, found in book.sources.items():
        typer.echo(
            f"  source {name}: {found.what}, {found.as_of or 'as given'} {found.url}".rstrip()
        )


def _tier(tier: Tier, unit: str) -> str:
    up_to = "" if tier.up_to_gb is None else f", up to {tier.up_to_gb:,} GB"
    return f"{tier.price:f} a {unit}{up_to}"
