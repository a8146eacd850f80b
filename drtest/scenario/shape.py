"""Pieces of JSON Schema that the scenario's schema is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

INTERVAL = r"^([0-9]+[smhDWMY])+$"
INSTANT = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)? ?(Z|[+-][0-9]{2}:[0-9]{2})?"
    r"|\+([0-9]+[smhDWMY])+)$"
)
ONE_SIZE = r"[0-9]+(\.[0-9]+)? ?(B|KiB|MiB|GiB)"
SIZE = rf"^((about )?{ONE_SIZE}|{ONE_SIZE} to {ONE_SIZE})$"
PATH = r"^/"
PART = r"\.ya?ml$"


def text() -> Schema:
    """Return the schema of any text; an editor may see a number."""
    return {"type": ["string", "number"], "minLength": 1}


def matching(pattern: str) -> Schema:
    """Return the schema of a text that matches *pattern*."""
    return {"type": "string", "pattern": pattern}


def whole(low: int) -> Schema:
    """Return the schema of a whole number of at least *low*."""
    return {"type": "integer", "minimum": low}


def choice(allowed: Iterable[str]) -> Schema:
    """Return the schema of one of the *allowed* words."""
    return {"enum": list(allowed)}


def many(item: Schema) -> Schema:
    """Return the schema of a list of *item*, one at least."""
    return {"type": "array", "items": item, "minItems": 1}


def one_or_many(item: Schema) -> Schema:
    """Return the schema of *item* or a list of it."""
    return {"anyOf": [item, many(item)]}


def or_part(name: str) -> Schema:
    """Return the schema of the part *name*, or of a file that holds it."""
    return {"anyOf": [{"$ref": f"#/$defs/{name}"}, matching(PART)]}


def properties(meanings: Mapping[str, str], schemas: Mapping[str, Schema]) -> Schema:
    """Return each key with its meaning; a key without a schema, or the reverse, is a KeyError."""
    assert meanings.keys() == schemas.keys()
    return {key: {"description": meanings[key], **schemas[key]} for key in meanings}


def mapping(meanings: Mapping[str, str], schemas: Mapping[str, Schema], *required: str) -> Schema:
    """Return the schema of a mapping with these keys and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties(meanings, schemas),
        **({"required": list(required)} if required else {}),
    }
