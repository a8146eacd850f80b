"""What to choose, in sentences: whether it matters, the range, the reason; then what would.

In the order in which a reader asks. Each claim has the figure that would prove it wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from drtest.model.tune import Advice, Tuning

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def sentences(tuning: Tuning, advice: Advice) -> tuple[str, ...]:
    """Return the sentences of *advice*, each whole; the first is whether it matters."""
    return (*verdict(tuning, advice), *asides(advice))


def verdict(tuning: Tuning, advice: Advice) -> tuple[str, ...]:
    """Return whether it matters, and what to choose with the reason."""
    if len(tuning.points) < 2:
        return ("Only one point was asked for: there is nothing to compare it with.",)
    return (_matters(tuning, advice), _choice(tuning, advice))


def asides(advice: Advice) -> tuple[str, ...]:
    """Return the step above the chunk size, and what would move the bill."""
    return tuple(_asides(advice))


def span(seconds: float) -> str:
    """Return ``4s``, ``1m39s``, ``1h01m``, ``2d03h``: two units, the smaller one rounded."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    minutes = round(seconds / _MINUTE)
    if minutes < _DAY // _MINUTE:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    hours = round(seconds / _HOUR)
    return f"{hours // 24}d{hours % 24:02d}h"


def mib(first: int, last: int) -> str:
    """Return ``10 to 19 MiB``, ``19 MiB``."""
    return f"{first} MiB" if first == last else f"{first} to {last} MiB"


def places(largest: Decimal) -> int:
    """Return how many decimals amounts up to *largest* are worth: cents, or two figures."""
    return 2 if not largest else max(2, 1 - largest.adjusted())


def amount(value: Decimal, decimals: int) -> str:
    """Return *value* with so many decimals; what is there and rounds to nothing is ``<0.01``."""
    least = Decimal(1).scaleb(-decimals)
    if value and abs(value) < least / 2:
        return f"<{least}"
    return f"{value:,.{decimals}f}"


def _matters(tuning: Tuning, advice: Advice) -> str:
    currency, grid = advice.prices.currency, f"from {mib(advice.lowest_mib, advice.highest_mib)}"
    decimals = places(advice.cheapest + advice.spread)
    if not advice.spread:
        return f"It makes no difference for money: {grid} the bill is the same."
    moved = f"{amount(advice.spread, decimals)} {currency} a month"
    if tuning.grid.restores_per_month and advice.requests_share:
        most = f"requests are at most {_percent(advice.requests_share)} of it"
    elif advice.requests_share:
        most = f"all that its requests cost is at most {_percent(advice.requests_share)} of it"
    else:
        most = "requests cost nothing there"
    if advice.matters:
        part = _percent(float(advice.spread / advice.cheapest))
        return f"It matters: {grid} the bill moves by {moved}, {part} of the cheapest, and {most}."
    return f"It hardly matters for money: {grid} the bill moves by {moved}, and {most}."


def _choice(tuning: Tuning, advice: Advice) -> str:
    first, last = advice.range_mib
    volsize, chunk = advice.best
    yours_mib, yours_chunk = advice.compared
    chosen = f"Choose {mib(first, last)}"
    is_larger = last > min((chunk, *tuning.grid.chunks_mib))
    if chunk != yours_chunk and is_larger:
        chosen += f" with --s3-multipart-chunk-size {chunk}"
    back = f"one lost file then comes back in {span(advice.range_restore_s)}"
    if advice.is_cold:
        back = f"once thawed, {back}"
    yours = span(advice.compared_restore_s)
    saved = amount(abs(advice.saves), places(advice.cheapest + advice.spread))
    money = f"{saved} {advice.prices.currency} a month"
    is_in = first <= yours_mib <= last and (chunk == yours_chunk or not is_larger)
    if is_in:
        return f"{chosen}, as you do: {back}."
    if advice.matters and advice.saves > 0:
        named = f"{volsize} costs {money} less than {yours_mib}, which is yours"
        return f"{chosen}, because {named}; {back} instead of {yours}."
    if advice.range_restore_s < advice.compared_restore_s:
        return f"{chosen}, because {back} instead of {yours}."
    if advice.saves > 0:
        named = f"{volsize} costs {money} less than {yours_mib}, which is yours"
        return f"{chosen}, because {named}; {back}, with yours in {yours}."
    return f"{chosen}; yours costs the same within 1 %."


def _asides(advice: Advice) -> Iterator[str]:
    if (step := advice.step) is not None:
        yield (
            "Mind the step: above the chunk size a volume becomes several paid requests; "
            f"{step.above_mib} asks for {step.times:.1f} times as many as {step.below_mib}."
        )
    for lever in advice.levers:
        decimals = places(lever.saves)
        yield (
            f"What would move the bill: {lever.what} saves {amount(lever.saves, decimals)} "
            f"{advice.prices.currency} a month."
        )


def _percent(part: float) -> str:
    """Whole per cents, rounded up: "at most" stays true; small ones are said to be small."""
    hundredths = part * 100
    if hundredths < 1:
        return "1 %"
    return f"{-int(-hundredths // 1):,} %"
