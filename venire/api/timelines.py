"""Lists of posts: https://docs.joinmastodon.org/methods/timelines/ and an account's posts."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from venire.api.entities.status import status_jsons, status_page
from venire.api.paging import link_header
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response, raw_json_response
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.people.model import DELETED
from venire.people.store import load_account
from venire.posts import home as homes
from venire.posts import timelines
from venire.posts.model import Page, Post, Window
from venire.posts.sight import Sight
from venire.storage.world import World


def window_of(request: ApiRequest, default: int = 20, most: int = 40) -> Window:
    """The part of a list that a query asks for."""
    query = request.query
    return Window(
        limit=query.integer("limit", default, low=1, high=most),
        max_id=query.identifier("max_id"),
        since_id=query.identifier("since_id"),
        min_id=query.identifier("min_id"),
    )


def page_links(world: World, request: ApiRequest, page: Page[Any]) -> dict[str, str]:
    """The Link header of a page: a short or empty one still leads on until the list ends."""
    return link_header(
        world,
        request,
        newest=page.newer if page.newer is not None else page.older,
        oldest=page.older if page.older is not None else page.newer,
        more=page.older is not None,
    )


async def _posts_response(
    world: World, request: ApiRequest, page: Page[Post], sight: Sight | None = None
) -> Response:
    body = await status_page(world, page.items, request.viewer_id, sight=sight)
    return raw_json_response(body, headers=page_links(world, request, page))


async def home(court: Court, request: ApiRequest) -> Response:
    """What those whom the member follows post."""
    sight = await Sight.of(court.world, request.account_id)
    page = await homes.home(court.world, request.account_id, window_of(request), sight)
    return await _posts_response(court.world, request, page, sight)


async def public(court: Court, request: ApiRequest) -> Response:
    """What is posted publicly here; nothing comes from elsewhere."""
    query = request.query
    if query.flag("remote"):
        return json_response([])
    sight = await Sight.of(court.world, request.viewer_id)
    page = await timelines.public(
        court.world,
        request.viewer_id,
        window_of(request),
        only_media=bool(query.flag("only_media")),
        sight=sight,
    )
    return await _posts_response(court.world, request, page, sight)


async def account_statuses(court: Court, request: ApiRequest) -> Response:
    """What an account posted, as far as the viewer may see it."""
    query = request.query
    account = await load_account(court.world, request.path("id"))
    if account is None or account.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    if query.flag("pinned"):
        posts = await timelines.pinned(court.world, request.viewer_id, account.id)
        return json_response(await status_jsons(court.world, posts, request.viewer_id))
    page = await timelines.account_page(
        court.world,
        request.viewer_id,
        account.id,
        window_of(request),
        timelines.AccountPageChoice(
            exclude_replies=bool(query.flag("exclude_replies")),
            exclude_reblogs=bool(query.flag("exclude_reblogs")),
            only_media=bool(query.flag("only_media")),
            tagged=query.text("tagged", limit=200) or None,
        ),
    )
    return await _posts_response(court.world, request, page)
