"""The load generator: a process of its own, so that what it costs is not counted as the site's.

`python -m venire.cli.benchmarks.load` reads one `Plan` a line from standard input, drives it, and
writes one `Outcome` a line. Kept-open connections, one request in flight on each; answers are read
by hand (Content-Length or chunks), since an HTTP client for everything would cost more than the
site. Every status is checked; one body in `_LOOK_EVERY` is decoded and its entries are counted.
"""

from __future__ import annotations

import array
import asyncio
import sys
import time
from collections.abc import Iterator
from typing import cast

import msgspec
import uvloop

from venire.cli.benchmarks.answers import Reader

_LOOK_EVERY = 16
_TOLD = 5
_SLICE_S = 0.1
_PATIENCE_S = 60.0
NUMBER = "%(number)"
"""Stands for a number of nine digits in a body: as long as itself, never the same twice."""


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request: `body` is JSON text, empty for none."""

    path: str
    method: str = "GET"
    token: str = ""
    body: str = ""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to drive: `calls` over and over for so many seconds, or (`seconds` 0) each once.

    `entries`: how many a list must have at least. `keep_ids`: return the `id` of each answer.
    `first_number`: where `NUMBER` begins.
    """

    host: str
    port: int
    calls: list[Call]
    connections: int = 32
    seconds: float = 0.0
    entries: int = 0
    keep_ids: bool = False
    first_number: int = 0


class Outcome(msgspec.Struct):
    """What happened. `seconds`: first byte sent to last answer read. `slices`: answers each 100 ms.

    `cpu_s` is the generator's own; `failed` are the first few failures in words.
    """

    requests: int
    failures: int
    seconds: float
    p50_ms: float
    p99_ms: float
    most_ms: float
    mean_bytes: float
    cpu_s: float
    slices: list[int]
    failed: list[str]
    ids: list[str]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds if self.seconds else 0.0


class _Entity(msgspec.Struct):
    id: str


_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ENTITY = msgspec.json.Decoder(_Entity)
_ANY = msgspec.json.Decoder(msgspec.Raw)


class _Round:
    """One plan being driven: which request is next, and what came back."""

    def __init__(self, plan: Plan, loop: asyncio.AbstractEventLoop) -> None:
        self.plan = plan
        self.done: asyncio.Future[None] = loop.create_future()
        self.latencies = array.array("d")
        self.moments = array.array("d")
        self.bytes = 0
        self.failures = 0
        self.failed: list[str] = []
        self.ids: list[str] = []
        self.open = 0
        host = f"{plan.host}:{plan.port}"
        self._requests = [written_call(call, host) for call in plan.calls]
        self._next = 0
        self._number = plan.first_number
        self.began = self.until = 0.0

    def start(self) -> None:
        """The clock runs from here."""
        self.began = time.perf_counter()
        self.until = self.began + self.plan.seconds if self.plan.seconds else self.began + 1e9

    def next_request(self, now: float) -> bytes | None:
        """What to send now; None when it is over."""
        place = self._next
        if now >= self.until or self.failures > 100 + len(self.latencies) // 2:
            return None
        if place >= len(self._requests):
            if not self.plan.seconds:
                return None
            place = 0
        self._next = place + 1
        request = self._requests[place]
        if _NUMBER in request:
            self._number += 1
            request = request.replace(_NUMBER, b"%09d" % self._number)
        return request

    def take(self, status: int, body: bytes | bytearray, began: float, now: float) -> None:
        """One answer."""
        self.latencies.append(now - began)
        self.moments.append(now - self.began)
        self.bytes += len(body)
        if status != 200 or not body:  # noqa: PLR2004 - HTTP
            self.fail(f"{status} {bytes(body[:160])!r}")
        elif self.plan.keep_ids:
            self.ids.append(_ENTITY.decode(body).id)
        elif len(self.latencies) % _LOOK_EVERY == 1:
            self._look(body)

    def _look(self, body: bytes | bytearray) -> None:
        try:
            found = len(_LIST.decode(body)) if self.plan.entries else len(_ANY.decode(body))
        except msgspec.DecodeError as error:
            self.fail(f"not the JSON that was expected: {error}")
            return
        if found < self.plan.entries:
            self.fail(f"a list of {found}, not of {self.plan.entries}")

    def fail(self, words: str) -> None:
        """Something was not as it should be."""
        self.failures += 1
        if len(self.failed) < _TOLD:
            self.failed.append(words)

    def left(self) -> None:
        """A connection has nothing more to do."""
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    """One kept-open connection, one request in flight."""

    __slots__ = ("_began", "_finished", "_reader", "_round", "_transport")

    def __init__(self, whole: _Round) -> None:
        self._round = whole
        self._reader = Reader()
        self._began = 0.0
        self._finished = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, now: float) -> None:
        """Send what is next, or close."""
        transport = self._transport
        request = self._round.next_request(now)
        if request is None or transport is None:
            self._finished = True
            self._round.left()
            if transport is not None:
                transport.close()
            return
        self._began = now
        transport.write(request)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if not reader.feed(data):
            return
        now = time.perf_counter()
        self._round.take(reader.status, reader.body, self._began, now)
        self.send(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._finished:
            self._round.fail(f"the connection broke: {exc}")
            self._finished = True
            self._round.left()


_NUMBER = NUMBER.encode()


def written_call(call: Call, host: str) -> bytes:
    """A call as it goes over the wire."""
    head = (
        f"{call.method} {call.path} HTTP/1.1\r\nHost: {host}\r\n"
        "User-Agent: venire-benchmark\r\nAccept: application/json\r\n"
    )
    if call.token:
        head += f"Authorization: Bearer {call.token}\r\n"
    body = call.body.encode()
    if call.method != "GET":
        kind = "Content-Type: application/json\r\n" if body else ""
        head += f"{kind}Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def drive(plan: Plan) -> Outcome:
    """Drive one plan to its end."""
    loop = asyncio.get_running_loop()
    whole = _Round(plan, loop)
    connections: list[_Connection] = []
    for _ in range(plan.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(whole), plan.host, plan.port
        )
        connections.append(connection)
    whole.open = len(connections)
    cpu = time.process_time()
    whole.start()
    for connection in connections:
        connection.send(time.perf_counter())
    try:
        # Answers that are still to come when time is up are waited for and counted: work begun
        # and not counted would make the site look dearer.
        async with asyncio.timeout(plan.seconds + _PATIENCE_S if plan.seconds else None):
            await whole.done
    except TimeoutError:
        whole.fail("some answers never came")
    cpu = time.process_time() - cpu
    return _outcome(whole, cpu)


def _outcome(whole: _Round, cpu: float) -> Outcome:
    latencies = sorted(whole.latencies)
    count = len(latencies)
    seconds = max(whole.moments, default=0.0)
    slices = [0] * (int(seconds / _SLICE_S) + 1)
    for moment in whole.moments:
        slices[int(moment / _SLICE_S)] += 1

    def share(part: float) -> float:
        return latencies[min(count - 1, int(part * count))] * 1e3 if count else 0.0

    return Outcome(
        requests=count,
        failures=whole.failures,
        seconds=seconds,
        p50_ms=share(0.5),
        p99_ms=share(0.99),
        most_ms=latencies[-1] * 1e3 if count else 0.0,
        mean_bytes=whole.bytes / count if count else 0.0,
        cpu_s=cpu,
        slices=slices,
        failed=whole.failed,
        ids=whole.ids,
    )


def _lines() -> Iterator[bytes]:
    while line := sys.stdin.buffer.readline():
        yield line


def main() -> None:
    """Serve plans until standard input ends."""
    decoder = msgspec.json.Decoder(Plan)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in _lines():
            outcome = runner.run(drive(decoder.decode(line)))
            sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
