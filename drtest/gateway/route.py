"""What a relay asks of the listener that it belongs to."""

from __future__ import annotations

from typing import Protocol

from drtest.gateway.exchange import Exchange
from drtest.gateway.framing import RequestHead
from drtest.gateway.rules import Answer, Rule
from drtest.gateway.wire import Wire


class Route(Protocol):
    """What a listener knows and a relay must ask."""

    rules: list[Rule]

    def begin(self, head: RequestHead, *, is_reused: bool) -> Exchange:
        """Number, classify and log a request that has arrived."""
        ...

    def finish(self, exchange: Exchange) -> None:
        """Log what became of it; called once for each that began."""
        ...

    def upstream_of(self, head: RequestHead) -> tuple[str, int] | Answer:
        """Return host and port that the request goes to, or why it goes nowhere."""
        ...

    def forwarded(self, head: RequestHead) -> bytes:
        """Return the bytes of the head as the store gets them."""
        ...

    async def connect(self, host: str, port: int) -> Wire:
        """Connect to the store."""
        ...
