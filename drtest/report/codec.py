"""Frozen dataclasses to plain JSON and back, for what the archive stores.

pydantic reads and writes the dataclasses as they are annotated; ``json`` makes the text. They are
not joined in pydantic's own JSON mode, because that replaces lone surrogates in mapping keys, and
paths that are not UTF-8 arrive here by surrogateescape and must leave unharmed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from drtest.errors import DrtestError

T = TypeVar("T")


_adapters: dict[type[Any], TypeAdapter[Any]] = {}  # building one takes milliseconds


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def plain(value: object) -> Any:
    """Return *value* in JSON's own types: dict with text keys, list, str, int, float, bool, None.

    Instants become ISO 8601 in UTC with ``Z``; decimals text; enums their value. TypeError for
    anything else, ValueError for a float that is not finite or an instant without a zone.
    """
    match value:
        case None | bool() | int() | str():
            return value.value if isinstance(value, Enum) else value
        case float():
            if not math.isfinite(value):
                raise ValueError("JSON has no number for nan or infinity")
            return value
        case Enum():
            return plain(value.value)
        case Decimal():  # money, that a float would round
            return format(value, "f")
        case datetime():
            if value.tzinfo is None:
                raise ValueError("an instant needs a timezone")
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case PurePath():
            return str(value)
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=json.dumps)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain(_adapter(type(value)).dump_python(value))
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key in JSON is text, not {type(key).__name__}")
    return key


def build(kind: type[T], data: object) -> T:
    """Return the *kind* that ``plain`` took apart; DrtestError says where *data* does not fit."""
    try:
        built: T = _adapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DrtestError(f"not a {kind.__name__}: {where}: {first['msg']}") from error
    return built


def dumps(data: object, *, indent: int | None = None) -> str:
    """Return the JSON text of plain *data*, in ASCII: lone surrogates stay what they are."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, indent=indent)


def loads(text: str | bytes) -> Any:
    """Return what *text* holds; DrtestError where it is not JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise DrtestError(f"not JSON: {error}") from error


def map_text(data: Any, change: Callable[[str], str]) -> Any:
    """Return plain *data* with *change* made to every text in it, keys included."""
    match data:
        case str():
            return change(data)
        case list():
            return [map_text(item, change) for item in data]
        case dict():
            return {change(key): map_text(item, change) for key, item in data.items()}
        case _:
            return data
