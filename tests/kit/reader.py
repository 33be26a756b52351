"""Reads an application by ASGI alone: for tests that ask every address there is of everybody.

It keeps no cookies and follows nothing. httpx does more than half of the work in such a sweep.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from tests.kit.site import BASE_URL

_HOST = urlsplit(BASE_URL).netloc
_USUAL = {"host": _HOST, "accept": "*/*", "user-agent": "reader"}


class Answer(NamedTuple):
    """What came back, whole."""

    status_code: int
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.content)


class Reader:
    """GET, from one address."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def get(self, address: str, headers: dict[str, str] | None = None) -> Answer:
        """Ask for a path, or an address of the site itself; an error of the site is raised."""
        path, _, query = address.removeprefix(BASE_URL).partition("?")
        sent = {name.lower(): value for name, value in {**_USUAL, **(headers or {})}.items()}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "server": (_HOST, None),
            "client": ("203.0.113.9", 40_000),
        }
        status, parts, over = 0, list[bytes](), asyncio.Event()
        said = False

        async def receive() -> dict[str, Any]:
            nonlocal said
            if said:
                await over.wait()
                return {"type": "http.disconnect"}
            said = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    over.set()

        await self._app(scope, receive, send)
        assert over.is_set(), f"{address} was not answered to its end"
        return Answer(status, b"".join(parts))
