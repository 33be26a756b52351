"""Lists of posts: https://docs.joinmastodon.org/methods/timelines/, an account's posts, search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from venire.api.accounts import find_accounts
from venire.api.entities.account import account_jsons
from venire.api.entities.status import status_entities
from venire.api.paging import link_header
from venire.api.parameters import ApiRequest
from venire.api.routing import json_response
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.people.model import DELETED
from venire.people.store import load_account
from venire.posts import store, timelines
from venire.posts.model import Page, Post, Window
from venire.posts.sight import Sight
from venire.storage.world import World

_SEARCHED = 40
_OFFSET = 1_000
_QUERY = 500
_TYPES = frozenset({"accounts", "statuses", "hashtags"})


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


async def _posts_response(world: World, request: ApiRequest, page: Page[Post]) -> Response:
    entities = await status_entities(world, page.items)
    return json_response(entities, headers=page_links(world, request, page))


async def home(court: Court, request: ApiRequest) -> Response:
    """What those whom the member follows post."""
    page = await timelines.home(court.world, request.account_id, window_of(request))
    return await _posts_response(court.world, request, page)


async def public(court: Court, request: ApiRequest) -> Response:
    """What is posted publicly here; nothing comes from elsewhere, and there are no media yet."""
    query = request.query
    if query.flag("remote") or query.flag("only_media"):
        return json_response([])
    page = await timelines.public(court.world, request.viewer_id, window_of(request))
    return await _posts_response(court.world, request, page)


async def account_statuses(court: Court, request: ApiRequest) -> Response:
    """What an account posted, as far as the viewer may see it."""
    query = request.query
    account = await load_account(court.world, request.path("id"))
    if account is None or account.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    if query.flag("pinned") or query.flag("only_media"):
        return json_response([])
    page = await timelines.account_page(
        court.world,
        request.viewer_id,
        account.id,
        window_of(request),
        exclude_replies=bool(query.flag("exclude_replies")),
        tagged=query.text("tagged", limit=200) or None,
    )
    return await _posts_response(court.world, request, page)


async def search(court: Court, request: ApiRequest) -> Response:
    """Accounts and posts by words, or a post by its address here."""
    query = request.query
    text = query.required("q", limit=_QUERY).strip()
    kind = query.text("type", limit=20)
    wanted = {kind} if kind in _TYPES else _TYPES
    limit = query.integer("limit", 20, low=1, high=_SEARCHED)
    offset = query.integer("offset", 0, high=_OFFSET)
    addressed = await _addressed(court.world, text)
    found: dict[str, object] = {"accounts": [], "statuses": [], "hashtags": []}
    if "accounts" in wanted and addressed is None:
        ids = await find_accounts(
            court.world,
            request.viewer_id,
            text,
            limit=limit,
            offset=offset,
            following=bool(query.flag("following")),
        )
        jsons = await account_jsons(court.world, ids)
        found["accounts"] = [jsons[one] for one in ids if one in jsons]
    if "statuses" in wanted and request.viewer_id is not None:
        posts = [addressed] if addressed else await _worded(court, text, limit + offset)
        seen = await _seen(court.world, request.viewer_id, posts)
        author = query.identifier("account_id")
        seen = [post for post in seen if author is None or post.author_id == author]
        found["statuses"] = await status_entities(court.world, seen[offset : offset + limit])
    return json_response(found)


async def _addressed(world: World, text: str) -> Post | None:
    """The post whose page or identity a text is the address of."""
    if not text.startswith(f"{world.site.base_url}/"):
        return None
    identifier = parse_id(urlsplit(text).path.rstrip("/").rsplit("/", 1)[-1])
    return None if identifier is None else await store.load(world, identifier)


async def _worded(court: Court, text: str, most: int) -> list[Post]:
    """Posts with all the words of a text, the newest first; twice as many as are shown."""
    found = await court.search.candidates(text.split(), "all", 2 * most)
    return await store.load_many(court.world, sorted(found, reverse=True))


async def _seen(world: World, viewer_id: int, posts: Sequence[Post]) -> list[Post]:
    sight = await Sight.of(world, viewer_id)
    await sight.learn(post.author_id for post in posts)
    return [post for post in posts if sight.lists(post)]
