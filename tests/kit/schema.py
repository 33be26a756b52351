"""Every JSON answer is held against Mastodon's OpenAPI document, wherever a test gets it.

An ASGI middleware that changes nothing: it reads what goes by and keeps a list of what does not
fit. Only where `../shared` lies beside the checkout.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.kit.schema_exceptions import AMENDMENTS, EXCEPTIONS
from venire.api.routes import ROUTES
from venire.api.routing import RouteTable

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT.parent / "shared" / "data" / "schema" / "mastodon-openapi.schema.json"

_ROUTES = RouteTable(ROUTES)
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return bool(parts.scheme) and bool(parts.netloc or parts.path) and " " not in value


@_FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    # Stricter than the document: clients break on anything but three decimals and a Z.
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None


@_FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(dt.date.fromisoformat(value))


@_FORMATS.checks("email")
def _is_email(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None


@functools.cache
def _document() -> tuple[dict[str, Any], Registry[Any]]:
    document = json.loads(DOCUMENT.read_text())
    for name, key, _ in AMENDMENTS:
        document["components"]["schemas"][name]["required"].append(key)
    resource = DRAFT202012.create_resource(document)
    return document, Registry().with_resource("urn:mastodon", resource)


@functools.cache
def _templates() -> dict[int, list[tuple[str, list[str]]]]:
    """Paths and their segments, by how many those are."""
    found: dict[int, list[tuple[str, list[str]]]] = {}
    for path in _document()[0]["paths"]:
        segments = path.strip("/").split("/")
        found.setdefault(len(segments), []).append((path, segments))
    for those in found.values():
        # Fixed segments before parameters: `/accounts/lookup` is not an account called lookup.
        those.sort(key=lambda pair: sum(part.startswith("{") for part in pair[1]))
    return found


def template_of(path: str) -> str | None:
    """The documented path that a path is an instance of."""
    parts = path.strip("/").split("/")
    spelt = _spelt_out(path)
    for template, segments in _templates().get(len(parts), ()):
        if all(
            segment == part or (segment.startswith("{") and not literal)
            for segment, part, literal in zip(segments, parts, spelt, strict=True)
        ):
            return template
    return None


def _spelt_out(path: str) -> list[bool]:
    """Which segments our own route spells out: those are not values of a parameter.

    `/notifications/policy`, which the document lacks, is not a notification called policy.
    """
    parts = path.strip("/").split("/")
    found = _ROUTES.find(path)
    if found is None:
        return [False] * len(parts)
    route = next(iter(found.routes.values()))[0]
    segments = route.path.strip("/").split("/")
    if len(segments) != len(parts):
        return [False] * len(parts)
    return [not segment.startswith("{") for segment in segments]


@functools.cache
def _validator(template: str, method: str, status: str) -> Draft202012Validator | None:
    document, registry = _document()
    operation = document["paths"][template].get(method.lower(), {})
    content = operation.get("responses", {}).get(status, {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is None:
        return None
    text = json.dumps(schema).replace('"#/', '"urn:mastodon#/')
    return Draft202012Validator(json.loads(text), registry=registry, format_checker=_FORMATS)


def _excepted(operation: str, status: str, place: str) -> bool:
    return any(
        operation == one and status_of in {status, "*"} and _under(place, prefix)
        for one, status_of, prefix, _ in EXCEPTIONS
    )


def _under(place: str, prefix: str) -> bool:
    if not prefix:
        return True
    wanted, there = prefix.split("/"), place.split("/")
    return len(there) >= len(wanted) and all(
        one in {"*", other} for one, other in zip(wanted, there, strict=False)
    )


def faults_of(method: str, path: str, status: int, body: bytes) -> list[str] | None:
    """What does not fit; None where the document says nothing about such an answer."""
    template = template_of(path)
    if template is None:
        return None
    validator = _validator(template, method, str(status))
    if validator is None:
        return None
    operation = f"{method} {template}"
    found = []
    for error in validator.iter_errors(json.loads(body)):
        place = "/".join(str(step) for step in error.absolute_path)
        if not _excepted(operation, str(status), place):
            found.append(f"{operation} {status} at {place or '.'}: {error.message[:300]}")
    return found


class SchemaChecker:
    """Wraps an ASGI application; `faults` is what did not fit, `checked` what did."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.active = DOCUMENT.exists()
        self.faults: list[str] = []
        self.checked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not self.active:
            await self._app(scope, receive, send)
            return
        status, kind, body = 0, b"", b""

        async def send_read(message: Any) -> None:
            nonlocal status, kind, body
            if message["type"] == "http.response.start":
                status = message["status"]
                kind = dict(message["headers"]).get(b"content-type", b"")
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body") and kind.startswith(b"application/json"):
                    self._check(scope["method"], scope["path"], status, body)
            await send(message)

        await self._app(scope, receive, send_read)

    def _check(self, method: str, path: str, status: int, body: bytes) -> None:
        if path.startswith("/api/") and status >= 400 and "error" not in json.loads(body):
            self.faults.append(f"{method} {path} {status}: an error without `error`")
        found = faults_of(method, path, status, body)
        if found is not None:
            self.checked.append(f"{method} {path} {status}")
            self.faults += found
