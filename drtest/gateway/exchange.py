"""One request and its answer while they pass, and what became of them."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from drtest.clock import monotonic_s, real_now
from drtest.gateway.classify import UNKNOWN, Target
from drtest.gateway.framing import RequestHead
from drtest.model.names import format_stamp, parse_name
from drtest.model.traffic import AnsweredBy, Outcome

PEEK_LIMIT_BYTES = 4096
_ERROR_CODE = re.compile(rb"<Error>.*?<Code>([^<]{1,100})</Code>", re.DOTALL)
# S3 may begin these with 200 and fail in the body: docs.aws.amazon.com/AmazonS3/latest/API
_FAILS_IN_BODY = frozenset({"CompleteMultipartUpload", "CopyObject", "UploadPartCopy"})
_SAID_ATTEMPT = re.compile(r"\battempt=([0-9]{1,3})\b")
_READS = frozenset({"GET", "HEAD"})
_REMEMBERED_REQUESTS = 4096  # an attempt follows its forerunner within seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the name of an object says of it, as the request log writes it."""

    kind: str
    set_at: str
    volume: int | None


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """One exchange in flight. Bytes are counted as they come; instants are monotonic seconds."""

    number: int
    head: RequestHead
    target: Target
    arrived_at: float  # seconds since 1970
    began_s: float
    attempt: int = 1
    is_reused: bool = False
    is_forwarded: bool = False
    is_request_whole: bool = False
    is_answer_whole: bool = False
    status: int | None = None
    error_code: str = ""
    body_in_bytes: int = 0
    body_out_bytes: int = 0
    wire_in_bytes: int = 0
    wire_out_bytes: int = 0
    first_byte_s: float | None = None
    last_byte_s: float | None = None
    answered_by: AnsweredBy = "store"
    touched_by: list[str] = field(default_factory=list)
    peeked: bytes = b""

    @property
    def named(self) -> Named:
        """Kind, set and volume of the object that is asked for."""
        return _named(self.target.key)

    @property
    def declared_bytes(self) -> int:
        """How many bytes of content its head declares; 0 where it does not say."""
        fields = self.head.fields
        # Chunks that carry a signature or a checksum are longer than what they hold.
        said = fields.get("x-amz-decoded-content-length", fields.get("content-length", ""))
        return int(said) if said.isdecimal() else 0

    @property
    def is_peeked_at(self) -> bool:
        """Whether the beginning of the answer's body may name an S3 error."""
        return self.status is not None and (
            self.status >= 300 or self.target.operation in _FAILS_IN_BODY
        )

    def peek(self, body: bytes) -> None:
        """Look for S3's error code in the next piece of the answer's body."""
        if self.error_code or len(self.peeked) >= PEEK_LIMIT_BYTES:
            return
        self.peeked = (self.peeked + body)[:PEEK_LIMIT_BYTES]
        found = _ERROR_CODE.search(self.peeked)
        if found:
            self.error_code = found[1].decode("latin-1")

    @property
    def outcome(self) -> Outcome:
        """What came of it.

        *ok*: a whole answer below 400. *failed*: an answer that says so, or none where the store
        cannot have acted or acting changes nothing. *unknown*: a write that was sent whole and
        whose answer is missing or cut.
        """
        if self.status is not None and (self.status >= 400 or self.error_code):
            return "failed"
        if self.status is not None and self.is_answer_whole:
            return "ok"
        is_possible = self.is_forwarded and self.head.method not in _READS
        return "unknown" if is_possible and self.is_request_whole else "failed"


def begun(number: int, head: RequestHead, target: Target | None = None) -> Exchange:
    """Return a new exchange that arrives now."""
    return Exchange(
        number=number,
        head=head,
        target=target or Target(operation=UNKNOWN, bucket="", key=""),
        arrived_at=real_now().timestamp(),
        began_s=monotonic_s(),
    )


class Attempts:
    """Counts attempts of the same request on one listener.

    botocore gives every try of one API call the same ``amz-sdk-invocation-id`` and numbers it in
    ``amz-sdk-request``, also where an earlier one never got here. A request without them is a retry
    only of an equal one that failed. Remembers the last few thousand.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def count(self, head: RequestHead) -> int:
        """Return which attempt this is, from 1."""
        known = identity(head)
        said = _SAID_ATTEMPT.search(head.fields.get("amz-sdk-request", ""))
        number = max(self._seen.pop(known, 0) + 1, int(said[1]) if said else 1)
        self._seen[known] = number
        if len(self._seen) > _REMEMBERED_REQUESTS:
            self._seen.popitem(last=False)
        return number

    def settle(self, head: RequestHead, outcome: Outcome) -> None:
        """Forget a request that went well and has no id of its own: its equal is a new one."""
        if outcome == "ok" and "amz-sdk-invocation-id" not in head.fields:
            self._seen.pop(identity(head), None)


def identity(head: RequestHead) -> tuple[str, ...]:
    """Return what attempts of one request have in common, as far as it shows."""
    fields = head.fields
    invocation = fields.get("amz-sdk-invocation-id")
    if invocation is not None:
        return (head.method, head.target, invocation)
    checksums = sorted(value for name, value in fields.items() if name.startswith("x-amz-checksum"))
    rest = (fields.get(name, "") for name in ("content-length", "content-md5", "range"))
    return (head.method, head.target, *rest, *checksums)


@lru_cache(maxsize=1024)
def _named(key: str) -> Named:
    if not key:
        return Named(kind="", set_at="", volume=None)
    name = parse_name(key)
    return Named(
        kind=name.kind,
        set_at=format_stamp(name.set.at) if name.set else "",
        volume=name.volume,
    )
