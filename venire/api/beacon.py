"""Where the site is: read by anybody, published by an admin once two of three keys signed it."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.admin_accounts import check_admin
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.continuity.names import whereabouts
from venire.kernel.clock import iso_ms


async def show(court: Court, _request: ApiRequest) -> Response:
    """The newest beacon, byte for byte as it was signed."""
    row = await whereabouts.shown(court.world)
    headers = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
    return Response(row.signed, media_type="text/plain; charset=utf-8", headers=headers)


async def publish(court: Court, request: ApiRequest) -> Response:
    """Show another one from now on: the body is the signed text."""
    check_admin(request)
    said = await whereabouts.publish(court.world, await request.body())
    answer = {
        "site": said.site,
        "sequence": said.sequence,
        "issued": iso_ms(said.issued_at_ms),
        "expires": iso_ms(said.expires_at_ms),
        "addresses": list(said.addresses),
        "onion": said.onion or None,
    }
    return json_response(answer)
