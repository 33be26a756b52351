"""What stands before a real counterpart that speaks no HTTP (or S3), and can be lost in its place.

Bytes go on to the real one until the vendor is to be lost; then it is refused here, as that kind of
vendor refuses. What passes is read no further than a drill has to know of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Coroutine
from typing import Any, Final, Literal

import dns.exception
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rdatatype
import dns.tsigkeyring

from venire.cli.drills.counterparts.name_server import NameServer
from venire.cli.drills.counterparts.smsc import MessageCentre, read_submission
from venire.cli.drills.counterparts.smtp import Submission, Taken

Loss = Literal["", "refuses", "hangs", "401", "403", "503"]
_PIECE: Final = 64 * 1024
_WHOLE_S: Final = 10.0
_PDU: Final = struct.Struct(">IIII")
_SUBMIT: Final = 0x04
_SUBMITTED: Final = 0x80000004
_MOST_BYTES: Final = 64 * 1024
_TAKEN: Final = b"250"


class Real:
    """Where the real one listens."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition("//")[2].rstrip("/").rpartition(":")
        self.host, self.port = host, int(port)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection. OSError."""
        return await asyncio.open_connection(self.host, self.port, limit=_PIECE)


class StreamProxy:
    """Hands bytes both ways. `lost`: how it is away; whoever is connected is cut off then."""

    def __init__(self, real: str) -> None:
        self.url = ""
        self._real = Real(real)
        self._lost: Loss = ""
        self._writers: dict[asyncio.StreamWriter, asyncio.AbstractEventLoop] = {}

    @property
    def lost(self) -> Loss:
        """How it is away; empty where it is there."""
        return self._lost

    @lost.setter
    def lost(self, lost: Loss) -> None:
        self._lost = lost
        for writer, loop in list(self._writers.items()) if lost else []:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(writer.transport.abort)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        self._writers[writer] = asyncio.get_running_loop()
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
                if self._lost:
                    await self._refuse(reader, writer)
                else:
                    await _between(self._real, reader, writer)
        except asyncio.CancelledError:
            # It ends, and so does this: asyncio would log a task that was only told to stop.
            return
        finally:
            self._writers.pop(writer, None)
            writer.transport.abort()

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._lost == "hangs":
            await asyncio.sleep(3600)
        if self._lost.isdigit():
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 {self._lost} Lost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            await writer.drain()
            writer.close()
            await writer.wait_closed()


async def _between(real: Real, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand everything on, both ways, until either side has done."""
    onward, beyond = await real.open()
    try:
        await _until_either(_handed(reader, beyond), _handed(onward, writer))
    finally:
        beyond.transport.abort()


async def _until_either(*ways: Coroutine[Any, Any, None]) -> None:
    """Run all until one has done, then end the rest."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _handed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


class CentreProxy(MessageCentre):
    """Before a carrier's message centre: `sent` holds what it took, read from the PDUs."""

    def __init__(self, real: str) -> None:
        super().__init__()
        self._real = Real(real)
        self._asked: dict[tuple[asyncio.StreamWriter, int], tuple[str, str]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        if self.closed or self.silent:
            await super().serve(reader, writer)
            return
        self._writers[writer] = asyncio.get_running_loop()
        beyond = None
        try:
            with contextlib.suppress(OSError, EOFError, ValueError, struct.error):
                onward, beyond = await self._real.open()
                await _until_either(
                    self._passed(reader, beyond, writer), self._passed(onward, writer, writer)
                )
        except asyncio.CancelledError:
            return
        finally:
            self._writers.pop(writer, None)
            writer.transport.abort()
            if beyond is not None:
                beyond.transport.abort()

    async def _passed(
        self,
        reader: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        while True:
            head = await reader.readexactly(_PDU.size)
            length, command, status, number = _PDU.unpack(head)
            if not _PDU.size <= length <= _MOST_BYTES:
                return
            body = await reader.readexactly(length - _PDU.size)
            if command == _SUBMIT:
                recipient, text = read_submission(body)
                self._asked[client, number] = (f"+{recipient}", text)
            elif command == _SUBMITTED:
                asked = self._asked.pop((client, number), None)
                if asked is not None and status == 0:
                    self.sent.append(asked)
            to.write(head + body)
            await to.drain()


class SubmissionProxy(Submission):
    """Before a mail server: `letters` holds what it took."""

    def __init__(self, real: str) -> None:
        super().__init__()
        self._real = Real(real)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses == "hang":
            await asyncio.sleep(3600)
        onward, beyond = await self._real.open()
        try:
            await self._relay(reader, writer, onward, beyond)
        finally:
            beyond.transport.abort()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        onward: asyncio.StreamReader,
        beyond: asyncio.StreamWriter,
    ) -> None:
        await _answered(onward, writer)
        sender, recipients = "", list[str]()
        while line := await reader.readline():
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            verb = verb.upper()
            if self.refuses == "hang":
                await asyncio.sleep(3600)
            if verb == "MAIL" and self.refuses:
                await self.refuse(writer)
                continue
            beyond.write(line)
            await beyond.drain()
            answer = await _answered(onward, writer)
            if verb == "MAIL":
                sender, recipients = _path(rest), []
            elif verb == "RCPT" and answer.startswith(_TAKEN):
                recipients.append(_path(rest))
            elif verb == "DATA" and answer.startswith(b"354"):
                raw = await _letter(reader, beyond)
                if (await _answered(onward, writer)).startswith(_TAKEN):
                    self.letters.append(Taken(sender, tuple(recipients), raw))
            elif verb == "QUIT":
                return


async def _answered(onward: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Hand one answer back, however many lines it has; its last line."""
    while line := await onward.readline():
        writer.write(line)
        await writer.drain()
        if line[3:4] != b"-":
            return line
    raise EOFError


async def _letter(reader: asyncio.StreamReader, beyond: asyncio.StreamWriter) -> bytes:
    """Hand a letter on; what it says, without the dots that were put in."""
    lines = []
    while (line := await reader.readline()) not in {b".\r\n", b""}:
        beyond.write(line)
        lines.append(line[1:] if line.startswith(b".") else line)
    beyond.write(b".\r\n")
    await beyond.drain()
    return b"".join(lines)


def _path(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


class NameProxy(NameServer):
    """Before a primary name server. `key`: `hmac-sha256:NAME:SECRET`, which signs refusals too."""

    def __init__(self, real: str, key: str, *zones: str) -> None:
        super().__init__(*zones)
        self._real = Real(real)
        _, name, secret = key.strip().split(":")
        self._ring = dns.tsigkeyring.from_text({name: secret})
        self._lost: set[dns.name.Name] = set()

    def lose(self, zone: str) -> None:
        """See `NameServer.lose`: the real one is not asked of it any more."""
        super().lose(zone)
        self._lost.add(dns.name.from_text(zone))

    def values(self, name: str, kind: str) -> list[str]:
        """See `NameServer.values`: asked of the real one."""
        asked = dns.message.make_query(name, kind)
        if self._is_lost(asked):
            return []
        wanted = dns.rdatatype.from_text(kind)
        answer = dns.query.tcp(asked, self._real.host, port=self._real.port, timeout=_WHOLE_S)
        return sorted(
            value.to_text() for one in answer.answer if one.rdtype == wanted for value in one
        )

    async def _answered(self, reader: asyncio.StreamReader) -> bytes:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        wire = await reader.readexactly(size)
        if self.silent:
            await asyncio.sleep(3600)
        try:
            asked = dns.message.from_wire(wire, keyring=self._ring)
        except dns.exception.DNSException:
            return b""
        is_update = asked.opcode() == dns.opcode.UPDATE
        if self._is_lost(asked) or (self.closed and is_update):
            return self._answer(wire)
        return await self._asked(wire)

    def _is_lost(self, asked: dns.message.Message) -> bool:
        return any(one.name.is_subdomain(lost) for one in asked.question for lost in self._lost)

    async def _asked(self, wire: bytes) -> bytes:
        onward, beyond = await self._real.open()
        try:
            beyond.write(struct.pack("!H", len(wire)) + wire)
            await beyond.drain()
            (size,) = struct.unpack("!H", await onward.readexactly(2))
            return await onward.readexactly(size)
        finally:
            beyond.transport.abort()
