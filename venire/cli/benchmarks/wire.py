"""One kept-open connection asked by hand: a client's own time would show in a single answer."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from venire.cli.benchmarks.answers import Reader
from venire.cli.benchmarks.load import Call, written_call
from venire.kernel.errors import Unavailable

_PIECE = 1 << 18


class Answer(NamedTuple):
    """Status, body, and when the first byte of the request left (`time.perf_counter`)."""

    status: int
    body: bytes
    sent_at: float

    @property
    def well(self) -> bytes:
        """The body of an answer that must be 200. Unavailable `site_refused`."""
        if self.status != 200:  # noqa: PLR2004 - HTTP
            raise Unavailable("site_refused", f"{self.status} {self.body[:200]!r}")
        return self.body


class Wire:
    """Asks one thing at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, call: Call) -> Answer:
        """Send a request and wait for its answer."""
        reader = Reader()
        sent_at = time.perf_counter()
        self._socket.sendall(written_call(call, self._host))
        while True:
            data = self._socket.recv(_PIECE)
            if not data:
                raise Unavailable("site_gone", "the site closed the connection")
            if reader.feed(data):
                return Answer(reader.status, bytes(reader.body), sent_at)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextlib.contextmanager
def open_wire(url: str) -> Iterator[Wire]:
    """A connection for as long as the block runs."""
    wire = Wire(url)
    try:
        yield wire
    finally:
        wire.close()
