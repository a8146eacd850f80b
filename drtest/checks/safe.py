"""What is in the safe against what a chain needs to be opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drtest.checks.case import Case
from drtest.model.chain import chains
from drtest.model.events import DrillFinished
from drtest.model.locks import lock_at
from drtest.model.names import SetId, parse_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """A chain that needs more than one passphrase."""

    chain: tuple[SetId, ...]  # oldest first
    passphrases: dict[SetId, int]  # of the sets whose passphrase is known

    @property
    def first(self) -> SetId:
        """The first set that the passphrase of the oldest does not open."""
        numbers = list(self.passphrases.values())
        return next(one for one, number in self.passphrases.items() if number != numbers[0])


def missing(case: Case, drill: DrillFinished) -> list[str]:
    """Return what a safe must hold to decrypt what *drill* asked for, and did not hold."""
    needed = case.locks.needed(lock_at(case.scenario, case.locks, drill.point_at))
    items = frozenset(drill.escrow)
    found: list[str] = []
    held = case.locks.held(items)  # type: ignore[arg-type]  # an event has them as plain text
    if needed.passphrase and needed.passphrase not in held:
        found.append(case.locks.name_of(needed.passphrase))
    if needed.secret_key and "secret key" not in items:
        found.append("secret key")
    return found


def mixed(case: Case) -> Iterator[Mixed]:
    """Yield the chains of the bucket that no single passphrase opens, oldest first."""
    of_set = {
        name.set: read.passphrase
        for key, (_, read) in case.manifests.items()
        if (name := parse_name(key)).set is not None and read.passphrase
    }
    for chain in chains(parse_name(key) for key in case.manifests):
        known = {one: of_set[one] for one in chain if one in of_set}
        if len(set(known.values())) > 1:
            yield Mixed(chain=tuple(chain), passphrases=known)


def is_mixed(case: Case, drill: DrillFinished) -> bool:
    """Whether the point of *drill* lies in such a chain.

    A machine without a cache fetches and decrypts the metadata of the whole chain first, so no
    point of it comes back, not even one that a single passphrase would open.
    """
    fulls = {one.needs[0] for one in case.made if one.point.at == drill.point_at}
    return any(one.chain[0] in fulls for one in mixed(case))
