"""The OpenAPI document of the whole API, Mastodon's paths and ours, made from the route list.

Nothing is listed twice: paths, scopes and limits come from `venire/api/routes.py`, parameters from
the handlers' own questions (`parameters.py`), answers from `answers.py`; the statuses an operation
may refuse with follow from what kind of operation it is.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from tools.pages.answers import ANSWERS, MEDIA, Media
from tools.pages.markdown import first_sentence
from tools.pages.operations import EVERY, key_of
from tools.pages.parameters import Asked, asked_by, speaks_of
from venire import __version__
from venire.api.limits import LIMITS
from venire.api.routing import Route
from venire.people.scopes import SCOPES

_PARAMETER = re.compile(r"\{([a-z_]+)\*?\}")
_DECIMAL = {"type": "string", "pattern": "^[0-9]{1,19}$"}
_ERROR = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {
        "error": {"type": "string", "minLength": 1},
        "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]{2,60}$"},
        "hint": {"type": "string"},
        "details": {"type": "object"},
        "data": {"type": "object"},
        "error_description": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
REFUSALS = {
    400: "the body cannot be read, or OAuth refuses",
    401: "no token, or none that is valid",
    403: "the token's scopes, or the standing of its member, do not allow this",
    404: "it does not exist, or may not be seen",
    409: "it was changed meanwhile",
    410: "it is not there any more",
    413: "the body is too large",
    416: "the file has no such part",
    422: "a parameter is wrong or missing",
    429: "too many requests",
    503: "this part of the site does not answer now",
}
"""Each refusal has the same body: a sentence in the caller's language and a stable code."""


def refusals_of(route: Route) -> Iterator[int]:
    """The statuses that an operation may refuse with, from what it is."""
    writes, token = not route.reads, route.scope != "open"
    oauth = route.path.startswith("/oauth/")
    if writes or oauth:
        yield 400
    if token or oauth or speaks_of(route.handler, "identify", "Unauthenticated"):
        yield 401
        yield 403
    if writes or "{" in route.path or speaks_of(route.handler, "NotFound"):
        yield 404
    if writes:
        yield from (409, 410, 413)
    yield 422
    if LIMITS[route.limit] is not None:
        yield 429
    yield 503


def _security(route: Route) -> list[dict[str, list[str]]]:
    scope = route.scope.removesuffix("?")
    if scope == "open":
        return []
    anyone: list[dict[str, list[str]]] = [{}] if scope != route.scope or scope == "public" else []
    if scope == "public":
        return [*anyone, {"member": []}]
    if scope == "app" or scope.startswith("app:"):
        wanted = [scope.removeprefix("app:")] if ":" in scope else []
        return [{"app": wanted}, {"member": wanted}]
    if scope == "juror":
        return [{"member": ["read" if route.reads else "write"]}]
    return anyone + [{"member": [one]} for one in scope.split(",")]


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _DECIMAL if name == "id" or name.endswith("_id") else {"type": "string"},
        }
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(asked: Iterable[Asked]) -> Iterator[dict[str, Any]]:
    for one in asked:
        kind = one.schema.get("type")
        if kind == "object" or one.schema.get("format") == "binary":
            continue
        name = f"{one.name}[]" if kind == "array" else one.name
        yield {"name": name, "in": "query", "required": one.required, "schema": one.schema}


def _body(asked: Sequence[Asked]) -> dict[str, Any] | None:
    """The body of a writing operation, in each of the forms that are taken."""
    fields = [one for one in asked if not one.in_query]
    if not fields:
        return None
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {one.name: one.schema for one in fields},
    }
    if required := [one.name for one in fields if one.required]:
        schema["required"] = required
    if any(one.schema.get("format") == "binary" for one in fields):
        return {"content": {"multipart/form-data": {"schema": schema}}}
    flat = all(one.schema["type"] != "object" for one in fields)
    kinds = ["application/json", *(["application/x-www-form-urlencoded"] if flat else [])]
    return {"content": {kind: {"schema": schema} for kind in kinds}}


def _answers(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    media = MEDIA.get(key_of(route), Media())
    content = {media.kind: {"schema": schemas.get(key_of(route), {})}}
    answers: dict[str, Any] = {}
    for status in media.statuses:
        empty = status in {204, 302, 303}
        answers[str(status)] = {"description": "done"} | ({} if empty else {"content": content})
    refused = "Page" if media.kind == "text/html" else ""
    for status in sorted({*refusals_of(route), *media.refusals}):
        answers[str(status)] = {"$ref": f"#/components/responses/{refused}{status}"}
    return answers


def operation_of(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    """One operation."""
    asked = asked_by(route.handler)
    in_query = asked if route.reads else [one for one in asked if one.in_query]
    says = " ".join(part for part in (first_sentence(route.handler), route.doc) if part)
    words = re.sub(r"[^a-z0-9]+", "_", route.path.lower()).strip("_")
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{words}",
        "summary": says,
        "security": _security(route),
        "parameters": [*_path_parameters(route), *_query_parameters(in_query)],
        "responses": _answers(route, schemas),
    }
    body = None if route.reads else _body(asked)
    if body is not None:
        operation["requestBody"] = body
    return operation


def _structs() -> dict[str, type[msgspec.Struct]]:
    """Every struct by its name, where only one has it."""
    found: dict[str, list[type[msgspec.Struct]]] = {}
    waiting: list[type[msgspec.Struct]] = [msgspec.Struct]
    while waiting:
        for each in waiting.pop().__subclasses__():
            found.setdefault(each.__name__, []).append(each)
            waiting.append(each)
    return {name: classes[0] for name, classes in found.items() if len(classes) == 1}


def _schemas(routes: Sequence[Route]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Schemas of answers by operation, and the components that they refer to."""
    keys = [key for key in map(key_of, routes) if key in ANSWERS]
    made, components = msgspec.json.schema_components(
        [ANSWERS[key] for key in keys],
        schema_hook=lambda _type: {"description": "any JSON"},
        ref_template="#/components/schemas/{name}",
    )
    structs = _structs()
    for name, schema in components.items():
        struct = structs.get(name)
        if struct is not None and not struct.__struct_config__.omit_defaults:
            # What has a default is written all the same: clients may rely on every key.
            schema["required"] = list(schema.get("properties", {}))
    return dict(zip(keys, made, strict=True)), components


def _flow(scopes: Iterable[str], **urls: str) -> dict[str, Any]:
    return {**urls, "scopes": dict.fromkeys(scopes, "")}


def document(routes: Sequence[Route] = EVERY) -> dict[str, Any]:
    """The whole document (OpenAPI 3.1)."""
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = paths.setdefault(route.path.replace("*}", "}"), {})
        path[route.method.lower()] = operation_of(route, schemas)
    problem = {"schema": {"$ref": "#/components/schemas/Error"}}
    told = {"": {"application/json": problem}}
    told["Page"] = {"text/html": {}, **told[""]}
    refusals = {
        f"{page}{status}": {"description": says, "content": content}
        for page, content in told.items()
        for status, says in REFUSALS.items()
    }
    token = "/oauth/token"  # noqa: S105 - a path
    by_code = _flow(SCOPES, authorizationUrl="/oauth/authorize", tokenUrl=token)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Venire",
            "version": __version__,
            "description": "The Mastodon client API and the courts: docs/api.md.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR, **dict(sorted(components.items()))},
            "responses": refusals,
            "securitySchemes": {
                "member": {"type": "oauth2", "flows": {"authorizationCode": by_code}},
                "app": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": _flow(SCOPES, tokenUrl=token)},
                },
            },
        },
    }


@functools.cache
def openapi_page() -> str:
    """docs/map/openapi.json: one operation, schema or answer a line, so that a change is a line."""
    whole = document()
    components = whole.pop("components")
    paths = whole.pop("paths")
    lines = [f"  {_text(name)}: {_text(value)}," for name, value in whole.items()]
    lines += ['  "paths": {', ",\n".join(map(_path, paths.items())), "  },", '  "components": {']
    inner = [f"  {_text(name)}: {{\n{_lined(part)}\n  }}" for name, part in components.items()]
    return "{\n" + "\n".join(lines) + "\n" + ",\n".join(inner) + "\n  }\n}\n"


def _path(named: tuple[str, dict[str, Any]]) -> str:
    return f"    {_text(named[0])}: {{\n{_lined(named[1], 6)}\n    }}"


def _lined(part: dict[str, Any], indent: int = 4) -> str:
    space = " " * indent
    return ",\n".join(f"{space}{_text(name)}: {_text(value)}" for name, value in part.items())


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
