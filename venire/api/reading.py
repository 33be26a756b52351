"""What a client remembers for its member: preferences, and how far each timeline was read."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.clock import iso_ms
from venire.kernel.errors import NotFound
from venire.people.markers import Marker, load_markers, move_marker
from venire.people.store import load_account


class MarkerEntity(msgspec.Struct, frozen=True):
    """How far a timeline was read."""

    last_read_id: str
    version: int
    updated_at: str


def _entities(markers: list[Marker]) -> dict[str, MarkerEntity]:
    return {
        marker.timeline: MarkerEntity(
            marker.last_read_id, marker.version, iso_ms(marker.updated_at_ms)
        )
        for marker in markers
    }


async def show_markers(court: Court, request: ApiRequest) -> Response:
    """How far the timelines asked for were read."""
    wanted = request.query.texts("timeline")
    found = await load_markers(court.world, request.account_id)
    return json_response(_entities([one for one in found if one.timeline in wanted]))


async def save_markers(court: Court, request: ApiRequest) -> Response:
    """Note how far timelines were read."""
    form = await request.form()
    moved = [
        await move_marker(court.world, request.account_id, timeline, read)
        for timeline in ("home", "notifications")
        if (read := form.nested(timeline).text("last_read_id", limit=20)) is not None
    ]
    return json_response(_entities(moved))


async def preferences(court: Court, request: ApiRequest) -> Response:
    """What the member set as usual for posting and reading."""
    account = await load_account(court.world, request.account_id)
    if account is None:
        raise NotFound("record_not_found", "Record not found")
    return json_response(
        {
            "posting:default:visibility": account.privacy,
            "posting:default:sensitive": account.sensitive,
            "posting:default:language": account.language,
            "posting:default:quote_policy": "nobody",
            "reading:expand:media": "default",
            "reading:expand:spoilers": False,
            "reading:autoplay:gifs": False,
        }
    )
