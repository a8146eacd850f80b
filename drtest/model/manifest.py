"""What a manifest of duplicity's says, read without duplicity. Pure.

Source: duplicity 3.2.1, manifest.py (Manifest.to_string, VolumeInfo.to_string); after a resume one
volume may stand there twice, and the last one counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VOLUME = re.compile(rb"^Volume (\d{1,9}):\n((?:[ \t].*\n?)*)", re.MULTILINE)
_HASH = re.compile(rb"^[ \t]+Hash (\w+) ([0-9a-fA-F]+)\s*$", re.MULTILINE)
_FILELIST = re.compile(rb"^Filelist (\d{1,12})[ \t]*$", re.MULTILINE)
_IS_ONE = re.compile(rb"^(?:Hostname|Localdir|Filelist|Volume) ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeLine:
    """One volume of a manifest; ``sha1`` is lower-case hex, never empty."""

    number: int
    sha1: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Volumes by number, each once; ``files`` is the length of its list of changed files."""

    volumes: tuple[VolumeLine, ...]
    files: int | None = None


def parse(text: bytes) -> Manifest:
    """Return what a decrypted manifest says; ValueError for what is none, or not all of one."""
    if not _IS_ONE.search(text):
        raise ValueError("it does not look like a manifest")
    volumes: dict[int, VolumeLine] = {}
    for number, body in _VOLUME.findall(text):
        hashes = {kind.upper(): value for kind, value in _HASH.findall(body)}
        sha1 = hashes.get(b"SHA1", b"").decode("ascii").lower()
        volumes[int(number)] = VolumeLine(number=int(number), sha1=sha1)
    listed = _FILELIST.search(text)
    files = text[listed.end() :].count(b"\n") - 1 if listed else 0
    is_cut = not text.endswith(b"\n") or (listed is not None and files < int(listed[1]))
    if is_cut or any(not line.sha1 for line in volumes.values()):
        raise ValueError("it is cut short")
    return Manifest(
        volumes=tuple(volumes[number] for number in sorted(volumes)),
        files=int(listed[1]) if listed else None,
    )
