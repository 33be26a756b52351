"""The public record over HTTP: C2SP tlog-tiles under `/record`, the pools, the verifier key."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import raw_json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.record.model import TILE_WIDTH
from venire.record.tiles import parse_path

_FULL = "public, max-age=31536000, immutable"
_FRESH = "no-cache"


async def checkpoint(court: Court, _request: ApiRequest) -> Response:
    """The signed head of the log."""
    signed = await court.sequencer.checkpoint()
    return Response(signed, headers={"cache-control": _FRESH}, media_type="text/plain")


async def tile(court: Court, request: ApiRequest) -> Response:
    """A tile of hashes or a bundle of entries, in the one canonical form of its path."""
    try:
        wanted = parse_path(f"tile/{request.path_text('rest')}")
    except Invalid as error:
        raise NotFound("tile_not_found", "not the path of a tile") from error
    content = await court.sequencer.resource(wanted)
    cache = _FULL if wanted.width == TILE_WIDTH else "public, max-age=3600"
    return Response(
        content, headers={"cache-control": cache}, media_type="application/octet-stream"
    )


async def key(court: Court, _request: ApiRequest) -> Response:
    """The verifier key in note format. Take it from elsewhere to prove anything with it."""
    return Response(f"{court.sequencer.verifier_key}\n", media_type="text/plain")


async def pool(court: Court, request: ApiRequest) -> Response:
    """One sheet of a frozen pool: salted pseudonyms, their root, the roots of all sheets."""
    document = await court.pools.document(request.path("epoch"))
    return raw_json_response(document, headers={"cache-control": _FRESH})
