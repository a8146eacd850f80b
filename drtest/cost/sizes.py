"""How large the objects of a backup set are: volumes, signatures, manifest.

Sources: duplicity 3.2.1 (gpg.py, diffdir.get_block_size, manifest.py) and sizes of real objects;
shared facts duplicity 2.d and s3-cost 3.1, 3.2. Estimates, but for what is under one volume.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from drtest.cost.shapes import MIB, SetSizes

# duplicity hands data on in blocks of 64 KiB, each behind a tar header of 512 bytes, which
# compresses to about 104. A gzip volume is closed when less than a block is left to volsize less
# 50 KiB (gpg.GzipWriteFile).
BLOCK_BYTES = 64 * 1024
BLOCK_HEADER_BYTES = 104
GZIP_MARGIN_BYTES = 50 * 1024
# A gpg volume is closed 16 KiB earlier, then filled up with bytes that do not compress to volsize
# less 50 KiB; what gpg held back comes on top (GPGWriteFile). So it is larger than volsize by 5 to
# 55 KiB, and some 30 KiB of it are padding: 1,082,630 bytes at volsize 1, 4,266,679 bytes of
# content in four of them and 51,026 bytes.
GPG_OVERSHOOT_BYTES = 33 * 1024
GPG_PADDING_BYTES = 28 * 1024
GPG_FRAME_BYTES = 70  # an encrypted file of nothing; a signature or public key adds some hundred
EMPTY_BYTES = 45  # a gzip file of nothing, with its name

# Of one entry, compressed: tar header and padding in a volume, tar header in a sigtar.
ENTRY_BYTES = 130
SIGNATURE_ENTRY_BYTES = 110
SIGNATURE_BYTES = 12  # of one block: rolling sum and 8 bytes of a strong one
# The manifest names host and folder, then each volume (two paths, a SHA1) and each changed path.
MANIFEST_BYTES = 150
MANIFEST_VOLUME_BYTES = 155
MANIFEST_ENTRY_BYTES = 12  # beside the path itself
MANIFEST_RATIO = 0.3  # gpg compresses it, --no-encryption stores it plain

Frame = Literal["gzip", "gpg"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume that is not a set's last."""

    object_bytes: int
    payload_bytes: int  # stored content in it: less than the object, where that is padded


def volume(volsize_mib: int, frame: Frame, *, block_stored_bytes: float = BLOCK_BYTES) -> Volume:
    """Return the size of a whole volume; blocks are what content is handed on in, compressed."""
    if frame == "gpg":
        size = volsize_mib * MIB + GPG_OVERSHOOT_BYTES
        return Volume(object_bytes=size, payload_bytes=size - GPG_PADDING_BYTES)
    block = max(block_stored_bytes, 1) + BLOCK_HEADER_BYTES
    blocks = 1 + (volsize_mib * MIB - GZIP_MARGIN_BYTES - BLOCK_BYTES) // block
    size = int(blocks * block)
    return Volume(object_bytes=size, payload_bytes=size)


def block_bytes(file_bytes: int) -> int:
    """Return librsync's block for a file: its square root, rounded up to 512 (get_block_size)."""
    return max(512, -(-math.isqrt(file_bytes) // 512) * 512)


def signature_bytes(file_bytes: int) -> int:
    """Return the bytes of one file's signature: 12 for each block; they do not compress."""
    return SIGNATURE_BYTES * (1 + -(-file_bytes // block_bytes(file_bytes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one set has to store, before it is cut into volumes."""

    stored_bytes: float  # of file data, compressed
    entries: float  # changed paths: files, folders, links, deletions
    signatures_bytes: float  # of changed files
    path_bytes: float  # mean length of a path
    block_stored_bytes: float = BLOCK_BYTES  # mean size of a block of at most 64 KiB, compressed


def lay_out(
    content: Content, *, volsize_mib: int, frame: Frame, has_jsonstat: bool = False
) -> SetSizes:
    """Return the objects that *content* becomes; one that is empty still makes one volume."""
    each = volume(volsize_mib, frame, block_stored_bytes=content.block_stored_bytes)
    difftar = int(content.stored_bytes + content.entries * ENTRY_BYTES)
    fixed = GPG_FRAME_BYTES if frame == "gpg" else 0
    signatures = content.signatures_bytes + content.entries * SIGNATURE_ENTRY_BYTES
    manifest = MANIFEST_BYTES + content.entries * (content.path_bytes + MANIFEST_ENTRY_BYTES)
    return cut(
        difftar,
        each,
        signatures_bytes=int(signatures) + max(fixed, EMPTY_BYTES),
        manifest_bytes=int(manifest * manifest_ratio(frame)) + fixed,
        frame=frame,
        jsonstat_bytes=1_000 if has_jsonstat else None,
    )


def cut(
    payload_bytes: int,
    each: Volume,
    *,
    signatures_bytes: int,
    manifest_bytes: int,
    frame: Frame = "gzip",
    jsonstat_bytes: int | None = None,
) -> SetSizes:
    """Return a set of *payload_bytes* in volumes of *each*; the manifest names every volume."""
    volumes = max(1, -(-payload_bytes // each.payload_bytes))
    last = payload_bytes - (volumes - 1) * each.payload_bytes
    last += GPG_FRAME_BYTES if frame == "gpg" else 0
    last = max(last, EMPTY_BYTES)
    return SetSizes(
        volumes=volumes,
        volume_bytes=each.object_bytes if volumes > 1 else last,
        last_volume_bytes=last,
        signatures_bytes=signatures_bytes,
        manifest_bytes=manifest_bytes
        + int(volumes * MANIFEST_VOLUME_BYTES * manifest_ratio(frame)),
        jsonstat_bytes=jsonstat_bytes,
    )


def recut(seen: SetSizes, *, volsize_mib: int, frame: Frame, block_stored_bytes: float) -> SetSizes:
    """Return what a set that was *seen* with one volume size would be with another."""
    padding = GPG_PADDING_BYTES if frame == "gpg" else 0
    named = int(seen.volumes * MANIFEST_VOLUME_BYTES * manifest_ratio(frame))
    return cut(
        max(0, seen.difftar_bytes - (seen.volumes - 1) * padding),
        volume(volsize_mib, frame, block_stored_bytes=block_stored_bytes),
        signatures_bytes=seen.signatures_bytes,
        manifest_bytes=max(0, seen.manifest_bytes - named),
        frame=frame,
        jsonstat_bytes=seen.jsonstat_bytes,
    )


def manifest_ratio(frame: Frame) -> float:
    """Return stored over plain size of a manifest."""
    return MANIFEST_RATIO if frame == "gpg" else 1.0
