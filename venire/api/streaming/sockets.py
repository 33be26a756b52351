"""The WebSocket face: one socket, any number of streams, opened and closed by messages.

Source: docs.joinmastodon.org/methods/streaming#websocket. Text frames only, both ways.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope, Send

from venire.api.errors import phrase_of, problem_response, status_of
from venire.api.streaming.channels import Channel, channel_of, name_of_path
from venire.api.streaming.listeners import TOO_MANY_WORDS, Ending, SocketListener
from venire.api.streaming.messages import WRITES, problem_frame
from venire.api.streaming.station import Station, token_of
from venire.kernel.errors import Invalid, Problem, Refused
from venire.kernel.i18n import negotiate

_log = logging.getLogger(__name__)
_PROTOCOL = re.compile(r"[!-~]{1,512}")
_WORDS_MOST = 120
_WORDS_S = 60.0
"""How many messages a client may send in so many seconds: each may have a home read."""
_TEXT_ONLY = Ending(1003, "text frames only")


async def serve_socket(
    station: Station, scope: Scope, receive: Receive, send: Send, rest: str
) -> None:
    """Answer a handshake below the streaming address, and serve the socket to its end."""
    await receive()
    query = QueryParams(scope["query_string"])
    headers = Headers(scope=scope)
    asked: Sequence[str] = scope.get("subprotocols", ())
    protocol = next((one for one in asked if _PROTOCOL.fullmatch(one)), None)
    language = negotiate(headers.get("accept-language", ""))
    async with contextlib.AsyncExitStack() as stack:
        try:
            token = token_of(headers, query) or protocol
            listener = await stack.enter_async_context(
                station.listening(token, scope, SocketListener)
            )
            name = query.get("stream") or name_of_path(rest)
            if name:
                await station.subscribe(listener, _channel(name, query))
        except Problem as problem:
            await _refuse(scope, receive, send, problem, language)
            return
        # Echoed whatever it is: Chrome drops a socket whose server does not choose one.
        await send({"type": "websocket.accept", "subprotocol": protocol})
        listener.write = scope.get("extensions", {}).get(WRITES, {}).get("write")
        await _Socket(station, listener, language).serve(receive, send)


async def _refuse(
    scope: Scope, receive: Receive, send: Send, problem: Problem, language: str
) -> None:
    if "websocket.http.response" in scope.get("extensions", {}):
        answer = problem_response(problem, language=language)
        await answer({**scope, "method": "GET"}, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": problem.code})


def _word(value: object) -> str:
    """A parameter as clients send it: a text, a number, or a list with it."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _channel(name: str, given: Mapping[str, Any]) -> Channel:
    return channel_of(
        name,
        tag=_word(given.get("tag")),
        list_id=_word(given.get("list")),
        only_media=given.get("only_media") in {True, "true", "1"},
    )


class _Socket:
    """An open WebSocket: reads here, writes in a task of its own, so that neither waits."""

    def __init__(self, station: Station, listener: SocketListener, language: str) -> None:
        self._station = station
        self._listener = listener
        self._language = language
        self._words: list[float] = []

    async def serve(self, receive: Receive, send: Send) -> None:
        """Until its peer goes, or it has to end."""
        writer = asyncio.create_task(self._write(send))
        try:
            await self._read(receive)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._listener.ending is None or task is None:
                raise
            # Cut by ourselves: its peer did not read, or did not go.
            task.uncancel()
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        while (frame := await self._listener.mailbox.next()) is not None:
            await send({"type": "websocket.send", "text": frame})
        ending = self._listener.ending
        if ending is not None:
            await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})

    async def _read(self, receive: Receive) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if self._listener.ending is not None:
                continue
            now = loop.time()
            self._words = [at for at in self._words if at > now - _WORDS_S]
            self._words.append(now)
            if len(self._words) > _WORDS_MOST:
                self._listener.end(TOO_MANY_WORDS)
            elif message.get("text") is None:
                self._listener.end(_TEXT_ONLY)
            else:
                await self._hear(message["text"])

    async def _hear(self, text: str) -> None:
        try:
            await self._obey(text)
        except Problem as problem:
            if isinstance(problem, Refused):
                _log.exception("call_refused")
            said = phrase_of(problem, self._language)
            self._listener.say(problem_frame(said, status_of(problem), problem.code))

    async def _obey(self, text: str) -> None:
        try:
            given = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise Invalid("malformed_json", "The body is not valid JSON") from error
        channel = _channel(_word(given.get("stream")), given)
        match given.get("type"):
            case "subscribe":
                await self._station.subscribe(self._listener, channel)
            case "unsubscribe":
                self._station.audience.unsubscribe(self._listener, channel.key)
            case _:
                raise Invalid("parameter_invalid", "type is subscribe or unsubscribe")
