"""Harms the stored objects that a damage means, and records what was hit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from drtest.model.chain import Damage, resolve
from drtest.model.events import DamageDone
from drtest.runner.bench import PREFIX
from drtest.store.damage import harm
from drtest.store.interface import Place, Store

CANDIDATES = 20  # names of what was there, where nothing was meant


def damage(
    store: Store, place: Place, wanted: Damage, keys: Sequence[str], *, index: int, at: datetime
) -> Iterator[DamageDone]:
    """Do *wanted* in *place*, where *keys* (without their folder) lie; yield one event a target.

    ``swap`` turns the objects of all its targets among each other.
    """
    groups = [(str(one), resolve(one, keys)) for one in wanted.objects]
    if wanted.harm == "swap":
        joined = tuple(dict.fromkeys(key for _, found in groups for key in found))
        names = " and ".join(name for name, _ in groups)
        groups = [(names, joined if len(joined) > 1 else ())]
    folder = f"{place.prefix}{PREFIX}/"
    for target, found in groups:
        harmed = harm(store, place, [folder + key for key in found], wanted.harm) if found else ()
        yield DamageDone(
            index=index,
            at=at,
            damage=str(wanted),
            target=target,
            keys=tuple(key.removeprefix(folder) for key in harmed),
            candidates=() if harmed else tuple(sorted(keys)[:CANDIDATES]),
        )
