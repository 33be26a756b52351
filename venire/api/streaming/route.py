"""Streaming as one Starlette route: WebSocket and server-sent events below one address.

| address | what |
|---|---|
| `/api/v1/streaming` | WebSocket; `stream`, `tag`, `list`, `access_token` in the query, or none |
| `/api/v1/streaming/health` | `OK` |
| `/api/v1/streaming/user`, `/user/notification`, `/direct`, `/list` (`list`) | events |
| `/api/v1/streaming/public`, `/public/local`, `/public/remote` (`only_media`) | events |
| `/api/v1/streaming/hashtag`, `/hashtag/local` (`tag`) | events |
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from venire.api.errors import problem_response
from venire.api.settings import ApiSettings
from venire.api.streaming.admission import Caps
from venire.api.streaming.channels import NAMES, name_of_path
from venire.api.streaming.event_streams import serve_events
from venire.api.streaming.sockets import serve_socket
from venire.api.streaming.station import Station
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound, Problem
from venire.kernel.i18n import negotiate

ADDRESS = "/api/v1/streaming"
WORD_BYTES = 4_096
"""The largest message that a client may send: the server is told so."""
_HEALTH = "health"


class StreamingRoute(BaseRoute):
    """Give it to `create_app` before the pages. `close` ends every stream before a server stops."""

    def __init__(
        self,
        court: Court,
        settings: ApiSettings,
        *,
        caps: Caps | None = None,
    ) -> None:
        self.station = Station(court.world, settings, caps=caps)

    def close(self) -> None:
        """Tell every client to connect again."""
        self.station.close()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match everything at the address and below."""
        if scope["type"] not in {"http", "websocket"}:
            return Match.NONE, {}
        path = str(scope["path"])
        if path != ADDRESS and not path.startswith(f"{ADDRESS}/"):
            return Match.NONE, {}
        return Match.FULL, {"streaming": path[len(ADDRESS) :].strip("/")}

    def url_path_for(self, name: str, /, **path_params: object) -> object:  # type: ignore[override]
        """Streams have no names of routes."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a matched request or handshake."""
        rest: str = scope["streaming"]
        if scope["type"] == "websocket":
            await serve_socket(self.station, scope, receive, send, rest)
        elif rest == _HEALTH and scope["method"] in {"GET", "HEAD"}:
            kept = {"Cache-Control": "no-store"}
            await Response("OK", media_type="text/plain", headers=kept)(scope, receive, send)
        elif (problem := _refused(scope, rest)) is not None:
            language = negotiate(Request(scope).headers.get("accept-language", ""))
            await problem_response(problem, language=language)(scope, receive, send)
        else:
            await serve_events(self.station, scope, receive, send, rest)


def _refused(scope: Scope, rest: str) -> Problem | None:
    if rest and name_of_path(rest) not in NAMES:
        return NotFound("record_not_found", "Record not found")
    if scope["method"] != "GET":
        return Invalid("method_not_allowed", "This method is not allowed here", allow="GET")
    return None
