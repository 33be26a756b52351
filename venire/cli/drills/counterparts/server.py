"""What every stand-in is made of: HTTP/1.1 on the loopback, by hand, so that it can be wrong.

A stand-in answers calls from its own memory. `order` makes the next calls go wrong, down to the
bytes: a server that hangs, answers twice or stops in the middle of a line is what vendors are like
on their worst day, and no web framework would let us be one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, Protocol
from urllib.parse import parse_qsl, urlsplit

import msgspec

Fault = Literal[
    "400", "401", "402", "403", "404", "408", "409", "429", "500", "503",
    "hang", "drip", "garbage", "empty", "long", "packed", "redirect", "twice", "cut",
    "suspended", "inside",
]  # fmt: skip
"""`inside`: a success with an error in it. `suspended`: the vendor's own way of putting us out."""
_LONG: Final = 2 * 1024 * 1024
_HEAD_BYTES: Final = 64 * 1024
_READY_S: Final = 10.0


class Call(msgspec.Struct, frozen=True):
    """A request as it came. The names of `headers` are in lower case; `path` is still quoted.

    `target`: path and query as they stood in the first line.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str = ""

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return None


class Reply(msgspec.Struct, frozen=True):
    """An answer; `content` is sent as JSON unless it is bytes."""

    status: int
    content: Any = None
    headers: Mapping[str, str] = {}


class Counterpart:
    """A vendor's stand-in. Override `answer`, and what a refusal looks like there."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.url = ""
        self.closed = False
        """Whether the account is closed until somebody opens it: every call is refused."""
        self._orders: list[Fault] = []

    def order(self, *faults: Fault) -> None:
        """Let the next calls go wrong, one fault each."""
        self._orders.extend(faults)

    def forget_orders(self) -> None:
        """Go right from now on."""
        self._orders.clear()

    def answer(self, call: Call) -> Reply:
        """What a call is answered on a good day; runs in the stand-in's own thread."""
        raise NotImplementedError(call.path)

    def refusal(self, status: int) -> Reply:
        """A refusal as this vendor words it."""
        headers = {"Retry-After": "7"} if status == 429 else {}  # noqa: PLR2004 - HTTP
        return Reply(status, {"message": "refused"}, headers)

    def suspended(self, call: Call) -> Reply:
        """How this vendor says that the account is closed."""
        del call
        return self.refusal(403)

    def inside(self, call: Call) -> Reply:
        """A success with an error in it, as this vendor sends them."""
        raise NotImplementedError(call.path)

    def reply(self, call: Call, fault: Fault | None) -> Reply:
        """The answer to a call, with what was ordered."""
        if self.closed or fault == "suspended":
            return self.suspended(call)
        if fault is not None and fault.isdigit():
            return self.refusal(int(fault))
        if fault == "inside":
            return self.inside(call)
        if fault == "redirect":
            return Reply(307, None, {"Location": f"{self.url}/elsewhere"})
        return self.answer(call)

    async def replied(self, call: Call, fault: Fault | None) -> Reply:
        """The same, for who has to ask somebody else first."""
        return self.reply(call, fault)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection."""
        try:
            with contextlib.suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                while (call := await _read(reader)) is not None:
                    self.calls.append(call)
                    fault = self._orders.pop(0) if self._orders else None
                    if not await self._write(writer, call, fault):
                        break
                writer.close()
                await writer.wait_closed()
        except asyncio.CancelledError:
            # It ends, and so does this: asyncio would log a task that was only told to stop.
            return
        finally:
            # Cut off while it hangs, a connection still has to be let go.
            writer.transport.abort()

    async def _write(self, writer: asyncio.StreamWriter, call: Call, fault: Fault | None) -> bool:
        """Write an answer; whether the connection goes on."""
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault in {"garbage", "empty", "long", "packed"}:
            writer.write(_strange(fault))
            await writer.drain()
            return False
        wire = _wire(await self.replied(call, fault))
        if fault == "drip":
            for byte in wire:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.2)
        elif fault == "cut":
            writer.write(wire[: len(wire) // 2])
        else:
            writer.write(wire * 2 if fault == "twice" else wire)
        await writer.drain()
        return fault != "cut"


async def _read(reader: asyncio.StreamReader) -> Call | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = [line.split(":", 1) for line in lines if line]
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Call(method, parts.path, query, headers, body, target)


def _wire(reply: Reply) -> bytes:
    raw = isinstance(reply.content, bytes)
    body = reply.content if raw else b"" if reply.content is None else _json(reply.content)
    headers = {"Content-Type": "application/json", **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} As Ordered", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _json(content: Any) -> bytes:
    return msgspec.json.encode(content)


def _strange(fault: str | None) -> bytes:
    body, packing = b"<html><h1>It works!</h1></html>", ""
    if fault == "empty":
        body = b""
    elif fault == "long":
        body = b" " * _LONG
    elif fault == "packed":
        body, packing = gzip.compress(b" " * _LONG), "Content-Encoding: gzip\r\n"
    head = f"HTTP/1.1 200 OK\r\n{packing}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


class Served(Protocol):
    """What can be served: it is told its address, and speaks with one client at a time."""

    url: str

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""


@contextlib.contextmanager
def served(
    counterpart: Served, port: int = 0, context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve a stand-in from a thread of its own, so that drills and tests may be of any kind.

    Yields its address; `port` 0 is a free one; with a `context` it speaks TLS. Whatever hangs is
    cut at the end.
    """
    ready = threading.Event()
    state: dict[str, Any] = {}

    async def run() -> None:
        stop = asyncio.Event()
        state["loop"], state["stop"] = asyncio.get_running_loop(), stop
        server = await asyncio.start_server(
            counterpart.serve, "127.0.0.1", port, limit=_HEAD_BYTES, ssl=context
        )
        scheme = "http" if context is None else "https"
        counterpart.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="counterpart", daemon=True)
    thread.start()
    if not ready.wait(_READY_S):
        raise RuntimeError("the stand-in did not start")
    try:
        yield counterpart.url
    finally:
        state["loop"].call_soon_threadsafe(state["stop"].set)
        thread.join(_READY_S)
