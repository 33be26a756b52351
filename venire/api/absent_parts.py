"""Parts of Mastodon that this site has nothing of, answered as Mastodon answers without them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from starlette.responses import Response

from venire.api.parameters import ApiRequest
from venire.api.post_pages import posts_response
from venire.api.routing import json_response
from venire.api.statuses import seen_post
from venire.api.timelines import window_of
from venire.cases.court import Court
from venire.kernel.errors import NotFound
from venire.kernel.ids import parse_id
from venire.people.model import DELETED
from venire.people.store import load_account
from venire.posts import actions, feeds, store
from venire.posts.markup import account_path, post_path
from venire.posts.model import DIRECT, LISTED, Entry, Page, Post, Stretch
from venire.posts.pages import fill_page
from venire.posts.sight import Sight

_WIDTH = 400
_URL = 2_048


async def lost(_court: Court, _request: ApiRequest) -> Response:
    """Nothing is here. NotFound."""
    raise NotFound("record_not_found", "Record not found")


async def no_annual_reports(_court: Court, _request: ApiRequest) -> Response:
    """No account has a report of its year."""
    return json_response({"annual_reports": [], "accounts": [], "statuses": []})


async def annual_report_state(_court: Court, _request: ApiRequest) -> Response:
    """None is offered either."""
    return json_response({"state": "ineligible"})


async def no_collections(court: Court, request: ApiRequest) -> Response:
    """An account without collections."""
    name = "id"
    account = await load_account(court.world, request.path(name))
    if account is None or account.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    return json_response({"collections": []})


async def no_card(court: Court, request: ApiRequest) -> Response:
    """A post without a preview of its link."""
    await seen_post(court, request)
    return json_response({})


async def no_translation(court: Court, request: ApiRequest) -> Response:
    """There is nothing that translates: NotFound, as from Mastodon without a translator."""
    await seen_post(court, request)
    raise NotFound("translation_unavailable", "This site does not translate")


async def direct_timeline(court: Court, request: ApiRequest) -> Response:
    """Direct posts to and from the member, as clients older than conversations ask for them."""
    world, me = court.world, request.account_id
    sight = await Sight.of(world, me)

    async def fetch(stretch: Stretch) -> list[Entry]:
        return await feeds.entries(world, me, stretch)

    async def keep(entries: Sequence[Entry]) -> list[tuple[int, Post]]:
        posts = await sight.posts([entry.id for entry in entries])
        return [
            (post.id, post) for post in posts if post.visibility == DIRECT and sight.lists(post)
        ]

    page: Page[Post] = await fill_page(window_of(request), fetch, lambda entry: entry.id, keep)
    return await posts_response(world, request, page)


async def oembed(court: Court, request: ApiRequest) -> Response:
    """A public post as something to embed (oembed.com): a quotation with a link to it."""
    world = court.world
    base = world.site.base_url
    url = request.query.text("url", limit=_URL) or ""
    found = re.fullmatch(rf"{re.escape(base)}/(?:@\w+/|posts/)(\d+)/?(?:[?#].*)?", url)
    post_id = parse_id(found[1]) if found else None
    post = None if post_id is None else await store.load(world, post_id)
    if post is None or post.visibility not in LISTED:
        raise NotFound("record_not_found", "Record not found")
    author = await load_account(world, post.author_id)
    if author is None or not await actions.may_see(world, post, None):
        raise NotFound("record_not_found", "Record not found")
    address = html.escape(base + post_path(author.username, post.id))
    name = author.display_name or author.username
    width = request.query.integer("maxwidth", _WIDTH, low=1, high=_WIDTH)
    title = f"@{author.username}"
    quotation = (
        f'<blockquote class="mastodon-embed" cite="{address}">'
        f'<a href="{address}">{html.escape(title)}</a></blockquote>'
    )
    return json_response(
        {
            "type": "rich",
            "version": "1.0",
            "title": title,
            "author_name": name,
            "author_url": base + account_path(author.username),
            "provider_name": world.site.title,
            "provider_url": f"{base}/",
            "cache_age": 86_400,
            "html": quotation,
            "width": width,
            "height": None,
        }
    )
