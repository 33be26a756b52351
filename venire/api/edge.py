"""What every answer of the site has in common: an id, security headers, CORS, and never a stack.

Pure ASGI, outermost: also errors, preflights and the pages pass through it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from venire.api.errors import problem_response
from venire.kernel.errors import Forbidden, Invalid, Problem, Refused, TooLarge
from venire.kernel.i18n import negotiate
from venire.people.countries import note_network_country

_log = logging.getLogger(__name__)

OPEN_TO_SCRIPTS = (
    "/api/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/.well-known/",
    "/nodeinfo",
    "/avatars/",
    "/headers/",
    "/thumbnail.png",
    "/media/",
    "/record/",
    "/health",
)
"""Where scripts of other sites may read answers. Never credentials: a token is in a header."""

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id,"
        " Idempotency-Key, Retry-After"
    ),
}
_PREFLIGHT = {
    **_CORS,
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "86400",
}
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""The policy for what is not a page; pages bring their own."""

BODY_S = 60.0
"""How long the next piece of a body may take."""
BODY_BYTES_A_SECOND = 4_096
"""How fast it has to come on the whole: less than the slowest of phones."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


_Headers = list[tuple[bytes, bytes]]


def _raw(headers: Mapping[str, str]) -> _Headers:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def _shut(send: Send) -> None:
    # RFC 6455 section 7.4.1: policy violation.
    await send({"type": "websocket.close", "code": 1008})


def _check_network(*, barred: bool) -> None:
    if barred:
        raise Forbidden("network_closed", "This network cannot reach this site")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


class Edge:
    """Wraps the application; gives each request an id in `scope["state"]["request_id"]`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        new_id: Callable[[], str],
        https: bool,
        body_bytes: int,
        barred: Callable[[str], Awaitable[bool]],
        country_header: str = "",
    ) -> None:
        self._app = app
        self._country_header = country_header
        self._new_id = new_id
        self._barred = barred
        self._body_bytes = body_bytes
        strict = {"Strict-Transport-Security": "max-age=31536000"} if https else {}
        self._closed = _raw(_SECURITY | strict)
        self._open = _raw(
            _SECURITY | strict | _CORS | {"Cross-Origin-Resource-Policy": "cross-origin"}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        barred = await self._barred(_address(scope))
        self._note_country(scope)
        if scope["type"] != "http":
            await (_shut(send) if barred else self._app(scope, receive, send))
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = self._new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._dress(scope["path"], request_id, message["headers"])
            await send(message)

        if scope["method"] == "OPTIONS" and scope["path"].startswith(OPEN_TO_SCRIPTS):
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send_dressed)
            return
        try:
            _check_network(barred=barred)
            await self._app(scope, _capped(receive, headers, self._body_bytes), send_dressed)
        except ClientDisconnect:
            return
        except Exception as error:
            if not isinstance(error, Problem):
                _log.exception("request_failed", extra={"request_id": request_id})
            if started:
                raise
            problem = error if isinstance(error, Problem) else Refused("internal_error")
            language = negotiate(headers.get("accept-language", ""))
            answer = problem_response(problem, language=language, request_id=request_id)
            await answer(scope, receive, send_dressed)

    def _note_country(self, scope: Scope) -> None:
        if self._country_header and scope["type"] in {"http", "websocket"}:
            note_network_country(Headers(scope=scope).get(self._country_header, ""))

    def _dress(self, path: str, request_id: str, headers: _Headers) -> None:
        there = {name for name, _ in headers}
        dress = self._open if path.startswith(OPEN_TO_SCRIPTS) else self._closed
        headers += [pair for pair in dress if pair[0] not in there]
        headers.append((b"x-request-id", request_id.encode()))


def _capped(receive: Receive, headers: Headers, most: int) -> Receive:
    """Refuse a body over the largest that any route takes, before and while it comes in.

    One that does not come in time is given up: who is kept waiting keeps what came so far.
    """
    declared = headers.get("content-length", "0")
    announced = int(declared) if re.fullmatch(r"[0-9]{1,19}", declared) else 0
    seen = 0
    whole = False
    begun_s = 0.0

    async def receive_capped() -> Message:
        nonlocal seen, whole, begun_s
        if announced > most:
            raise _too_large(most)
        if whole:
            return await receive()
        now_s = asyncio.get_running_loop().time()
        begun_s = begun_s or now_s
        rest_s = begun_s + BODY_S + seen / BODY_BYTES_A_SECOND - now_s
        try:
            async with asyncio.timeout(min(BODY_S, rest_s)):
                message = await receive()
        except TimeoutError as error:
            raise Invalid("body_too_slow", "What you sent did not come in time") from error
        whole = not message.get("more_body", False)
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                raise _too_large(most)
        return message

    return receive_capped


def _too_large(most: int) -> TooLarge:
    return TooLarge("body_too_large", f"{most} bytes at most", limit=most)
