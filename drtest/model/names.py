"""The grammar of duplicity's object names, both ways.

Source: duplicity 3.2.1 file_naming.py; shared facts 2.h. Names look like
``duplicity-full.20260101T030000Z.vol1.difftar.gpg``; prefixes set with --file-prefix* stand first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

ObjectKind = Literal["volume", "manifest", "signatures", "jsonstat", "other"]

_STAMP = r"[0-9]{8}T[0-9]{6}Z"
_NAME = re.compile(
    rf"(?P<prefix>.*?)duplicity-(?:"
    rf"full\.(?P<full>{_STAMP})\.(?:vol(?P<fvol>[0-9]+)\.difftar|(?P<fman>manifest)|(?P<fstat>jsonstat))"
    rf"|inc\.(?P<a>{_STAMP})\.to\.(?P<b>{_STAMP})\.(?:vol(?P<ivol>[0-9]+)\.difftar|(?P<iman>manifest)|(?P<istat>jsonstat))"
    rf"|full-signatures\.(?P<fsig>{_STAMP})\.sigtar"
    rf"|new-signatures\.(?P<sa>{_STAMP})\.to\.(?P<sb>{_STAMP})\.sigtar"
    rf")(?P<partial>\.part)?(?:\.(?P<suffix>gz|gpg|p7m|zst|bz2|xz))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetId:
    """Which backup set: its end time, and its base where it is an incremental."""

    at: datetime
    base_at: datetime | None = None  # None for a full

    @property
    def is_full(self) -> bool:
        """Whether the set stands alone."""
        return self.base_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """What an object's name says of it."""

    kind: ObjectKind
    set: SetId | None  # None where kind is "other"
    volume: int | None = None
    suffix: str = ""  # "gpg", "gz" or ""
    prefix: str = ""
    is_partial: bool = False

    @property
    def is_encrypted(self) -> bool:
        """Whether the name says that gpg wrote it."""
        return self.suffix in {"gpg", "p7m"}


def parse_stamp(text: str) -> datetime:
    """Return the instant of a stamp such as ``20260101T030000Z``; ValueError if there is none."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def format_stamp(instant: datetime) -> str:
    """Return *instant* as duplicity writes it in names."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def parse_name(key: str) -> ObjectName:
    """Return what *key* is; whatever duplicity would not own is kind ``other``."""
    found = _NAME.fullmatch(key)
    if found is None:
        return ObjectName(kind="other", set=None)
    group = found.groupdict()
    try:
        full = group["full"] or group["fsig"]
        end = full or group["b"] or group["sb"]
        base = group["a"] or group["sa"]
        owner = SetId(at=parse_stamp(end), base_at=parse_stamp(base) if base else None)
    except ValueError:  # a stamp of the right shape that is no date
        return ObjectName(kind="other", set=None)
    volume = group["fvol"] or group["ivol"]
    kind: ObjectKind
    if volume:
        kind = "volume"
    elif group["fman"] or group["iman"]:
        kind = "manifest"
    elif group["fstat"] or group["istat"]:
        kind = "jsonstat"
    else:
        kind = "signatures"
    return ObjectName(
        kind=kind,
        set=owner,
        volume=int(volume) if volume else None,
        suffix=group["suffix"] or "",
        prefix=group["prefix"],
        is_partial=group["partial"] is not None,
    )


def format_name(name: ObjectName) -> str:
    """Return the key of *name*: the inverse of ``parse_name`` for all kinds but ``other``."""
    if name.set is None:
        raise ValueError("an object of kind 'other' has no name of duplicity's")
    at = format_stamp(name.set.at)
    base = format_stamp(name.set.base_at) if name.set.base_at else None
    span = f"full.{at}" if base is None else f"inc.{base}.to.{at}"
    match name.kind:
        case "volume":
            stem = f"duplicity-{span}.vol{name.volume}.difftar"
        case "signatures":
            stem = (
                f"duplicity-full-signatures.{at}.sigtar"
                if base is None
                else f"duplicity-new-signatures.{base}.to.{at}.sigtar"
            )
        case _:
            stem = f"duplicity-{span}.{name.kind}"
    part = ".part" if name.is_partial else ""
    return name.prefix + stem + part + (f".{name.suffix}" if name.suffix else "")
