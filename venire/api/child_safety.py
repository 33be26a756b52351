"""The desk of the named person: what may harm a child, to nobody else (`cases/child_safety.py`)."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response, raw_json_response
from venire.cases import child_safety
from venire.cases.court import Court
from venire.kernel.clock import iso_ms

_PRIVATE = {"Cache-Control": "no-store"}


async def desk(court: Court, request: ApiRequest) -> Response:
    """What waits for the named person: no text, no media, no names."""
    found = await child_safety.desk(court, request.account_id)
    return json_response([child_safety.desk_view(case, row) for case, row in found])


async def show(court: Court, request: ApiRequest) -> Response:
    """One case with its trail: who looked, decided, took the packet, reported it."""
    public_id = request.path_text("case")
    case, row = await child_safety.show(court, request.account_id, public_id)
    trail = await child_safety.trail(court, request.account_id, public_id)
    lines = [
        {
            "actor_id": str(line.actor_id),
            "act": line.act,
            "note": line.note,
            "at": iso_ms(line.at_ms),
        }
        for line in trail
    ]
    return json_response({**child_safety.desk_view(case, row), "trail": lines})


async def open_text(court: Court, request: ApiRequest) -> Response:
    """What was written; that it was opened is logged before it is shown."""
    public_id = request.path_text("case")
    shown = await child_safety.open_text(court, request.account_id, public_id)
    return json_response(shown, headers=_PRIVATE)


async def decide(court: Court, request: ApiRequest) -> Response:
    """Find or dismiss, with a reason; an appeal is for the other of the two."""
    form = await request.form()
    await child_safety.decide(
        court,
        request.account_id,
        request.path_text("case"),
        verdict=form.required("verdict", limit=40),
        reason=form.required("reason", limit=10_000),
    )
    return await show(court, request)


async def packet(court: Court, request: ApiRequest) -> Response:
    """The packet for the authority; that it was taken is logged."""
    public_id = request.path_text("case")
    found = await child_safety.packet(court, request.account_id, public_id)
    return raw_json_response(found, headers=_PRIVATE)


async def reported(court: Court, request: ApiRequest) -> Response:
    """That it went to the authority, under its reference number."""
    form = await request.form()
    await child_safety.note_reported(
        court,
        request.account_id,
        request.path_text("case"),
        authority=form.text("authority", limit=1_000) or "",
        reference=form.text("reference", limit=1_000) or "",
    )
    return await show(court, request)
