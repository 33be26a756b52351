"""What a connection may hold and wait for, at a real socket."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import uvicorn

from venire.server import connections
from venire.server.connections import HEAD_BYTES, BoundedProtocol

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def app(scope, receive, send):
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(0.4)
    headers = [(b"content-length", str(len(str(size))).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
async def port(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 0.2)
    config = uvicorn.Config(
        app, port=0, http=BoundedProtocol, log_config=None, lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def told(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """What comes back until the server ends the connection, or has said nothing for a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        while part := await asyncio.wait_for(reader.read(65_536), 1):
            found += part
        found += b"<end>"
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return found


@pytest.mark.parametrize(
    "begun", [b"", b"\r\n", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "]
)
async def test_who_never_finishes_asking_is_not_waited_for(port, begun):
    assert await told(port, begun) == b"<end>"


async def test_neither_is_who_does_so_byte_by_byte(port):
    head = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200
    pieces = [head[at : at + 20] for at in range(0, len(head), 20)]
    assert b"200 OK" not in await told(port, *pieces, pause_s=0.02)


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nX: ", b"GET /", b"GET / HTTP/1.1\r\n"])
async def test_headers_without_end_are_refused_before_they_fill_the_memory(port, begun):
    line = b"y" * 1_000 if begun != b"GET / HTTP/1.1\r\n" else b"X-Again: yes\r\n" * 80
    sent = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    with contextlib.suppress(ConnectionError):
        for _ in range(20_000):
            writer.write(line)
            await writer.drain()
            sent += len(line)
            await asyncio.sleep(0)
    assert sent < 10_000_000
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    del reader


async def test_large_headers_and_larger_bodies_are_taken_one_after_the_other(port):
    large = b"X: " + b"y" * (HEAD_BYTES // 2) + b"\r\n"
    body = b"z" * 1_000_000
    first = b"POST / HTTP/1.1\r\nHost: x\r\n" + large + b"Content-Length: 1000000\r\n\r\n" + body
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await told(port, first, first + last)
    assert answer.count(b"200 OK") == 3
    assert answer.count(b"1000000") == 2
    assert answer.endswith(b"<end>")


async def test_a_long_answer_is_not_cut_off_by_a_next_request_that_only_begins(port):
    slow = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await told(port, slow + b"GET / HT")
    assert b"200 OK" in answer
    assert answer.endswith(b"<end>")


async def test_a_connection_that_waits_between_requests_is_kept(port):
    one = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await told(port, one, one, pause_s=0.5)
    assert answer.count(b"200 OK") == 2
