"""The public record over HTTP: C2SP tlog-tiles under `/record`, the pools, the verifier key.

Under `/record/former/EPOCH` the same of a record that ended, where a restore began another one.
"""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response, raw_json_response
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.record.actions import Sequencer
from venire.record.former import FormerRecord, former_record, former_records
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
    return await _tile(court.sequencer, request)


async def _tile(log: Sequencer, request: ApiRequest) -> Response:
    try:
        wanted = parse_path(f"tile/{request.path_text('rest')}")
    except Invalid as error:
        raise NotFound("tile_not_found", "not the path of a tile") from error
    content = await log.resource(wanted)
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


async def former(court: Court, _request: ApiRequest) -> Response:
    """The records that ended before this one began, the first one first."""
    told = [
        {
            "epoch": one.epoch,
            "origin": one.log.origin,
            "key": one.log.verifier_key,
            "entries": one.kept,
            "seen": one.seen,
            "ended": one.ended,
            "url": f"{court.world.site.base_url}/record/former/{one.epoch}",
        }
        for one in await former_records(court.world, court.sequencer)
    ]
    return json_response(told, headers={"cache-control": _FRESH})


async def former_checkpoint(court: Court, request: ApiRequest) -> Response:
    """The signed head of what is left of a record that ended."""
    signed = await (await _former(court, request)).checkpoint()
    return Response(signed, headers={"cache-control": _FRESH}, media_type="text/plain")


async def former_tile(court: Court, request: ApiRequest) -> Response:
    """A tile or a bundle of entries of a record that ended."""
    return await _tile((await _former(court, request)).log, request)


async def former_key(court: Court, request: ApiRequest) -> Response:
    """The verifier key of a record that ended. Take it from elsewhere to prove anything."""
    log = (await _former(court, request)).log
    return Response(f"{log.verifier_key}\n", media_type="text/plain")


async def _former(court: Court, request: ApiRequest) -> FormerRecord:
    return await former_record(court.world, court.sequencer, request.path("epoch"))
