"""The face of server-sent events: one stream for each connection, named by its address.

Source: docs.joinmastodon.org/methods/streaming#streams; WHATWG HTML, 9.2.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope, Send

from venire.api.errors import problem_response
from venire.api.streaming.channels import channel_of, name_of_path
from venire.api.streaming.listeners import EventListener
from venire.api.streaming.station import Station, token_of
from venire.kernel.errors import Problem
from venire.kernel.i18n import negotiate

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that gather answers would show the first event with the hundredth.
    (b"x-accel-buffering", b"no"),
]
_HELLO = b":)\n\n"
"""A comment: the first bytes tell a client that it is connected."""


async def serve_events(
    station: Station, scope: Scope, receive: Receive, send: Send, rest: str
) -> None:
    """Answer a GET of a stream, and serve it to its end."""
    query = QueryParams(scope["query_string"])
    headers = Headers(scope=scope)
    async with contextlib.AsyncExitStack() as stack:
        try:
            listener = await stack.enter_async_context(
                station.listening(token_of(headers, query), scope, EventListener)
            )
            channel = channel_of(
                name_of_path(rest) or query.get("stream", ""),
                tag=query.get("tag", ""),
                list_id=query.get("list", ""),
                only_media=query.get("only_media") in {"true", "1"},
            )
            await station.subscribe(listener, channel)
        except Problem as problem:
            request_id = str(scope.get("state", {}).get("request_id", ""))
            language = negotiate(headers.get("accept-language", ""))
            answer = problem_response(problem, language=language, request_id=request_id)
            await answer(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await send({"type": "http.response.body", "body": _HELLO, "more_body": True})
        await _serve(listener, receive, send)


async def _serve(listener: EventListener, receive: Receive, send: Send) -> None:
    gone = asyncio.create_task(_until_gone(listener, receive))
    try:
        while (lines := await listener.mailbox.next()) is not None:
            await send({"type": "http.response.body", "body": lines, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if listener.ending is None or task is None:
            raise
        # Cut by ourselves: its peer did not read.
        task.uncancel()
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)


async def _until_gone(listener: EventListener, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.mailbox.end()
