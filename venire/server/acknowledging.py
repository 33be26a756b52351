"""`durable = "remote"`: nothing is acknowledged to anybody before a store outside has it.

Slower by the fraction of a second that a segment takes; in return the machine may vanish between
two instructions, and every answer that said yes is still true on the next one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from venire.api.errors import problem_response
from venire.kernel.errors import Unavailable

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FAILED: Final = 400


def kept_first(app: ASGIApp, kept: Callable[[], Awaitable[None]]) -> ASGIApp:
    """The application, whose answers to writes wait for `kept`.

    Where that raises Unavailable, the answer is that one's, 503: whether it was done is then not
    known to whoever asked, as with a connection that broke.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _READS:
            await app(scope, receive, send)
            return
        refused = False

        async def wait(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] < _FAILED:
                try:
                    await kept()
                except Unavailable as problem:
                    refused = True
                    await problem_response(problem)(scope, receive, send)
                    return
            if not refused:
                await send(message)

        await app(scope, receive, wait)

    return answer
