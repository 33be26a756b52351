"""A store over HTTP that does one thing wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def faulty_store(
    *,
    status: int = 200,
    body: str = "",
    hangs: bool = False,
    forgets: bool = False,
    floods: bool = False,
) -> AsyncIterator[str]:
    """Serve one on loopback; `http://ADDRESS:PORT`.

    `forgets`: takes every write and has nothing. `floods`: answers every read with 64 KiB.
    """
    asked: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        asked.add(task)
        with contextlib.suppress(
            ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
        ):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method = head.partition(" ")[0]
                lengths = [
                    int(line.partition(":")[2])
                    for line in head.split("\r\n")
                    if line.lower().startswith("content-length:")
                ]
                await reader.readexactly(lengths[0] if lengths else 0)
                if hangs:
                    await asyncio.sleep(3_600)
                writer.write(_answer(method, status, body, forgets=forgets, floods=floods))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


def _answer(method: str, status: int, body: str, *, forgets: bool, floods: bool) -> bytes:
    content, more = body.encode(), 'ETag: "0"\r\nLast-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\n'
    if forgets and method in {"HEAD", "GET"}:
        status, content = 404, b""
    if floods and method == "GET":
        status, content = 206, b"x" * 65_536
        more += "Content-Range: bytes 0-65535/65536\r\n"
    length = 65_536 if floods and method == "HEAD" else len(content)
    head = f"HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\n{more}\r\n".encode()
    return head + (b"" if method == "HEAD" else content)
