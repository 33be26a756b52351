"""A stand-in of a carrier's short message centre (SMPP 3.4), written by hand from the PDUs.

It takes one password, answers each submission with an id, and sends a receipt for it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Final

_HEAD: Final = struct.Struct(">IIII")
_MOST_BYTES: Final = 64 * 1024
_BINDS: Final = frozenset({0x01, 0x02, 0x09})
_SUBMIT: Final = 0x04
_DELIVER: Final = 0x05
_UNBIND: Final = 0x06
_ENQUIRE: Final = 0x15
_ANSWER: Final = 0x80000000
_WRONG_PASSWORD: Final = 0x0E
_UCS2: Final = 8
_PAYLOAD: Final = 0x0424


class MessageCentre:
    """One carrier. `refuses`: the status that every submission is answered with; 0 takes it.

    `closed`: no bind is taken any more, and those that stand are cut. `silent`: nothing is said.
    """

    def __init__(self, password: str = "stand-in") -> None:  # noqa: S107 - of a stand-in
        self.url = ""
        self.sent: list[tuple[str, str]] = []
        self.refuses = 0
        self.silent = False
        self.stat = "DELIVRD"
        self._closed = False
        self._password = password
        self._writers: dict[asyncio.StreamWriter, asyncio.AbstractEventLoop] = {}

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    @property
    def closed(self) -> bool:
        """Whether the account is closed."""
        return self._closed

    @closed.setter
    def closed(self, closed: bool) -> None:
        self._closed = closed
        for writer, loop in list(self._writers.items()) if closed else []:
            loop.call_soon_threadsafe(writer.transport.abort)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        self._writers[writer] = asyncio.get_running_loop()
        try:
            with contextlib.suppress(OSError, EOFError, struct.error):
                while True:
                    length, command, _, number = _HEAD.unpack(await reader.readexactly(_HEAD.size))
                    if not _HEAD.size <= length <= _MOST_BYTES:
                        return
                    body = await reader.readexactly(length - _HEAD.size)
                    if self.silent:
                        continue
                    self._answer(writer, command, number, body)
                    await writer.drain()
        finally:
            self._writers.pop(writer, None)
            writer.transport.abort()

    def _answer(self, writer: asyncio.StreamWriter, command: int, number: int, body: bytes) -> None:
        if command in _BINDS:
            password = body.split(b"\0")[1].decode(errors="replace")
            wrong = self._closed or password != self._password
            status = _WRONG_PASSWORD if wrong else 0
            _write(writer, command | _ANSWER, status, number, b"" if wrong else b"stand-in\0")
        elif command == _SUBMIT:
            self._take(writer, number, body)
        elif command in {_UNBIND, _ENQUIRE}:
            _write(writer, command | _ANSWER, 0, number, b"")

    def _take(self, writer: asyncio.StreamWriter, number: int, body: bytes) -> None:
        if self.refuses:
            _write(writer, _SUBMIT | _ANSWER, self.refuses, number, b"")
            return
        to, text = read_submission(body)
        self.sent.append((f"+{to}", text))
        name = f"m{len(self.sent)}".encode()
        _write(writer, _SUBMIT | _ANSWER, 0, number, name + b"\0")
        said = b"id:%s sub:001 dlvrd:001 stat:%s err:000 text:" % (name, self.stat.encode())
        receipt = b"\0\1\1" + to.encode() + b"\0\0\0" + b"\0" + bytes([4, 0, 0]) + b"\0\0"
        receipt += bytes([0, 0, 0, 0, len(said)]) + said
        _write(writer, _DELIVER, 0, len(self.sent), receipt)


def _write(
    writer: asyncio.StreamWriter, command: int, status: int, number: int, body: bytes
) -> None:
    writer.write(_HEAD.pack(_HEAD.size + len(body), command, status, number) + body)


def read_submission(body: bytes) -> tuple[str, str]:
    """Destination and text of the body of a `submit_sm` (section 4.4.1)."""
    place = 0

    def string() -> str:
        nonlocal place
        end = body.index(b"\0", place)
        found, place = body[place:end].decode("latin-1"), end + 1
        return found

    string()
    place += 2
    string()
    place += 2
    to = string()
    place += 3
    string()
    string()
    coding, length = body[place + 2], body[place + 4]
    place += 5
    content, place = body[place : place + length], place + length
    while place + 4 <= len(body):
        tag, size = struct.unpack_from(">HH", body, place)
        if tag == _PAYLOAD:
            content = body[place + 4 : place + 4 + size]
        place += 4 + size
    return to, content.decode("utf-16-be" if coding == _UCS2 else "ascii")
