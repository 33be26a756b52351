"""Notifications: https://docs.joinmastodon.org/methods/notifications/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.notification import notification_entities
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.api.timelines import page_links, window_of
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.people.markers import load_markers
from venire.posts import notifications
from venire.posts.model import Window
from venire.posts.notifications import Choice

_PAGE = 40
_PAGE_MOST = 80
_UNREAD = 100
_UNREAD_MOST = 1_000


def _choice(request: ApiRequest) -> Choice:
    query = request.query
    return Choice(
        types=frozenset(query.texts("types", limit=40)),
        excluded=frozenset(query.texts("exclude_types", limit=40)),
        from_id=query.identifier("account_id"),
    )


async def show_notifications(court: Court, request: ApiRequest) -> Response:
    """What the member is told, newest first."""
    page = await notifications.page_of(
        court.world, request.account_id, window_of(request, _PAGE, _PAGE_MOST), _choice(request)
    )
    entities = await notification_entities(court.world, page.items)
    return json_response(entities, headers=page_links(court.world, request, page))


async def show_notification(court: Court, request: ApiRequest) -> Response:
    """One notification."""
    found = await notifications.load(court.world, request.account_id, request.path("id"))
    entities = await notification_entities(court.world, [found])
    if not entities:
        raise NotFound("record_not_found", "Record not found")
    return json_response(entities[0])


async def dismiss(court: Court, request: ApiRequest) -> Response:
    """Put one notification away."""
    await notifications.dismiss(court.world, request.account_id, request.path("id"))
    return json_response({})


async def clear(court: Court, request: ApiRequest) -> Response:
    """Put all of them away."""
    await notifications.clear(court.world, request.account_id)
    return json_response({})


async def unread_count(court: Court, request: ApiRequest) -> Response:
    """How many came since the member's marker, up to a limit."""
    limit = request.query.integer("limit", _UNREAD, low=1, high=_UNREAD_MOST)
    markers = await load_markers(court.world, request.account_id)
    read = [parse_id(one.last_read_id) for one in markers if one.timeline == "notifications"]
    window = Window(limit=limit, since_id=read[0] if read else None)
    page = await notifications.page_of(court.world, request.account_id, window, _choice(request))
    return json_response({"count": len(page.items)})
