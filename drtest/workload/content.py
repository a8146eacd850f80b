"""The bytes of a generated file, block by block: a file is never held in memory as a whole."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import assert_never

from drtest.model.scenario import ContentKind
from drtest.workload.words import (
    LOG_MESSAGES,
    MEAN_PHRASE_BYTES,
    PHRASES,
    ROW_TEXT_BYTES,
    ROW_TEXTS,
)

BLOCK_BYTES = 256 * 1024
MIXED_BLOCK_BYTES = 4096  # small enough for a small file to have both halves
PAGE_BYTES = 16 * 1024  # InnoDB's default (dev.mysql.com, innodb_page_size)
_ROWS = 127
_HEADER = struct.Struct(
    ">IIIIQHQI"
)  # as InnoDB's FIL header: checksum, number, neighbours, LSN ...
_TRAILER = struct.Struct(">II")
_LOG_STEP_S = 3  # a line about every three seconds
_LOG_LINE_BYTES = 64
_SECONDS = tuple(b"%02d" % second for second in range(60))
_ZEROS = bytes(BLOCK_BYTES)


def blocks(
    kind: ContentKind, size_bytes: int, rng: Random, *, until_s: int, first_page: int = 0
) -> Iterator[bytes]:
    """Yield *size_bytes* bytes of *kind*, which depend on *rng* and the arguments alone.

    ``until_s`` (Unix seconds) is about where the timestamps of a log end; ``first_page`` is the
    number of a database's first page. Text and logs end with a newline.
    """
    match kind:
        case "text":
            return _ended(_text(size_bytes, rng), size_bytes)
        case "log":
            return _ended(_log(size_bytes, rng, until_s), size_bytes)
        case "random":
            return _cut((rng.randbytes(n) for n in _steps(size_bytes, BLOCK_BYTES)), size_bytes)
        case "zeros":
            return _cut((_ZEROS for _ in _steps(size_bytes, BLOCK_BYTES)), size_bytes)
        case "mixed":
            return _cut(_mixed(size_bytes, rng), size_bytes)
        case "database":
            return _cut((page(number, rng) for number in count(first_page)), size_bytes)
        case _:
            assert_never(kind)


def text(size_bytes: int, rng: Random) -> bytes:
    """Return exactly *size_bytes* bytes of words and lines; deflate makes a fifth of them."""
    found = b""
    while len(found) < size_bytes:
        wanted = int((size_bytes - len(found)) / MEAN_PHRASE_BYTES) + 8
        found += b"".join(map(PHRASES.__getitem__, rng.randbytes(wanted)))
    return found[:size_bytes]


def page(number: int, rng: Random) -> bytes:
    """Return one database page: a header that names it, then rows, half of each noise."""
    noise = rng.randbytes(_ROWS * (ROW_TEXT_BYTES + 1))
    rows = bytearray()
    for start in range(0, len(noise), ROW_TEXT_BYTES + 1):
        rows += ROW_TEXTS[noise[start]]
        rows += noise[start + 1 : start + 1 + ROW_TEXT_BYTES]
    body = bytes(rows).ljust(PAGE_BYTES - _HEADER.size - _TRAILER.size, b"\0")
    checksum, lsn = zlib.crc32(body), rng.getrandbits(40)
    before = number - 1 if number else 0xFFFFFFFF
    header = _HEADER.pack(checksum, number, before, number + 1, lsn, 17855, 0, 1)
    return header + body + _TRAILER.pack(checksum, lsn & 0xFFFFFFFF)


def _steps(size_bytes: int, block_bytes: int) -> Iterator[int]:
    for done in range(0, size_bytes, block_bytes):
        yield min(block_bytes, size_bytes - done)


def _text(size_bytes: int, rng: Random) -> Iterator[bytes]:
    return (text(n, rng) for n in _steps(size_bytes, BLOCK_BYTES))


def _mixed(size_bytes: int, rng: Random) -> Iterator[bytes]:
    for number, n in enumerate(_steps(size_bytes, MIXED_BLOCK_BYTES)):
        yield rng.randbytes(n) if number % 2 else text(n, rng)


def _log(size_bytes: int, rng: Random, until_s: int) -> Iterator[bytes]:
    lines = size_bytes // _LOG_LINE_BYTES + 1
    now_s = max(0, until_s - lines * _LOG_STEP_S)
    minute, stamp = -1, b""
    while True:
        block = bytearray()
        noise = rng.randbytes(2 * min(lines, 2048))
        for choice, pause in zip(noise[::2], noise[1::2], strict=True):
            now_s += pause % (2 * _LOG_STEP_S + 1)
            if now_s // 60 != minute:
                minute = now_s // 60
                stamp = (
                    datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:").encode()
                )
            block += stamp
            block += _SECONDS[now_s % 60]
            block += LOG_MESSAGES[choice]
            block += b"%d\n" % (pause * 257 + choice)
        yield bytes(block)


def _cut(parts: Iterator[bytes], size_bytes: int) -> Iterator[bytes]:
    left = size_bytes
    while left > 0:
        part = next(parts)[:left]
        left -= len(part)
        yield part


def _ended(parts: Iterator[bytes], size_bytes: int) -> Iterator[bytes]:
    done = 0
    for part in _cut(parts, size_bytes):
        done += len(part)
        yield part[:-1] + b"\n" if done == size_bytes else part
