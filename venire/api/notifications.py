"""Notifications: https://docs.joinmastodon.org/methods/notifications/."""

from __future__ import annotations

from starlette.responses import Response

from venire.api.entities.notification import notification_jsons, notification_page
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response, raw_json_response
from venire.api.timelines import page_links, window_of
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.people.markers import load_markers
from venire.posts import notifications
from venire.posts.model import Window
from venire.posts.notifications import Choice
from venire.posts.sight import Sight
from venire.storage.world import World

_PAGE = 40
_PAGE_MOST = 80
_UNREAD = 100
_UNREAD_MOST = 1_000


def choice_of(request: ApiRequest) -> Choice:
    """Which notifications a query asks for."""
    query = request.query
    if not query.fields:
        return notifications.EVERYTHING
    return Choice(
        types=frozenset(query.texts("types", limit=40)),
        excluded=frozenset(query.texts("exclude_types", limit=40)),
        from_id=query.identifier("account_id"),
        held=bool(query.flag("include_filtered")),
    )


async def show_notifications(court: Court, request: ApiRequest) -> Response:
    """What the member is told, newest first."""
    world, account_id = court.world, request.account_id
    window = window_of(request, _PAGE, _PAGE_MOST)
    sight = await Sight.of(world, account_id)
    page = await notifications.page_of(world, account_id, window, choice_of(request), sight=sight)
    written = await notification_page(world, account_id, page.items, sight=sight)
    return raw_json_response(written, headers=page_links(world, request, page))


async def show_notification(court: Court, request: ApiRequest) -> Response:
    """One notification."""
    found = await notifications.load(court.world, request.account_id, request.path("id"))
    written = await notification_jsons(court.world, request.account_id, [found])
    if not written:
        raise NotFound("record_not_found", "Record not found")
    return raw_json_response(written[0])


async def dismiss(court: Court, request: ApiRequest) -> Response:
    """Put one notification away."""
    await notifications.dismiss(court.world, request.account_id, request.path("id"))
    return json_response({})


async def dismiss_named(court: Court, request: ApiRequest) -> Response:
    """The same, as clients of the first years ask for it: the id is sent, not addressed."""
    form = await request.form()
    notification_id = form.identifier("id")
    if notification_id is None:
        raise NotFound("record_not_found", "Record not found")
    await notifications.dismiss(court.world, request.account_id, notification_id)
    return json_response({})


async def clear(court: Court, request: ApiRequest) -> Response:
    """Put all of them away."""
    await notifications.clear(court.world, request.account_id)
    return json_response({})


async def unread_window(world: World, request: ApiRequest) -> Window:
    """What came since the member's marker, up to the limit that is asked for."""
    limit = request.query.integer("limit", _UNREAD, low=1, high=_UNREAD_MOST)
    markers = await load_markers(world, request.account_id)
    read = [parse_id(one.last_read_id) for one in markers if one.timeline == "notifications"]
    return Window(limit=limit, since_id=read[0] if read else None)


async def unread_count(court: Court, request: ApiRequest) -> Response:
    """How many came since the member's marker, up to a limit."""
    window = await unread_window(court.world, request)
    page = await notifications.page_of(court.world, request.account_id, window, choice_of(request))
    return json_response({"count": len(page.items)})
