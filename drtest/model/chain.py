"""Which stored objects are meant: "volume 2 of the latest incremental", resolved to keys. Pure.

Sets and chains count from 1 in order of time, among those of which the bucket holds anything now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, assert_never

from drtest.model.names import ObjectName, SetId, parse_name
from drtest.model.toxic import Watched

Of = Literal["full", "the latest full", "the latest incremental", "set", "chain"]
Harm = Literal["delete", "purge", "flip-byte", "truncate", "empty", "swap", "duplicate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Objects of one set or chain; ``all objects`` alone, without ``of``, is the whole backup."""

    what: Watched
    volume: int | None = None
    of: Of | None = None
    number: int | None = None

    def __post_init__(self) -> None:
        if (self.what == "volume") != (self.volume is not None) or self.volume == 0:
            raise ValueError("a volume has a number from 1, nothing else has one")
        if self.of is None and self.what != "all objects":
            raise ValueError(f"{self.what} of which set?")
        if (self.of in ("full", "set", "chain")) != (self.number is not None) or self.number == 0:
            raise ValueError("full, set and chain have a number from 1, nothing else has one")

    def __str__(self) -> str:
        what = self.what if self.volume is None else f"{self.what} {self.volume}"
        if self.of is None:
            return what
        return (
            f"{what} of {self.of}" if self.number is None else f"{what} of {self.of} {self.number}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Changes what is stored, behind duplicity's back."""

    harm: Harm
    objects: tuple[Objects, ...]

    def __post_init__(self) -> None:
        if not self.objects:
            raise ValueError("damage needs at least one target")
        if self.harm == "duplicate" and any(one.what != "volume" for one in self.objects):
            raise ValueError("only a volume can be duplicated: under another volume's name")

    def __str__(self) -> str:
        return f"{self.harm} {', '.join(str(one) for one in self.objects)}"


def resolve(objects: Objects, keys: Iterable[str]) -> tuple[str, ...]:
    """Return which of *keys*, all that the bucket holds, are meant, sorted; none where none is."""
    named = {key: parse_name(key) for key in keys}
    wanted = _sets(objects, named.values())
    return tuple(
        sorted(
            key
            for key, name in named.items()
            if (wanted is None or name.set in wanted) and _is_meant(objects, name)
        )
    )


def chains(names: Iterable[ObjectName]) -> list[list[SetId]]:
    """Return the sets that *names* speak of, by chain, both in order of time.

    An incremental joins the chain that ends where it begins (duplicity's own rule); one whose base
    is not there is a chain of its own, without a full.
    """
    sets = sorted(
        {name.set for name in names if name.set is not None},
        key=lambda one: (one.at, not one.is_full),
    )
    found: list[list[SetId]] = []
    for one in sets:
        below = None if one.is_full else next((c for c in found if c[-1].at == one.base_at), None)
        if below is None:
            found.append([one])
        else:
            below.append(one)
    return found


def _sets(objects: Objects, names: Iterable[ObjectName]) -> frozenset[SetId] | None:
    """The sets that are meant; None for all, and for what belongs to no set."""
    by_chain = chains(names)
    sets = sorted((one for chain in by_chain for one in chain), key=lambda one: one.at)
    fulls = [one for one in sets if one.is_full]
    incrementals = [one for one in sets if not one.is_full]
    match objects.of:
        case None:
            return None
        case "full":
            return _nth(fulls, objects.number)
        case "set":
            return _nth(sets, objects.number)
        case "chain":
            return frozenset().union(*_nth_chain(by_chain, objects.number))
        case "the latest full":
            return frozenset(fulls[-1:])
        case "the latest incremental":
            return frozenset(incrementals[-1:])
        case _ as never:
            assert_never(never)


def _nth(sets: list[SetId], number: int | None) -> frozenset[SetId]:
    assert number is not None
    return frozenset(sets[number - 1 : number])


def _nth_chain(by_chain: list[list[SetId]], number: int | None) -> list[list[SetId]]:
    assert number is not None
    return by_chain[number - 1 : number]


def _is_meant(objects: Objects, name: ObjectName) -> bool:
    match objects.what:
        case "all objects":
            return True
        case "volume":
            return name.kind == "volume" and name.volume == objects.volume
        case kind:
            return name.kind == kind
