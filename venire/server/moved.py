"""What the old address answers once a site has moved: where it is now, and nothing else.

Reads and pages are led there; a program that writes is told the address and asks there itself,
since it may not send its token wherever it is pointed.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import uvicorn
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from venire.api.errors import problem_response
from venire.continuity.recovery import relocating
from venire.kernel.errors import Gone, Unavailable
from venire.server.settings import Settings

_LOOK_S: Final = 0.25
_READS: Final = frozenset({"GET", "HEAD"})


def kept_or_moved(app: ASGIApp, data: Path) -> ASGIApp:
    """The application, until the site has moved; then the way to it."""
    looked_s, to = 0.0, ""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal looked_s, to
        now_s = time.monotonic()
        if not to and now_s - looked_s > _LOOK_S:
            looked_s, to = now_s, address(data)
        if to and scope["type"] in {"http", "websocket"}:
            await led_on(scope, receive, send, to)
            return
        await app(scope, receive, send)

    return answer


def address(data: Path) -> str:
    """Where a site has moved to; empty where it has not."""
    step = relocating.read(data)
    return step.to if step is not None and step.state == "moved" else ""


def refuse_left(data: Path) -> None:
    """Refuse to serve a folder whose site lies in another one. Unavailable `moved_elsewhere`."""
    step = relocating.read(data)
    if step is not None and step.state == "moved" and not step.to:
        raise Unavailable(
            "moved_to_folder", "this site was moved to another folder: serve that one"
        )


async def led_on(scope: Scope, receive: Receive, send: Send, to: str) -> None:
    """Answer one request with the way to the new address."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1001, "reason": "site_moved"})
        return
    response: Response
    if scope["method"] in _READS:
        query = scope["query_string"].decode("latin-1")
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
        if not path.startswith("/"):
            # `*`, or `@other.example`, which would make the new address part of another one.
            path = "/"
        # Not a permanent one: browsers keep those for ever, and a site may come back.
        response = RedirectResponse(f"{to}{path}{'?' + query if query else ''}", 307)
    else:
        response = problem_response(
            Gone("site_moved", "The site has moved to another address", url=to)
        )
    response.headers["Cache-Control"] = "no-store"
    await response(scope, receive, send)


def serve_moved(
    to: str, sockets: list[socket.socket], settings: Settings, greet: Callable[[str], None]
) -> None:
    """Serve nothing but the way on, until told to stop: a host whose site has moved."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            await led_on(scope, receive, send, to)

    greet(f"Venire has moved from {settings.url} to {to}: this host only says so")
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    work: Awaitable[None] = server.serve(sockets=sockets)
    asyncio.run(_until_done(work))


async def _until_done(work: Awaitable[None]) -> None:
    await work
