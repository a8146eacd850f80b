"""Changes the content of one file, as the program that owns such a file would."""

from __future__ import annotations

import os
from random import Random
from typing import assert_never

from drtest.model.scenario import ContentKind
from drtest.workload.content import PAGE_BYTES, blocks, page, text
from drtest.workload.disk import opened, write

_SNIFF_BYTES = 8192
_WINDOW_BYTES = 64 * 1024
_LONGEST_LINE_BYTES = 512
_LEAST_GROWTH_BYTES, _MOST_GROWTH_BYTES = 64 * 1024, 16 << 20
_RELINE_BYTES = 4 * 1024 * 1024  # up to here a text may change its length: the rest is rewritten


def sniff(full: str) -> ContentKind:
    """Return ``text`` or ``random`` for a file that no FileSet made, by its first bytes."""
    with opened(full) as fd:
        head = os.pread(fd, _SNIFF_BYTES, 0)
    if b"\0" in head:
        return "random"
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character that the end of the sample cuts in two is no sign of binary content.
        return "text" if len(head) == _SNIFF_BYTES and error.start > len(head) - 4 else "random"
    return "text"


def edit(full: str, kind: ContentKind, rng: Random, *, at_s: int) -> None:
    """Change some of the content of the file at *full*; it always differs afterwards.

    text: one to three lines; database: one to three whole pages in place; log: more lines at the
    end; random and zeros: a span in place, never of zeros; mixed: as text or as random. A file
    that is empty (or shorter than a page) has nothing to rewrite: it grows.
    """
    with opened(full) as fd:
        size_bytes = os.fstat(fd).st_size
        match kind:
            case "log":
                _append(fd, kind, rng, at_s)
            case _ if size_bytes == 0:
                _append(fd, kind, rng, at_s)
            case "text":
                _edit_lines(fd, size_bytes, rng)
            case "database":
                _edit_pages(fd, size_bytes, rng)
            case "random" | "zeros":
                _edit_span(fd, size_bytes, rng)
            case "mixed":
                rng.choice((_edit_lines, _edit_span))(fd, size_bytes, rng)
            case _:
                assert_never(kind)


def append(full: str, kind: ContentKind, rng: Random, *, at_s: int) -> None:
    """Add some content of *kind* at the end of the file at *full*: up to 4 KiB, or one page."""
    with opened(full) as fd:
        _append(fd, kind, rng, at_s)


def grow(full: str, kind: ContentKind, rng: Random, *, at_s: int) -> None:
    """Add one to three times what the file at *full* holds: 64 KiB at least, 16 MiB at most."""
    with opened(full) as fd:
        end = os.lseek(fd, 0, os.SEEK_END)
        more_bytes = min(max(end * rng.randint(1, 3), _LEAST_GROWTH_BYTES), _MOST_GROWTH_BYTES)
        for part in blocks(kind, more_bytes, rng, until_s=at_s, first_page=end // PAGE_BYTES):
            write(fd, part)


def rewrite(full: str, kind: ContentKind, rng: Random) -> None:
    """Change content of the file at *full*, which is not empty; size and mtime stay what they are.

    A program that sets the mtime back does so (some package managers, mmap'ed files, clocks that
    stand still), and so does a second change within one second as duplicity sees it.
    """
    with opened(full) as fd:
        seen = os.fstat(fd)
        length = min(rng.randint(1, 4096), seen.st_size)
        start = rng.randrange(seen.st_size - length + 1)
        old = _read(fd, length, start)
        new = text(length, rng) if kind in ("text", "log") else rng.randbytes(length)
        os.lseek(fd, start, os.SEEK_SET)
        write(fd, _another(old, rng) if new == old else new)
        os.utime(fd, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def truncate(full: str, rng: Random) -> None:
    """Cut the file at *full*, which is not empty, to a size that is less."""
    with opened(full) as fd:
        os.ftruncate(fd, rng.randrange(os.fstat(fd).st_size))


def _append(fd: int, kind: ContentKind, rng: Random, at_s: int) -> None:
    end = os.lseek(fd, 0, os.SEEK_END)
    size_bytes = PAGE_BYTES if kind == "database" else rng.randint(64, 4096)
    for part in blocks(kind, size_bytes, rng, until_s=at_s, first_page=end // PAGE_BYTES):
        write(fd, part)


def _edit_lines(fd: int, size_bytes: int, rng: Random) -> None:
    if size_bytes <= _RELINE_BYTES:
        start, old = 0, _read(fd, size_bytes, 0)
        longer = 24
    else:
        start = rng.randrange(size_bytes - _WINDOW_BYTES)
        old = _read(fd, _WINDOW_BYTES, start)
        longer = 0
    lines = old.split(b"\n")
    full_lines = len(lines) - (len(lines) > 1 and not lines[-1])  # nothing follows a last newline
    for number in rng.sample(range(full_lines), min(rng.randint(1, 3), full_lines)):
        lines[number] = _another_line(lines[number], rng, longer)
    new = b"\n".join(lines)
    if new == old:
        new = _another(old, rng)
    os.lseek(fd, start, os.SEEK_SET)
    write(fd, new)
    if len(new) < len(old):
        os.ftruncate(fd, start + len(new))


def _another_line(old: bytes, rng: Random, longer: int) -> bytes:
    """Return other text in place of *old*, at most *longer* bytes longer or shorter."""
    start = max(0, len(old) - _LONGEST_LINE_BYTES)
    start = rng.randrange(start) if start else 0  # minified text is one line: not all of it
    tail = old[start + _LONGEST_LINE_BYTES :]
    length = max(0, len(old) - start - len(tail) + rng.randint(-longer, longer))
    return old[:start] + text(length, rng).replace(b"\n", b" ") + tail


def _edit_pages(fd: int, size_bytes: int, rng: Random) -> None:
    pages = size_bytes // PAGE_BYTES
    if not pages:
        _edit_span(fd, size_bytes, rng)
        return
    for number in rng.sample(range(pages), min(rng.randint(1, 3), pages)):
        os.lseek(fd, number * PAGE_BYTES, os.SEEK_SET)
        write(fd, page(number, rng))  # a new page never equals the old: its LSN is drawn anew


def _edit_span(fd: int, size_bytes: int, rng: Random) -> None:
    length = min(rng.randint(1, 4096), size_bytes)
    start = rng.randrange(size_bytes - length + 1)
    old, new = _read(fd, length, start), rng.randbytes(length)
    if new == old or not any(new):
        new = _another(old, rng)
    os.lseek(fd, start, os.SEEK_SET)
    write(fd, new)


def _another(old: bytes, rng: Random) -> bytes:
    """Return *old* with one byte changed, and that byte not zero."""
    position = rng.randrange(len(old))
    byte = (old[position] + 1) % 256 or 1
    return old[:position] + bytes((byte,)) + old[position + 1 :]


def _read(fd: int, length: int, start: int) -> bytes:
    found = bytearray()
    while len(found) < length and (part := os.pread(fd, length - len(found), start + len(found))):
        found += part
    return bytes(found)
