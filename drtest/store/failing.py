"""How a failing store looks through botocore: gone, broken, or out of room."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as ConnectionFailed,
)

# No answer, or one that broke off.
BROKEN = (ConnectionFailed, HTTPClientError, ResponseStreamingError, IncompleteReadError)
# 501 is not among them: "not implemented" is an answer.
_BROKEN_STATUS = frozenset({500, 502, 503, 504})
# What servers answer when they are out of room: the status of RFC 4918, and MinIO's own word.
_FULL_STATUS = 507
_FULL_CODES = frozenset({"XMinioStorageFull", "InsufficientStorage"})
# MinIO's answer when its disk fills up while it still reads: a 400 that blames the client.
_PERHAPS_FULL_CODES = frozenset({"IncompleteBody"})
# What MinIO and SeaweedFS say beside a mere 500.
_FULL_WORDS = ("no space left on device", "no free volumes left")


def how(error: ClientError, looks_full: Callable[[str], bool]) -> str:
    """Return how the store fails that answered so, "" where it is an answer like any other.

    *looks_full* tells from the store's own lines, and from what it is given, whether it has room.
    """
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code", "")
    if status == _FULL_STATUS or code in _FULL_CODES:
        return "is full"
    if code in _PERHAPS_FULL_CODES and looks_full(""):
        return "is full"
    if status in _BROKEN_STATUS:
        return "is full" if looks_full(str(error)) else f"keeps answering {status}"
    return ""


def is_full(lines: Iterable[str]) -> bool:
    """Whether a store says in *lines* that it has no room left."""
    said = "\n".join(lines).lower()
    return any(words in said for words in _FULL_WORDS)
