"""What may touch an exchange on its way: the seam that toxics use.

A listener has a list of armed rules. For each exchange every rule is asked in the list's order: at
the head of the request, at each piece of its body, at each piece of the answer. A rule may wait (to
hold the exchange), change bytes, answer in the store's place, or cut the connection. A rule that
touches an exchange puts its own name into ``exchange.touched_by``.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from drtest.gateway.exchange import Exchange


class Cut(Exception):
    """Raised by a rule: both connections are reset here and now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that the gateway gives itself; the request is then not forwarded."""

    status: int
    reason: str
    error_code: str
    message: str

    def render(self, exchange: Exchange | None) -> bytes:
        """Return the bytes of an S3 error answer that ends the connection."""
        path = exchange.head.target.partition("?")[0] if exchange else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.error_code}</Code><Message>{escape(self.message)}</Message>"
            f"<Resource>{escape(path)}</Resource></Error>"
        ).encode()
        head = (
            f"HTTP/1.1 {self.status} {self.reason}\r\nContent-Type: application/xml\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode("ascii")
        return head if exchange and exchange.head.method == "HEAD" else head + body


class Rule:
    """Touches nothing. Rules override what they need; every method may wait or raise ``Cut``."""

    name: str = "untouched"

    async def at_head(self, exchange: Exchange) -> Answer | None:
        """Decide on a request whose head is here and of which nothing is forwarded yet."""
        del exchange
        return None

    async def at_body(self, exchange: Exchange, data: bytes) -> bytes:
        """Return what of the request's next body bytes goes to the store."""
        del exchange
        return data

    async def at_answer(self, exchange: Exchange, data: bytes) -> bytes:
        """Return what of the answer's next bytes (a whole head, or a piece of body) goes back."""
        del exchange
        return data


class RefuseWrites(Rule):
    """Refuses all that is neither GET nor HEAD: a drill reads the live bucket through this."""

    name = "read-only"

    async def at_head(self, exchange: Exchange) -> Answer | None:
        """Answer a write with 403 AccessDenied."""
        if exchange.head.method in {"GET", "HEAD"}:
            return None
        exchange.touched_by.append(self.name)
        return Answer(
            status=403,
            reason="Forbidden",
            error_code="AccessDenied",
            message="Access Denied: this listener of the gateway is read-only",
        )
