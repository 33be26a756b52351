"""A thousand WebSockets held open by a process of its own, and when the last one was told.

`python -m venire.cli.benchmarks.sockets` reads one `Listeners` from standard input, opens them all
and writes how many stand. For each line that follows it waits until every one has been sent a
message, and writes the moment of the last (`time.perf_counter`, one clock for all processes).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from venire.cli.benchmarks.shape import post_call
from venire.cli.benchmarks.target import Target
from venire.cli.benchmarks.wire import open_wire
from venire.kernel.errors import Unavailable

_MODULE = "venire.cli.benchmarks.sockets"
_AT_ONCE = 50
_ANSWER_S = 15.0
_READY_S = 60.0
_KEY = base64.b64encode(b"venire-benchmark").decode()
_TEXT, _PING = 1, 9


class Listeners(msgspec.Struct, frozen=True):
    """How many sockets of which stream; tokens are used in turn."""

    host: str
    port: int
    stream: str
    tokens: list[str]
    count: int


class Told(msgspec.Struct):
    """From sending a post to the last of so many sockets being told of it."""

    sockets: int
    events: int
    median_ms: float
    most_ms: float


class _Room:
    """Counts who has been told."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.told = 0
        self.last = 0.0
        self.everybody = asyncio.Event()

    def tell(self) -> None:
        """One more was told."""
        self.told += 1
        self.last = time.perf_counter()
        if self.told >= self.count:
            self.everybody.set()

    def again(self) -> None:
        """Nobody has been told yet."""
        self.told = 0
        self.everybody.clear()


class _Socket(asyncio.Protocol):
    """One WebSocket, as far as a listener needs it (RFC 6455)."""

    def __init__(self, room: _Room, request: bytes, opened: asyncio.Future[bool]) -> None:
        self._room = room
        self._request = request
        self._opened = opened
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._opened.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._opened.set_result(self._buffer.startswith(b"HTTP/1.1 101"))
            del self._buffer[: end + 4]
        for kind in frames(self._buffer):
            if kind == _TEXT:
                self._room.tell()
            elif kind == _PING and self._transport is not None:
                self._transport.write(b"\x8a\x80\x00\x00\x00\x00")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        if not self._opened.done():
            self._opened.set_result(False)


def frames(buffer: bytearray) -> Iterator[int]:
    """The kinds of the whole frames at the front of a buffer, which they are taken from."""
    while len(buffer) >= 2:  # noqa: PLR2004 - the least head of a frame
        size, head = buffer[1] & 0x7F, 2
        if size >= 126:  # noqa: PLR2004 - RFC 6455, 5.2
            head = 4 if size == 126 else 10  # noqa: PLR2004 - the same
            if len(buffer) < head:
                return
            size = int.from_bytes(buffer[2:head], "big")
        if len(buffer) < head + size:
            return
        kind = buffer[0] & 0x0F
        del buffer[: head + size]
        yield kind


async def _listen(listeners: Listeners) -> None:
    loop = asyncio.get_running_loop()
    room = _Room(listeners.count)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> bool:
        token = listeners.tokens[number % len(listeners.tokens)]
        request = (
            f"GET /api/v1/streaming?stream={listeners.stream}&access_token={token} HTTP/1.1\r\n"
            f"Host: {listeners.host}:{listeners.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        async with gate:
            opened: asyncio.Future[bool] = loop.create_future()
            await loop.create_connection(
                lambda: _Socket(room, request, opened), listeners.host, listeners.port
            )
            return await opened

    stand = sum(await asyncio.gather(*(one(number) for number in range(listeners.count))))
    room.count = stand
    print(stand, flush=True)
    while await loop.run_in_executor(None, sys.stdin.buffer.readline):
        room.again()
        print("ready", flush=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                await room.everybody.wait()
        print(room.told, repr(room.last), flush=True)


def main() -> None:
    """Listen until standard input ends."""
    listeners = msgspec.json.decode(sys.stdin.buffer.readline(), type=Listeners)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_listen(listeners))


def told_to_all(target: Target, *, count: int = 1_000, events: int = 10) -> Told:
    """Open sockets on a site, post one at a time, and see when the last socket is told.

    Raises Unavailable `no_streaming` where a site opens none.
    """
    parts = urlsplit(target.url)
    tokens = [member.token for member in target.seeded.members]
    listeners = Listeners(parts.hostname or "", parts.port or 80, "public:local", tokens, count)
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", _MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        try:
            _say(process, msgspec.json.encode(listeners))
            stand = int(_hear(process, _READY_S))
            if stand < count:
                raise Unavailable("no_streaming", f"{stand} of {count} sockets were opened")
            moments = [_one_event(process, target, number, stand) for number in range(events)]
        finally:
            process.kill()
    return Told(stand, events, statistics.median(moments), max(moments))


def _one_event(process: subprocess.Popen[bytes], target: Target, number: int, count: int) -> float:
    """Milliseconds from sending a post to the last socket."""
    _say(process, b"next")
    _hear(process, _READY_S)
    text = f"Good evening, this is number {number} of {target.turns} tonight."
    with open_wire(target.url) as wire:
        answer = wire.ask(
            post_call(target.seeded.members[number % len(target.seeded.members)], text)
        )
        answer.well  # noqa: B018 - a refusal is raised here
    told, moment = _hear(process, _ANSWER_S + 5).split()
    if int(told) < count:
        raise Unavailable("event_not_told", f"{int(told)} of {count} sockets were told")
    target.settle()
    return (float(moment) - answer.sent_at) * 1e3


def _say(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it was opened with a pipe
    process.stdin.write(line + b"\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[bytes], patience_s: float) -> str:
    assert process.stdout is not None  # noqa: S101 - it was opened with a pipe
    if not select.select([process.stdout], [], [], patience_s)[0]:
        raise Unavailable("listeners_silent", "the process that holds the sockets says nothing")
    return process.stdout.readline().decode()


if __name__ == "__main__":
    main()
