"""`venire mirror`: a read-only mirror of a site's public media and record, served.

/media/ID/NAME     while the list of revocations is fresh, else 503
/record/…          the record as far as it was verified, in tlog-tiles layout
/                  how it stands, as JSON
"""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Final

import httpx
import msgspec
import uvicorn
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from venire.api.media_files import HEADERS
from venire.continuity.objects.mirror import Mirror
from venire.continuity.objects.mirror_folder import MirrorFolder
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Invalid
from venire.record.note import VerifierKey
from venire.record.tiles import parse_path

_MEDIUM: Final = re.compile(r"/media/([1-9][0-9]{0,18})/([0-9a-z.-]{1,60})", re.ASCII)
_CALL_S: Final = 20.0
_READS: Final = frozenset({"GET", "HEAD"})


class MirrorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a mirror is told. `room`: how many bytes its media may take."""

    url: str
    key: VerifierKey
    folder: Path
    host: str = "127.0.0.1"
    port: int = 8001
    room: int = 20 << 30


def mirror_app(kept: MirrorFolder, url: str) -> ASGIApp:
    """The mirror as it is served."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        if request.method not in _READS:
            answer: Response = PlainTextResponse("read only\n", 405, {"allow": "GET, HEAD"})
        else:
            answer = await asyncio.to_thread(_answer, kept, url, scope["path"])
        await answer(scope, receive, send)

    return app


def _answer(kept: MirrorFolder, url: str, path: str) -> Response:
    found = _MEDIUM.fullmatch(path)
    if found is not None:
        return _medium(kept, int(found[1]), found[2])
    if path.startswith("/record/"):
        return _recorded(kept, path.removeprefix("/record/"))
    if path == "/":
        return JSONResponse(state_of(kept, url), headers={"cache-control": "no-cache"})
    return PlainTextResponse("not found\n", 404)


def _medium(kept: MirrorFolder, media_id: int, name: str) -> Response:
    if not kept.fresh():
        return PlainTextResponse(
            "no fresh list of what may not be shown\n", 503, {"retry-after": "60"}
        )
    try:
        shown = kept.shown(media_id, name)
    except Invalid:
        shown = None
    if shown is None:
        return PlainTextResponse("not found\n", 404, {"cache-control": "no-cache"})
    file, kind = shown
    return FileResponse(file, headers=dict(HEADERS), media_type=kind)


def _recorded(kept: MirrorFolder, path: str) -> Response:
    try:
        immutable = path != "checkpoint" and parse_path(path) is not None
    except Invalid:
        return PlainTextResponse("not found\n", 404)
    file = kept.folder / "record" / path
    # Tiles come before the checkpoint that vouches for them.
    if not file.is_file() or not (kept.folder / "record" / "checkpoint").is_file():
        return PlainTextResponse("not found\n", 404)
    caching = "public, max-age=3600" if immutable else "no-cache"
    kind = "application/octet-stream" if immutable else "text/plain"
    return FileResponse(file, headers={"cache-control": caching}, media_type=kind)


def state_of(kept: MirrorFolder, url: str) -> dict[str, object]:
    """How a mirror stands."""
    seen = kept.seen
    return {
        "mirror_of": url,
        "shows_media": kept.fresh(),
        "why_not": kept.why if not kept.fresh() else "",
        "media": kept.count,
        "revocations": kept.known,
        "list_issued_at_ms": None if seen is None else seen.issued_at_ms,
    }


async def serve_mirror(settings: MirrorSettings) -> None:
    """Follow and serve until told to stop.

    Raises Unavailable `mirror_damaged`, `mirror_of_another`.
    """
    kept = MirrorFolder(settings.folder, settings.url, settings.key, SystemClock(), time.monotonic)
    async with httpx.AsyncClient(
        trust_env=False, follow_redirects=False, timeout=_CALL_S
    ) as client:
        mirror = Mirror(client, settings.url, settings.key, kept, settings.room)
        following = asyncio.create_task(mirror.run(), name="mirror")
        config = uvicorn.Config(
            mirror_app(kept, settings.url),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        following.add_done_callback(lambda _: setattr(server, "should_exit", True))
        try:
            await server.serve()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
