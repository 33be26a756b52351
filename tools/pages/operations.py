"""Every operation of the API: the route list, and the streams, which have a route of their own."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routes import ROUTES
from venire.api.routing import Handler, Route
from venire.api.streaming.channels import NAMES, NOTIFICATION, READ_NOTIFICATIONS, READ_STATUSES
from venire.api.streaming.route import ADDRESS
from venire.cases.court import Court


async def _stream(_court: Court, _request: ApiRequest) -> Response:
    """Events, one after the other, until either side hangs up; `tag`, `list`, `only_media`."""
    raise NotImplementedError


async def _socket(_court: Court, _request: ApiRequest) -> Response:
    """A WebSocket, or events; `stream`, `tag` and `list` say of what."""
    raise NotImplementedError


async def _alive(_court: Court, _request: ApiRequest) -> Response:
    """Whether streams are served."""
    raise NotImplementedError


def _streams() -> tuple[Route, ...]:
    handler: Handler = _stream
    named = [name for name in NAMES if not name.endswith(":media")]
    return (
        Route("GET", ADDRESS, _socket, READ_STATUSES, "none"),
        Route("GET", f"{ADDRESS}/health", _alive, "open", "none"),
        *(
            Route(
                "GET",
                f"{ADDRESS}/{name.replace(':', '/')}",
                handler,
                READ_NOTIFICATIONS if name == NOTIFICATION else READ_STATUSES,
                "none",
            )
            for name in named
        ),
    )


STREAMS = _streams()
"""Described here only: `venire/api/streaming/route.py` serves them."""
EVERY: tuple[Route, ...] = (*ROUTES, *STREAMS)


def key_of(route: Route) -> str:
    """`GET /api/v1/…`, as the route has it: what an operation is called here."""
    return f"{route.method} {route.path}"
