"""Hypothesis strategies for valid HTTP/1.1 messages, written from the grammar (RFC 9112)."""

from __future__ import annotations

import string
from dataclasses import dataclass

from hypothesis import strategies as st

TOKEN = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=12)
VALUE = st.text(string.ascii_letters + string.digits + " ;=/\"'!", max_size=30).map(str.strip)
RESERVED = {
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "expect",
    "content-md5",
    "range",
}
BODY = st.binary(max_size=400)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it stands on the wire, and the body in it."""

    raw: bytes
    body: bytes
    status: int = 0


@st.composite
def fields(draw: st.DrawFn) -> bytes:
    """Header lines that say nothing about framing."""
    names = draw(st.lists(TOKEN.filter(lambda name: name.lower() not in RESERVED), max_size=4))
    space = draw(st.sampled_from(["", " ", "  ", "\t"]))
    return b"".join(f"{name}:{space}{draw(VALUE)}\r\n".encode("ascii") for name in names)


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """*body* in the chunked coding, with extensions and trailers as they come."""
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    raw = b""
    for piece in pieces:
        if piece:
            size = draw(st.sampled_from(["{:x}", "{:X}", "{:04x}"])).format(len(piece))
            extension = draw(st.sampled_from(["", ";a=b", ";chunk-signature=0f"]))
            raw += f"{size}{extension}\r\n".encode() + piece + b"\r\n"
    trailer = draw(
        st.sampled_from([b"", b"x-amz-checksum-crc32: AAAAAA==\r\n", b"a: b\r\nc: d\r\n"])
    )
    return raw + b"0\r\n" + trailer + b"\r\n"


@st.composite
def bodies(draw: st.DrawFn, *, may_be_absent: bool) -> tuple[bytes, bytes, bytes]:
    """(framing fields, wire form, body)."""
    kinds = ["length", "chunked"] + (["absent"] if may_be_absent else [])
    kind = draw(st.sampled_from(kinds))
    body = draw(BODY)
    if kind == "absent":
        return b"", b"", b""
    if kind == "length":
        return f"Content-Length: {len(body)}\r\n".encode(), body, body
    return b"Transfer-Encoding: chunked\r\n", draw(chunked(body)), body


@st.composite
def requests(draw: st.DrawFn, method: str = "") -> Message:
    """A valid request."""
    chosen = method or draw(st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"]))
    target = "/" + draw(st.text(string.ascii_letters + string.digits + "/-._~%?=&+:@", max_size=40))
    framing, wire, body = draw(bodies(may_be_absent=True))
    first = f"{chosen} {target} HTTP/1.1\r\nHost: store\r\n".encode("ascii")
    before, after = draw(fields()), draw(fields())
    return Message(raw=first + before + framing + after + b"\r\n" + wire, body=body)


@st.composite
def responses(draw: st.DrawFn, method: str) -> Message:
    """A valid answer to *method* that says where it ends, perhaps with interim ones before it."""
    interim = draw(st.sampled_from([b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    status = draw(st.sampled_from([200, 204, 206, 304, 403, 404, 503]))
    framing, wire, body = draw(bodies(may_be_absent=False))
    if method == "HEAD" or status in {204, 304}:
        wire = body = b""
        if status == 204:
            framing = b""
    head = f"HTTP/1.1 {status} some reason\r\n".encode() + draw(fields()) + framing
    return Message(raw=interim + head + b"\r\n" + wire, body=body, status=status)
