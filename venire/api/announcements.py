"""Announcements: https://docs.joinmastodon.org/methods/announcements/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.announcement import build_announcement
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.posts import announcements

_NAME = 100


async def show_announcements(court: Court, request: ApiRequest) -> Response:
    """What the site tells its members now."""
    found = await announcements.current(court.world, request.account_id)
    return json_response([build_announcement(one) for one in found])


async def dismiss(court: Court, request: ApiRequest) -> Response:
    """Note that an announcement was read."""
    await announcements.put_away(court.world, request.account_id, request.path("id"))
    return json_response({})


async def react(court: Court, request: ApiRequest) -> Response:
    """Put a sign under an announcement."""
    name = request.path_text("name")[:_NAME]
    await announcements.react(court.world, request.account_id, request.path("id"), name)
    return json_response({})


async def unreact(court: Court, request: ApiRequest) -> Response:
    """Take a sign back."""
    name = request.path_text("name")[:_NAME]
    await announcements.unreact(court.world, request.account_id, request.path("id"), name)
    return json_response({})
