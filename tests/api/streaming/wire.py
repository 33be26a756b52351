"""A client of streams in the test's own process: ASGI, no socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from tests.kit.site import Member, OpenSite

ADDRESS = "/api/v1/streaming"
_PATIENCE_S = 5.0


class Refusal(Exception):  # noqa: N818 - what a server said, not what broke
    """A handshake or a stream that was answered with a status."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(f"{status} {body!r}")
        self.status = status
        self.headers = headers
        self.body = json.loads(body)


class Wire:
    """The client's end of one ASGI connection."""

    def __init__(self, app: Any, scope: dict[str, Any]) -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reading = asyncio.Event()
        self.reading.set()
        self.task = asyncio.create_task(app(scope, self._to_app.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reading.wait()
        self._from_app.put_nowait(message)

    def send(self, **message: Any) -> None:
        self._to_app.put_nowait(message)

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(_PATIENCE_S):
            return await self._from_app.get()

    def nothing_more(self) -> bool:
        return self._from_app.empty()

    async def hang_up(self, kind: str) -> None:
        self.reading.set()
        self.send(type=kind, code=1000)
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.gather(self.task, return_exceptions=True)


async def _refused(wire: Wire, start: dict[str, Any]) -> Refusal:
    body = await wire.next()
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Refusal(start["status"], headers, body["body"])


class Socket:
    """An accepted WebSocket."""

    def __init__(self, wire: Wire, accepted: dict[str, Any]) -> None:
        self.wire = wire
        self.protocol = accepted.get("subprotocol")

    def say(self, **words: Any) -> None:
        self.wire.send(type="websocket.receive", text=json.dumps(words))

    async def next(self) -> dict[str, Any]:
        """The next frame, as JSON."""
        message = await self.wire.next()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def event(self, name: str) -> Any:
        """The payload of the next frame, which is such an event."""
        frame = await self.next()
        assert frame["event"] == name, frame
        return json.loads(frame["payload"])

    async def closing(self) -> dict[str, Any]:
        message = await self.wire.next()
        assert message["type"] == "websocket.close", message
        self.wire.send(type="websocket.disconnect", code=message["code"])
        return message


def _scope(kind: str, path: str, headers: dict[str, str], query: dict[str, str]) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query).encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        # Not one of the documentation's: those tell no household from another.
        "client": ("9.9.9.9", 40_000),
        "server": ("venire.test", 80),
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }


@contextlib.asynccontextmanager
async def socket(
    site: OpenSite,
    member: Member | None = None,
    path: str = ADDRESS,
    *,
    protocols: tuple[str, ...] = (),
    **query: str,
) -> AsyncIterator[Socket]:
    """A WebSocket; `query`: `stream`, `tag`, `list`, `access_token`."""
    headers = {} if member is None else dict(member.headers)
    scope = {**_scope("websocket", path, headers, query), "subprotocols": list(protocols)}
    wire = Wire(site.app, scope)
    wire.send(type="websocket.connect")
    try:
        answer = await wire.next()
        if answer["type"] != "websocket.accept":
            raise await _refused(wire, answer)
        yield Socket(wire, answer)
    finally:
        await wire.hang_up("websocket.disconnect")


class Events:
    """A stream of server-sent events."""

    def __init__(self, wire: Wire, headers: dict[str, str]) -> None:
        self.wire = wire
        self.headers = headers

    async def lines(self) -> str:
        message = await self.wire.next()
        assert message["type"] == "http.response.body", message
        return message["body"].decode()

    async def event(self, name: str) -> Any:
        said = (await self.lines()).split("\n")
        assert said[0] == f"event: {name}", said
        assert said[2:] == ["", ""], said
        return json.loads(said[1].removeprefix("data: "))


@contextlib.asynccontextmanager
async def events(
    site: OpenSite, member: Member | None, path: str, **query: str
) -> AsyncIterator[Events]:
    """A stream below the streaming address."""
    headers = {} if member is None else dict(member.headers)
    wire = Wire(site.app, _scope("http", f"{ADDRESS}/{path}", headers, query))
    try:
        start = await wire.next()
        if start["status"] != 200:
            raise await _refused(wire, start)
        named = {name.decode(): value.decode() for name, value in start["headers"]}
        stream = Events(wire, named)
        assert (await stream.lines()).startswith(":")
        yield stream
    finally:
        await wire.hang_up("http.disconnect")
