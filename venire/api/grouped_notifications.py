"""Grouped notifications: https://docs.joinmastodon.org/methods/grouped_notifications/."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from venire.api.entities.account import account_jsons
from venire.api.entities.notification_group import results_entity
from venire.api.notifications import choice_of, unread_window
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.api.timelines import page_links, window_of
from venire.cases.court import Court
from venire.kernel.errors import Invalid
from venire.posts import notification_groups
from venire.posts.notification_groups import GROUPABLE
from venire.posts.sight import Sight

_PAGE = 40
_PAGE_MOST = 80
_ACCOUNTS_MOST = 400
_EXPANSIONS = ("full", "partial_avatars")
_UNREAD_WALK = 400


def _types(request: ApiRequest) -> frozenset[str]:
    if "grouped_types" not in request.query:
        return GROUPABLE
    return GROUPABLE & frozenset(request.query.texts("grouped_types", limit=40))


async def show_groups(court: Court, request: ApiRequest) -> Response:
    """What the member is told, in groups, newest first."""
    world, account_id = court.world, request.account_id
    expand = request.query.text("expand_accounts", "full", limit=40)
    if expand not in _EXPANSIONS:
        raise Invalid(
            "parameter_invalid",
            "expand_accounts is full or partial_avatars",
            details={"expand_accounts": [{"error": "ERR_INCLUSION", "description": "is unknown"}]},
        )
    window = window_of(request, _PAGE, _PAGE_MOST)
    sight = await Sight.of(world, account_id)
    page = await notification_groups.page_of(
        world, account_id, window, choice_of(request), _types(request), sight=sight
    )
    results = await results_entity(
        world, account_id, page.items, partial=expand == "partial_avatars", sight=sight
    )
    return json_response(results, headers=page_links(world, request, page))


async def show_group(court: Court, request: ApiRequest) -> Response:
    """One group."""
    key = request.path_text("group_key")
    group = await notification_groups.load(court.world, request.account_id, key)
    return json_response(
        await results_entity(court.world, request.account_id, [group], paged=False)
    )


async def show_accounts(court: Court, request: ApiRequest) -> Response:
    """Whom the notifications of a group came from, the latest first."""
    key = request.path_text("group_key")
    group = await notification_groups.load(court.world, request.account_id, key)
    ids = group.sender_ids[:_ACCOUNTS_MOST]
    jsons = await account_jsons(court.world, ids)
    return json_response([jsons[one] for one in ids if one in jsons])


async def dismiss_group(court: Court, request: ApiRequest) -> Response:
    """Put a whole group away."""
    key = request.path_text("group_key")
    await notification_groups.dismiss(court.world, request.account_id, key)
    return json_response({})


async def unread_count(court: Court, request: ApiRequest) -> Response:
    """How many groups came since the member's marker, up to a limit."""
    window = await unread_window(court.world, request)
    page = await notification_groups.page_of(
        court.world,
        request.account_id,
        msgspec.structs.replace(window, limit=min(window.limit, _UNREAD_WALK)),
        choice_of(request),
        _types(request),
    )
    return json_response({"count": len(page.items)})
