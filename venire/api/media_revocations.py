"""What mirrors of public media may not show: `/media/revocations` and its pages.

The list is a signed note, an hour old at most; `docs/objects.md` says how to follow it.
"""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.cases.court import Court
from venire.continuity.objects import revocations

_FRESH = "no-cache"
_FULL = "public, max-age=31536000, immutable"


async def show_list(court: Court, _request: ApiRequest) -> Response:
    """The newest signed list."""
    note = await revocations.newest(court.world)
    return Response(note, headers={"cache-control": _FRESH}, media_type="text/plain")


async def show_page(court: Court, request: ApiRequest) -> Response:
    """A page of its entries, by number from 0 on."""
    content, full = await revocations.page(court.world, request.path("page"))
    headers = {"cache-control": _FULL if full else _FRESH}
    return Response(content, headers=headers, media_type="text/plain")
