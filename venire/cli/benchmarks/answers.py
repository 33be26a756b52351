"""An HTTP/1.1 answer read by hand: status and body, by Content-Length or in chunks."""

from __future__ import annotations

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_CHUNKED = b"\r\ntransfer-encoding: chunked"


class Reader:
    """Fed bytes until an answer is whole; then `status` and `body` are its own until more comes.

    One answer at a time: no request is sent before the last one's answer is whole.
    """

    __slots__ = ("_buffer", "_chunked", "_start", "_total", "body", "status")

    def __init__(self) -> None:
        self.status = 0
        self.body: bytes | bytearray = b""
        self._buffer = bytearray()
        self._total = 0
        self._start = 0
        self._chunked = False

    def feed(self, data: bytes) -> bool:
        """Take bytes; True when the answer is whole."""
        if not self._buffer and not self._total:
            # Most answers come in one piece, and are not copied.
            if not self._head(data):
                self._buffer += data
                return False
            if not self._chunked and len(data) >= self._total:
                self.body = data[self._start : self._total]
                self._total = 0
                return True
            self._buffer += data
        else:
            self._buffer += data
            if not self._total and not self._head(self._buffer):
                return False
        return self._whole()

    def _head(self, data: bytes | bytearray) -> bool:
        end = data.find(_END)
        if end < 0:
            return False
        self.status = int(data[9:12])
        head = bytes(data[:end]).lower() + b"\r\n"
        self._start = end + 4
        self._chunked = _CHUNKED in head
        place = head.find(_LENGTH)
        length = 0
        if place >= 0:
            first = place + len(_LENGTH)
            length = int(head[first : head.index(b"\r\n", first)])
        self._total = self._start + length
        return True

    def _whole(self) -> bool:
        if self._chunked:
            body = unchunked(self._buffer, self._start)
            if body is None:
                return False
            self.body = body
        elif len(self._buffer) < self._total:
            return False
        else:
            self.body = self._buffer[self._start : self._total]
        self._buffer = bytearray()
        self._total = 0
        return True


def unchunked(data: bytes | bytearray, start: int) -> bytes | None:
    """The body that comes in chunks from `start`; None while some are still to come."""
    parts: list[bytes] = []
    while True:
        line = data.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(bytes(data[start:line]).split(b";")[0], 16)
        if len(data) < line + 2 + size + 2:
            return None
        if not size:
            return b"".join(parts)
        parts.append(bytes(data[line + 2 : line + 2 + size]))
        start = line + 2 + size + 2
