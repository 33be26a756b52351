"""Media and profile pictures as they are served.

What is served was made by our own workers, under a type that we chose. No copy of it may outlive a
hold for long: an answer is fresh for five seconds, then a cache asks again and is told 304, or 404.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse

from venire.api.parameters import ApiRequest
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.kernel.ports import ObjectStore
from venire.posts.media import showing
from venire.posts.media.pictures import SIDES
from venire.posts.media.showing import Shown

_PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
HEADERS: Final = {
    "Cache-Control": "public, max-age=5, must-revalidate",
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Disposition": "inline",
}


async def show_medium(court: Court, request: ApiRequest) -> Response:
    """The file of a medium, while its post may be seen."""
    shown = await showing.medium(court.world, request.path("id"), request.path_text("name"))
    return await _served(court.media.objects, request, shown)


async def show_avatar(court: Court, request: ApiRequest) -> Response:
    """An account's avatar."""
    return await _picture(court, request, SIDES[0])


async def show_header(court: Court, request: ApiRequest) -> Response:
    """An account's header."""
    return await _picture(court, request, SIDES[1])


async def _picture(court: Court, request: ApiRequest, side: str) -> Response:
    name = request.path_text("name")
    shown = await showing.picture(court.world, request.path("id"), side, name)
    return await _served(court.media.objects, request, shown)


async def _served(objects: ObjectStore, request: ApiRequest, shown: Shown) -> Response:
    size = await objects.size(shown.key)
    if size is None:
        raise NotFound("record_not_found", "Record not found")
    asked = request.raw.headers
    tag = f'"{shown.key[:32]}"'
    headers = {**HEADERS, "ETag": tag}
    if tag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    wanted = asked.get("range", "") if asked.get("if-range", tag) == tag else ""
    part = part_of(wanted, size)
    if part is not None and not part:
        headers["Content-Range"] = f"bytes */{size}"
        return Response(status_code=416, headers=headers)
    sent = range(size) if part is None else part
    if part is not None:
        headers["Content-Range"] = f"bytes {sent.start}-{sent.stop - 1}/{size}"
    headers["Content-Length"] = str(len(sent))
    status = 200 if part is None else 206
    if request.raw.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=shown.content_type)
    pieces = _pieces(objects, shown.key, sent)
    return StreamingResponse(pieces, status, headers, media_type=shown.content_type)


def part_of(asked: str, size: int) -> range | None:
    """The bytes that a Range header asks for (RFC 9110 section 14.2), empty if past the end.

    None for one that is not understood or asks for several parts: the whole is the answer.
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        return range(max(0, size - int(found[2])), size)
    start = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if last < start <= size - 1:
        return None
    return range(start, max(start, min(last + 1, size)))


async def _pieces(objects: ObjectStore, key: str, sent: range) -> AsyncIterator[bytes]:
    at = sent.start
    while at < sent.stop:
        piece = await objects.read(key, at, min(_PIECE, sent.stop - at))
        if not piece:
            # Removed while it was being sent: the connection breaks off, as a hold demands.
            return
        yield piece
        at += len(piece)
