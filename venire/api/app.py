"""The application: routes, who may call them, how often, and what is said when they fail."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Router
from starlette.types import HTTPExceptionHandler, Receive, Scope, Send

from venire.api.authentication import authorise, body_limit, check_standing, identify
from venire.api.edge import Edge
from venire.api.errors import problem_response
from venire.api.limits import LimitReached, RateLimits
from venire.api.parameters import ApiRequest, Viewer
from venire.api.routes import ROUTES
from venire.api.routing import Route, RouteTable
from venire.api.settings import ApiSettings
from venire.api.streaming.route import StreamingRoute
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound, Problem, Refused
from venire.kernel.i18n import negotiate
from venire.people.networks import blocked_network

_log = logging.getLogger(__name__)

ProblemPage = Callable[[Request, Problem], Response]


class ApiRoutes(BaseRoute):
    """The whole API as one Starlette route: found by a walk, not by two hundred patterns."""

    def __init__(
        self, court: Court, settings: ApiSettings, routes: Sequence[Route] = ROUTES
    ) -> None:
        self._court = court
        self._settings = settings
        self._table = RouteTable(routes)
        limited = settings.rate_limits and not court.world.site.acceptance
        self._limits = RateLimits(settings.counters) if limited else None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a path; one with other methods only is answered here with 405."""
        if scope["type"] != "http":
            return Match.NONE, {}
        found = self._table.find(scope["path"])
        if found is None:
            return Match.NONE, {}
        picked = found.pick(scope["method"])
        if picked is None:
            return Match.PARTIAL, {"allow": ", ".join(sorted(found.routes))}
        route, parameters = picked
        return Match.FULL, {"endpoint": route.handler, "api_route": route, "api": parameters}

    def url_path_for(self, name: str, /, **path_params: object) -> object:  # type: ignore[override]
        """API routes have no names."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a matched request."""
        request = Request(scope, receive)
        try:
            if "api_route" not in scope:
                raise Invalid(
                    "method_not_allowed", "This method is not allowed here", allow=scope["allow"]
                )
            response = await self._answer(request, scope["api_route"], scope["api"])
        except ClientDisconnect:
            return
        except Problem as problem:
            response = self._refuse(request, problem)
        await response(scope, receive, send)

    async def _answer(self, request: Request, route: Route, parameters: dict[str, str]) -> Response:
        world = self._court.world
        viewer: Viewer | None = None
        headers: dict[str, str] = {}
        try:
            if route.scope != "open":
                viewer = await identify(world, request, self._settings)
        except Problem:
            # Guessing tokens is counted like any other call.
            await self._count(request, route, None)
            raise
        headers = await self._count(request, route, viewer)
        authorise(route, viewer)
        await check_standing(world, route, viewer)
        asked = ApiRequest(
            request,
            viewer=viewer,
            settings=self._settings,
            parameters=parameters,
            body_bytes=body_limit(route, viewer),
            limits=self._limits,
        )
        response = await route.handler(self._court, asked)
        if headers:
            response.headers.update(headers)
        return response

    async def _count(self, request: Request, route: Route, viewer: Viewer | None) -> dict[str, str]:
        if self._limits is None:
            return {}
        address = request.client.host if request.client else ""
        return await self._limits.take(route.limit, viewer, address)

    @staticmethod
    def _refuse(request: Request, problem: Problem) -> Response:
        request_id = str(request.scope.get("state", {}).get("request_id", ""))
        if isinstance(problem, Refused):
            _log.error("call_refused", exc_info=problem, extra={"request_id": request_id})
        language = negotiate(request.headers.get("accept-language", ""))
        response = problem_response(problem, language=language, request_id=request_id)
        if isinstance(problem, LimitReached):
            response.headers.update(problem.headers)
        return response


def create_app(
    court: Court,
    settings: ApiSettings,
    *,
    extra_routes: Sequence[BaseRoute] = (),
    routes: Sequence[Route] = ROUTES,
    problem_page: ProblemPage | None = None,
) -> Application:
    """The ASGI application of a site.

    `extra_routes`: the pages, after the API. `problem_page`: how a browser is told of a path that
    leads nowhere; without it everybody is told in JSON.
    """

    async def not_routed(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        problem: Problem = NotFound("record_not_found", "Record not found")
        if status == 405:  # noqa: PLR2004 - HTTP
            problem = Invalid("method_not_allowed", "This method is not allowed here")
        elif status != 404:  # noqa: PLR2004 - HTTP
            problem = Invalid("request_not_understood", "The request cannot be understood")
        wants_page = "text/html" in request.headers.get("accept", "")
        if problem_page is not None and wants_page and not request.url.path.startswith("/api/"):
            return problem_page(request, problem)
        return problem_response(
            problem, language=negotiate(request.headers.get("accept-language", ""))
        )

    ids = court.world.ids
    api = ApiRoutes(court, settings, routes)
    streaming = StreamingRoute(court, settings)
    inner = _ApiFirst(api, Router([api, streaming, *extra_routes]), not_routed)
    edge = Edge(
        inner,
        new_id=lambda: f"{ids.next():016x}",
        https=court.world.site.base_url.startswith("https://"),
        barred=functools.partial(blocked_network, court.world),
        country_header=settings.country_header,
        # No page takes more than the largest of the API's routes.
        body_bytes=max(route.options.most_bytes for route in routes),
    )
    return Application(edge, streaming)


class Application:
    """A site as one ASGI application; `streaming` is to be closed before a server stops."""

    def __init__(self, edge: Edge, streaming: StreamingRoute) -> None:
        self.streaming = streaming
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self._edge(scope, receive, send)


class _ApiFirst:
    """Calls of the API go straight to their handler; all else by the router.

    A router's own way, through its middleware and one route after the other, costs half as much as
    a small answer.
    """

    def __init__(self, api: ApiRoutes, router: Router, not_routed: HTTPExceptionHandler) -> None:
        self._api = api
        self._rest = ExceptionMiddleware(router, handlers={HTTPException: not_routed})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        match, found = self._api.matches(scope)
        if match is Match.FULL:
            scope.update(found)
            await self._api.handle(scope, receive, send)
            return
        # Told by this, the router raises what leads nowhere instead of answering it in plain text.
        scope["app"] = self
        await self._rest(scope, receive, send)
