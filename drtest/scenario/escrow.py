"""Reads what of keys and passphrases a drill has: its safe, and the signer that it insists on."""

from __future__ import annotations

from typing import cast

from drtest.model.scenario import EscrowItem, Which
from drtest.scenario import fields, words
from drtest.scenario.fields import Fields
from drtest.scenario.node import Scalar, Sequence
from drtest.scenario.problem import Problems
from drtest.scenario.text import Place


def read_escrow(
    found: Fields, problems: Problems, places: list[tuple[str, Place]]
) -> frozenset[EscrowItem] | None:
    """Return what is in the safe, None for all that was made; *places* gets each word's place."""
    node = found.get("escrow")
    if node is None:
        return None
    if isinstance(node, Scalar) and node.value == "none":
        return frozenset()
    kept: set[EscrowItem] = set()
    for item in fields.items(node):
        allowed = words.ESCROW if isinstance(node, Sequence) else ("none", *words.ESCROW)
        word = fields.word(item, problems, what="thing in escrow", allowed=allowed)
        if word is not None:
            kept.add(cast(EscrowItem, word))
            places.append((word, item.place))
    passphrases = [item for item in words.ESCROW if item in kept and item.endswith("passphrase")]
    if "wrong passphrase" in kept and len(passphrases) > 1:
        problems.add(
            node.place, "the passphrase is right or wrong, not both", "keep one of the two"
        )
    elif "passphrase" in kept and len(passphrases) > 1:
        problems.add(
            node.place,
            f"{' and '.join(passphrases)} together say the same twice",
            "write passphrase alone: it is each that there ever was",
        )
    return frozenset(kept)


def read_sign_key(found: Fields, problems: Problems) -> Which | None:
    """Return the signing key that restores insist on, None for none."""
    node = found.get("sign-key")
    if node is None:
        return None
    return cast(
        Which | None,
        fields.word(node, problems, what="signing key of the calendar", allowed=words.WHICH),
    )
