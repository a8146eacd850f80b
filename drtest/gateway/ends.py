"""The two connections of a relay, and how far each is still good for something."""

from __future__ import annotations

import asyncio

from drtest.gateway.wire import Wire


class Ends:
    """The client's connection and the store's, once there is one; closed together."""

    def __init__(self, client: Wire) -> None:
        self.client = client
        self.store: Wire | None = None
        self.over = asyncio.get_running_loop().create_future()  # the store's side is at its end
        self.is_client_gone = False
        self.is_store_deaf = False  # it takes no more, but may still be answering
        self.is_cut = False

    async def to_client(self, data: bytes) -> bool:
        """Send what the client should get; False where it is gone, now or before."""
        if not self.is_client_gone:
            try:
                await self.client.send(data)
            except OSError:
                self.is_client_gone = True
        return not self.is_client_gone

    async def to_store(self, data: bytes) -> None:
        """Send what the store should get, as long as it takes anything."""
        if self.store is None or not data or self.is_store_deaf:
            return
        try:
            await self.store.send(data)
        except OSError:
            # An early answer may be on its way. The client's body is read on and thrown away, so
            # that the client comes to read it.
            self.is_store_deaf = True

    def end(self) -> None:
        """The store will say no more."""
        if not self.over.done():
            self.over.set_result(None)

    def cut(self) -> None:
        """Make the end of both connections a reset, here and now."""
        self.is_client_gone = self.is_cut = True
        self.client.reset_at_close()
        if self.store is not None:
            self.store.reset_at_close()
        self.end()

    def close(self) -> None:
        """Close both."""
        self.client.close()
        if self.store is not None:
            self.store.close()
