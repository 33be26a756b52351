"""`/static/`: what the pages are dressed with."""

from __future__ import annotations

from starlette.responses import Response

from venire.kernel.errors import NotFound
from venire.web.static_files import every_file
from venire.web.visit import Visit

_FOR_EVER = "public, max-age=31536000, immutable"
_A_DAY = "public, max-age=86400"


async def show(visit: Visit) -> Response:
    """A file; named by its version it may be kept for ever."""
    file = every_file().get(visit.request.path_params["name"])
    if file is None:
        raise NotFound("record_not_found", "There is no such file")
    named = visit.request.query_params.get("v") == file.version
    headers = {
        "Cache-Control": _FOR_EVER if named else _A_DAY,
        # Icons are drawn as masks and as pictures, never as pages of their own.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Vary": "Accept-Encoding",
    }
    return Response(file.content, headers=headers, media_type=file.media_type)
