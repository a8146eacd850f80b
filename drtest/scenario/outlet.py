"""Reads where a scenario runs: store, needs, bucket, credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from drtest.model.scenario import OWN_STORES, BucketKind, CredentialKind, Need, is_store
from drtest.scenario import fields, words
from drtest.scenario.fields import Fields
from drtest.scenario.node import Node, Scalar
from drtest.scenario.problem import Problems, suggest

_STORES = (*OWN_STORES, "aws", "https://...")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What a scenario says of its store."""

    stores: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    bucket: BucketKind = "plain"
    credentials: CredentialKind = "full"


def read_outlet(found: Fields, problems: Problems) -> Outlet:
    """Return what the document's keys say; defaults stand for what is wrong."""
    stores: list[str] = []
    if (node := found.get("store")) is not None:
        for item in _listed(node, problems, "store", _STORES):
            if not isinstance(item, Scalar) or not is_store(item.value):
                name = item.value if isinstance(item, Scalar) else ""
                problems.add(item.place, f"unknown store {name}".rstrip(), *suggest(name, _STORES))
            elif item.value in stores:
                problems.add(item.place, f"{item.value} stands twice", "allowed: each store once")
            else:
                stores.append(item.value)
    needs: list[str] = []
    if (node := found.get("needs")) is not None:
        for item in _listed(node, problems, "needs", words.NEEDS):
            word = fields.word(item, problems, what="capability", allowed=words.NEEDS)
            if word is not None and word not in needs:
                needs.append(word)
    bucket = _word(found, problems, "bucket", words.BUCKETS)
    credentials = _word(found, problems, "credentials", words.CREDENTIALS)
    return Outlet(
        stores=tuple(stores),
        needs=cast(tuple[Need, ...], tuple(needs)),
        bucket=cast(BucketKind, bucket),
        credentials=cast(CredentialKind, credentials),
    )


def _listed(node: Node, problems: Problems, key: str, allowed: tuple[str, ...]) -> list[Node]:
    items = fields.items(node)
    if not items:
        problems.add(node.place, f"{key} names nothing", f"allowed: {', '.join(allowed)}")
    return items


def _word(found: Fields, problems: Problems, key: str, allowed: tuple[str, ...]) -> str:
    node = found.get(key)
    word = None if node is None else fields.word(node, problems, what=key, allowed=allowed)
    return word or allowed[0]
