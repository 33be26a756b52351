"""What goes down a socket: each form is written once, however many sockets it goes to."""

from __future__ import annotations

import struct

import msgspec

from venire.api.streaming.channels import Channel

_QUOTE = msgspec.json.Encoder()
_TEXT = 0x81
_SHORT = 125
_MIDDLE = 0xFFFF
WRITES = "venire.frames"
"""The ASGI extension by which a server takes whole frames: `{"write": bytes -> bool}`."""
THUMP = b":thump\n\n"
"""What tells a client, and what stands between, that a silent connection is alive."""


class Message:
    """An event for any number of sockets. `payload`: JSON, or a bare id; None where there is none.

    Source: docs.joinmastodon.org/methods/streaming, "events": in a WebSocket the payload is a
    string that holds JSON.
    """

    __slots__ = ("_bytes", "_frames", "_lines", "_quoted", "event", "payload")

    def __init__(self, event: str, payload: bytes | None) -> None:
        self.event = event
        self.payload = payload
        self._quoted = ""
        self._lines = b""
        self._frames: dict[tuple[str, ...], str] = {}
        self._bytes: dict[tuple[str, ...], bytes] = {}

    def frame(self, channel: Channel) -> str:
        """The text frame for a WebSocket that hears it on a channel."""
        found = self._frames.get(channel.stream)
        if found is None:
            stream = _QUOTE.encode(channel.stream).decode()
            found = f'{{"stream":{stream},"event":"{self.event}"{self._as_text()}}}'
            self._frames[channel.stream] = found
        return found

    def frame_bytes(self, channel: Channel) -> bytes:
        """The same frame as it goes over the wire."""
        found = self._bytes.get(channel.stream)
        if found is None:
            found = self._bytes[channel.stream] = _framed(self.frame(channel).encode())
        return found

    def _as_text(self) -> str:
        if self.payload is None:
            return ""
        if not self._quoted:
            self._quoted = f',"payload":{_QUOTE.encode(self.payload.decode()).decode()}'
        return self._quoted

    def lines(self) -> bytes:
        """The lines of a server-sent event (WHATWG HTML, 9.2.6)."""
        if not self._lines:
            # An event without data is never dispatched; Mastodon sends this word, clients know it.
            payload = b"undefined" if self.payload is None else self.payload
            self._lines = b"event: %b\ndata: %b\n\n" % (self.event.encode(), payload)
        return self._lines


def _framed(text: bytes) -> bytes:
    """A text in one frame from a server: final, unmasked (RFC 6455, 5.2)."""
    size = len(text)
    if size <= _SHORT:
        head = struct.pack("!BB", _TEXT, size)
    elif size <= _MIDDLE:
        head = struct.pack("!BBH", _TEXT, 126, size)
    else:
        head = struct.pack("!BBQ", _TEXT, 127, size)
    return head + text


def problem_frame(error: str, status: int, code: str) -> str:
    """What a WebSocket is told of a subscription that is refused."""
    told = {"error": error, "status": status, "code": code}
    return msgspec.json.encode(told).decode()
