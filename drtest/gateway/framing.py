"""Where an HTTP/1.1 message begins and ends, seen from outside: RFC 9112, sections 6 and 7.

A ``Framer`` watches one direction of a connection. It cuts what arrives into pieces whose bytes,
put together, are exactly what came in: nothing is rewritten, normalised or kept back, except that
a head is given when it is whole. Only what decides framing is parsed. h11 was weighed and left: it
gives events, not the bytes behind them, and costs about 100 us a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, assert_never

HEAD_LIMIT_BYTES = 64 * 1024  # AWS allows 8 KiB of headers and 2 KiB of user metadata
_LINE_LIMIT_BYTES = 4096  # one chunk-size line with its extensions

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST_LINE = re.compile(
    rb"(?P<method>[!#$%&'*+.^_`|~0-9A-Za-z-]+) (?P<target>[^\x00-\x20\x7f]+) HTTP/1\.[01]"
)
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (?P<status>[1-9][0-9]{2})(?: [^\r\n]*)?")
_CHUNK_SIZE = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


class Malformed(Exception):
    """The bytes are no HTTP/1.1 message; ``status`` is the answer that a server owes."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """The first line and the fields of a request; names in lower case, latin-1 text throughout."""

    raw: bytes
    method: str
    target: str
    fields: Mapping[str, str]  # of a repeated field the values, joined with ", "


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """The first line and the fields of a response."""

    raw: bytes
    status: int
    fields: Mapping[str, str]

    @property
    def is_interim(self) -> bool:
        """Whether the answer proper is still to come (100 Continue and its like)."""
        return 100 <= self.status < 200 and self.status != 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A piece of a message after its head. ``body`` is what of ``raw`` is content, not framing."""

    raw: bytes
    body: bytes


class End:
    """The message is whole; no bytes of its own."""


END = End()
Piece = RequestHead | ResponseHead | Data | End


class _State(Enum):
    HEAD = auto()
    FIXED = auto()
    CHUNK_SIZE = auto()
    CHUNK_DATA = auto()
    CHUNK_END = auto()
    TRAILER = auto()
    UNTIL_CLOSE = auto()


class Framer:
    """Cuts one direction of one connection into messages.

    Feed it what was received and consume all that it yields. On the yield of a ResponseHead the
    consumer sets ``answers`` to the method of the request that it answers: HEAD gets no body.
    Raises Malformed; what was not yet yielded then lies in ``unread``.
    """

    def __init__(self, side: Literal["request", "response"]) -> None:
        self._side = side
        self._state = _State.HEAD
        self._left_bytes = 0
        self._line_bytes = 0
        self._buffer = b""
        self._at = 0  # what of the buffer is consumed
        self.answers = ""

    @property
    def is_between(self) -> bool:
        """Whether the last message is whole and not a byte of another is here."""
        return self._state is _State.HEAD and not self.unread

    @property
    def is_until_close(self) -> bool:
        """Whether the end of the connection is the end of the message (RFC 9112, 6.3)."""
        return self._state is _State.UNTIL_CLOSE

    @property
    def unread(self) -> bytes:
        """What was fed and not yet yielded."""
        return self._buffer[self._at :]

    def open_tunnel(self) -> None:
        """Take everything that follows as one body until the connection closes."""
        self._state = _State.UNTIL_CLOSE

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the pieces that *data* completes."""
        if self._state is _State.FIXED and len(data) < self._left_bytes:  # the middle of a volume
            self._left_bytes -= len(data)
            yield Data(raw=data, body=data)
            return
        self._buffer, self._at = self.unread + data, 0
        while self._at < len(self._buffer):
            before = self._at
            yield from self._step()
            if self._at == before:
                break
        self._buffer, self._at = self.unread, 0

    def _step(self) -> Iterator[Piece]:
        match self._state:
            case _State.HEAD:
                yield from self._read_head()
            case _State.FIXED:
                piece = self._take(self._left_bytes)
                self._left_bytes -= len(piece)
                yield Data(raw=piece, body=piece)
                if not self._left_bytes:
                    yield self._end()
            case _State.CHUNK_DATA:
                piece = self._take(self._left_bytes)
                self._left_bytes -= len(piece)
                if not self._left_bytes:
                    self._state = _State.CHUNK_END
                yield Data(raw=piece, body=piece)
            case _State.UNTIL_CLOSE:
                piece = self._take(len(self._buffer))
                yield Data(raw=piece, body=piece)
            case _State.CHUNK_SIZE | _State.CHUNK_END | _State.TRAILER:
                yield from self._read_line()
            case _:
                assert_never(self._state)

    def _read_head(self) -> Iterator[Piece]:
        start = self._at
        if self._side == "request":
            # RFC 9112, 2.2: empty lines before a request are ignored; here they go with its head
            while self._buffer[start : start + 1] in {b"\r", b"\n"}:
                start += 1
        found = _END_OF_HEAD.search(self._buffer, start)
        if (found.end() if found else len(self._buffer)) - self._at > HEAD_LIMIT_BYTES:
            raise Malformed("the head is too long", status=431)
        if found is None:
            return
        first, fields = _parse_head(self._buffer[start : found.end()])
        size_bytes = found.end() - self._at
        if self._side == "request":
            raw = self._buffer[self._at : found.end()]
            request = _request_head(raw, first, fields)
            framing = _request_framing(request)  # raises before anything is consumed
            self._take(size_bytes)
            yield request
        else:
            status = _status(first)
            response = ResponseHead(raw=self._take(size_bytes), status=status, fields=fields)
            yield response
            if response.is_interim:
                return
            framing = _response_framing(response, self.answers)  # known now
        self._state, self._left_bytes = framing
        if framing == (_State.FIXED, 0):
            yield self._end()

    def _read_line(self) -> Iterator[Piece]:
        at = self._buffer.find(b"\n", self._at)
        size_bytes = (at + 1 if at >= 0 else len(self._buffer)) - self._at
        limit = HEAD_LIMIT_BYTES if self._state is _State.TRAILER else _LINE_LIMIT_BYTES
        if self._line_bytes + size_bytes > limit:
            raise Malformed("a line of the chunked coding is too long")
        if at < 0:
            return
        line = self._buffer[self._at : at].removesuffix(b"\r")
        is_last = self._state is _State.TRAILER and not line
        match self._state:
            case _State.CHUNK_SIZE:
                found = _CHUNK_SIZE.fullmatch(line)
                if found is None:
                    raise Malformed("unusable chunk size")
                self._left_bytes = int(found["size"], 16)
                self._state = _State.CHUNK_DATA if self._left_bytes else _State.TRAILER
            case _State.CHUNK_END:
                if line:
                    raise Malformed("a chunk is longer than it says")
                self._state = _State.CHUNK_SIZE
            case _:  # one more trailer field
                self._line_bytes += size_bytes
        yield Data(raw=self._take(size_bytes), body=b"")
        if is_last:
            yield self._end()

    def _end(self) -> End:
        self._state, self._left_bytes, self._line_bytes = _State.HEAD, 0, 0
        return END

    def _take(self, size_bytes: int) -> bytes:
        piece = self._buffer[self._at : self._at + size_bytes]
        self._at += len(piece)
        return piece


def _parse_head(raw: bytes) -> tuple[bytes, dict[str, str]]:
    first, *lines = raw.rstrip(b"\r\n").split(b"\n")
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        line = line.removesuffix(b"\r")  # noqa: PLW2901
        if line[:1] in {b" ", b"\t"}:  # obsolete folding: the line before goes on
            if not name:
                raise Malformed("a head begins with a folded line")
            fields[name] += " " + line.strip().decode("latin-1")
            continue
        label, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(label):
            raise Malformed("a header line has no name")
        name = label.decode("ascii").lower()
        text = value.strip(b" \t").decode("latin-1")
        fields[name] = f"{fields[name]}, {text}" if name in fields else text
    return first.removesuffix(b"\r"), fields


def _request_head(raw: bytes, first: bytes, fields: Mapping[str, str]) -> RequestHead:
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise Malformed("unusable request line")
    return RequestHead(
        raw=raw,
        method=found["method"].decode("ascii"),
        target=found["target"].decode("latin-1"),
        fields=fields,
    )


def _status(first: bytes) -> int:
    found = _STATUS_LINE.fullmatch(first)
    if found is None:
        raise Malformed("unusable status line")
    return int(found["status"])


def _request_framing(head: RequestHead) -> tuple[_State, int]:
    if "transfer-encoding" in head.fields:
        if not _is_chunked(head):
            raise Malformed("a request body needs chunked as its last transfer coding")
        return _State.CHUNK_SIZE, 0
    return _State.FIXED, _length(head) or 0


def _response_framing(head: ResponseHead, answers: str) -> tuple[_State, int]:
    if head.status in {204, 304} or answers == "HEAD":
        return _State.FIXED, 0
    if head.status == 101:
        return _State.UNTIL_CLOSE, 0
    if "transfer-encoding" in head.fields:
        return (_State.CHUNK_SIZE if _is_chunked(head) else _State.UNTIL_CLOSE), 0
    length = _length(head)
    return (_State.UNTIL_CLOSE, 0) if length is None else (_State.FIXED, length)


def _is_chunked(head: RequestHead | ResponseHead) -> bool:
    return head.fields["transfer-encoding"].rpartition(",")[2].strip().lower() == "chunked"


def _length(head: RequestHead | ResponseHead) -> int | None:
    text = head.fields.get("content-length")
    if text is None:
        return None
    values = {value.strip() for value in text.split(",")}
    value = values.pop()
    if values or not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise Malformed("unusable Content-Length")
    return int(value)
