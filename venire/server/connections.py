"""uvicorn's HTTP, with an end to what a stranger may keep a connection waiting with.

Its parser takes headers of any length, in memory, for as long as they come: one connection could
hold all of it. And a connection that never finishes asking was never closed.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 65_536
"""Of a request's first line and headers, beyond the piece that they begin in."""
HEAD_S: Final = 30.0
"""How long they may take, and how long a new connection may stay silent."""
_TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests have to begin in time, and in a space."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._in_head = False
        self._head_bytes = 0
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `HttpToolsProtocol`."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `HttpToolsProtocol`."""
        self._expect_no_more()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """All that comes before its body is here."""
        self._in_head = False
        self._expect_no_more()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """See `HttpToolsProtocol`."""
        begun = self._in_head
        super().data_received(data)
        if self._in_head:
            # What the head came in with may be the end of a body: it is not counted.
            self._head_bytes += len(data) if begun else 0
            if self._head_bytes > HEAD_BYTES:
                self._refuse()
            else:
                self._expect()
        elif self.cycle is None or self.cycle.response_complete:
            # Empty lines, which nothing has to follow.
            self._expect()

    def _expect(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(HEAD_S, self._late)

    def _expect_no_more(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _late(self) -> None:
        self._due = None
        if self.cycle is not None and not self.cycle.response_complete:
            # The request before is still being answered.
            self._expect()
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        self._in_head = False
        if not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()
