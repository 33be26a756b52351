"""What a route is, how a path finds it, and how an answer is written."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.cases.court import Court
from venire.kernel.errors import Refused

Handler = Callable[[Court, ApiRequest], Awaitable[Response]]

MEBIBYTE = 1 << 20
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})

_JSON = "application/json; charset=utf-8"
_PARAMETER = re.compile(r"\{([a-z_]+)(\*?)\}")
_ENCODER = msgspec.json.Encoder()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What few routes need: a larger body, or to stay open to a suspended account.

    `operator_body_bytes`: what moderators and admins may send where it is more than others may.
    """

    body_bytes: int = MEBIBYTE
    while_suspended: bool = False
    operator_body_bytes: int = 0

    @property
    def most_bytes(self) -> int:
        """The largest body that anyone may send."""
        return max(self.body_bytes, self.operator_body_bytes)


_USUAL = Options()


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """One line of the route list.

    `path`: `{id}` is one segment, `{rest*}` everything that follows.
    `scope`, checked before the handler runs:

    | scope | who |
    |---|---|
    | `open` | anyone; a token is not even looked at |
    | `public` | anyone; a token that is given must be valid and says who the viewer is |
    | `read:statuses?` | as `public`, and a member's token must hold the scope |
    | `app` | any valid token, of an app or of a member |
    | `app:write:accounts` | the same, and it must hold the scope |
    | `read:accounts` | a member's token with that scope (or the legacy one above it) |
    | `profile,read:accounts` | a member's token with any of these |
    | `admin:read:reports` | the same, and the member is a moderator or an admin |
    | `juror` | a member's token with `read` (GET) or `write`; who may sit is the jury's to say |

    `limit` names a row of `limits.LIMITS`. `doc` is a page or a sentence.
    """

    method: str
    path: str
    handler: Handler
    scope: str
    limit: str = "general"
    doc: str = ""
    options: Options = _USUAL

    def __post_init__(self) -> None:
        if self.method not in METHODS or not self.path.startswith("/"):
            raise Refused("route_badly_declared", method=self.method, path=self.path)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"


class _Node:
    __slots__ = ("children", "one", "rest", "routes")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.one: _Node | None = None
        self.rest: dict[str, tuple[Route, tuple[str, ...]]] = {}
        self.routes: dict[str, tuple[Route, tuple[str, ...]]] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What a path led to: its routes by method, and the values of its parameters."""

    routes: Mapping[str, tuple[Route, tuple[str, ...]]]
    values: tuple[str, ...]

    def pick(self, method: str) -> tuple[Route, dict[str, str]] | None:
        """The route for a method (HEAD is served by GET) with its named parameters."""
        there = self.routes.get("GET" if method == "HEAD" else method)
        if there is None:
            return None
        route, names = there
        return route, dict(zip(names, self.values, strict=True))


class RouteTable:
    """A tree of path segments: finding one of two hundred routes costs a walk of its depth."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        segments = route.path.strip("/").split("/")
        for place, segment in enumerate(segments):
            parameter = _PARAMETER.fullmatch(segment) if segment[:1] == "{" else None
            if parameter is None:
                child = node.children.get(segment)
                if child is None:
                    child = node.children[segment] = _Node()
                node = child
                continue
            names.append(parameter[1])
            if parameter[2]:
                if place < len(segments) - 1:
                    raise Refused("route_badly_declared", path=route.path)
                self._place(node.rest, route, names)
                return
            node.one = node.one or _Node()
            node = node.one
        self._place(node.routes, route, names)

    @staticmethod
    def _place(
        shelf: dict[str, tuple[Route, tuple[str, ...]]], route: Route, names: list[str]
    ) -> None:
        if route.method in shelf:
            raise Refused("route_declared_twice", method=route.method, path=route.path)
        shelf[route.method] = (route, tuple(names))

    def find(self, path: str) -> Found | None:
        """The routes of a path; one trailing slash is forgiven, as clients send it."""
        trimmed = path[1:-1] if len(path) > 1 and path.endswith("/") else path[1:]
        return _walk(self._root, trimmed.split("/"), 0, ())


def _walk(node: _Node, segments: list[str], place: int, values: tuple[str, ...]) -> Found | None:
    if place == len(segments):
        return Found(node.routes, values) if node.routes else None
    segment = segments[place]
    child = node.children.get(segment)
    found = _walk(child, segments, place + 1, values) if child is not None else None
    if found is None and node.one is not None and segment:
        found = _walk(node.one, segments, place + 1, (*values, segment))
    if found is None and node.rest:
        found = Found(node.rest, (*values, "/".join(segments[place:])))
    return found


def json_response(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON. `data`: anything msgspec encodes; `msgspec.Raw` is passed as it is."""
    return Response(_ENCODER.encode(data), status, headers, media_type=_JSON)


def raw_json_response(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with bytes that are JSON already."""
    return Response(body, status, headers, media_type=_JSON)
