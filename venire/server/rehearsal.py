"""A process answers once to itself before anyone else: the first visitor should not pay for it.

What is slow the first time is made ready: encoders, templates, statements, the pages of files.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message

from venire.api.entities.status import status_page
from venire.posts import home, timelines
from venire.posts.model import Window
from venire.posts.sight import Sight
from venire.storage.world import World

_PARTS = ("/api/v2/instance", "/api/v1/timelines/public", "/")
"""What nearly every visit begins with."""


async def rehearse(app: ASGIApp, world: World) -> None:
    """Ask for some pages and throw the answers away."""
    for path in _PARTS:
        await app(_scope(path), _nothing_to_read, _nobody_listens)
    for post in (await timelines.public(world, None, Window(limit=1))).items:
        # Nobody's token is at hand: the home of whoever posted last, without its request.
        sight = await Sight.of(world, post.author_id)
        page = await home.home(world, post.author_id, Window(limit=20), sight)
        await status_page(world, page.items, post.author_id, sight=sight)


def _scope(path: str) -> dict[str, object]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"accept", b"*/*")],
        "client": None,
        "server": None,
    }


async def _nothing_to_read() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nobody_listens(_message: Message) -> None:
    return
