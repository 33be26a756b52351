"""Hashtags: methods/tags, featured_tags, followed_tags, trends and the timelines of tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from venire.api.entities.status import status_jsons
from venire.api.entities.tag import build_featured_tag, tag_entities
from venire.api.paging import newest_first, page_of, paged_response
from venire.api.parameters import ApiRequest
from venire.api.post_pages import posts_response
from venire.api.routing import json_response
from venire.api.timelines import window_of
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.people.model import DELETED
from venire.people.store import load_account
from venire.posts import tag_choices, trends
from venire.posts.tag_pages import MODE_MOST, TagChoice, tag_page
from venire.posts.tags import tag_of
from venire.storage.world import World

_NAME = 400
_OFFSET = 200


def _named(request: ApiRequest) -> str:
    tag = tag_of(request.path_text("name")[:_NAME])
    if tag is None:
        raise NotFound("record_not_found", "Record not found")
    return tag


async def _tag_response(world: World, request: ApiRequest, tag: str) -> Response:
    (entity,) = await tag_entities(world, [tag], request.viewer_id)
    return json_response(entity)


async def show_tag(court: Court, request: ApiRequest) -> Response:
    """A hashtag; one that nobody used yet is there all the same."""
    return await _tag_response(court.world, request, _named(request))


async def _change(
    court: Court, request: ApiRequest, act: Callable[[World, int, str], Awaitable[object]]
) -> Response:
    tag = _named(request)
    await act(court.world, request.account_id, tag)
    return await _tag_response(court.world, request, tag)


async def follow_tag(court: Court, request: ApiRequest) -> Response:
    """Have a tag's posts in one's home."""
    return await _change(court, request, tag_choices.follow_tag)


async def unfollow_tag(court: Court, request: ApiRequest) -> Response:
    """Have them there no longer."""
    return await _change(court, request, tag_choices.unfollow_tag)


async def feature_tag(court: Court, request: ApiRequest) -> Response:
    """Put a tag on one's profile."""
    return await _change(court, request, tag_choices.feature_tag)


async def unfeature_tag(court: Court, request: ApiRequest) -> Response:
    """Take it off."""
    return await _change(court, request, tag_choices.unfeature_tag)


async def followed_tags(court: Court, request: ApiRequest) -> Response:
    """The tags that the member follows; the cursor is the follow's own id."""
    page = page_of(request, 100, 200)
    rows = [
        row
        for row in await tag_choices.followed_tags(court.world, request.account_id)
        if (page.below is None or row.follow_id < page.below)
        and (page.above is None or row.follow_id > page.above)
    ]
    read = (rows[::-1] if page.reverse else rows)[: page.limit]
    shown = newest_first(page, read)
    entities = await tag_entities(court.world, [row.tag for row in shown], request.viewer_id)
    cursors = [row.follow_id for row in shown]
    return paged_response(court.world, request, entities, cursors, more=len(rows) > len(read))


async def _featured(world: World, account_id: int) -> Response:
    account = await load_account(world, account_id)
    if account is None or account.state == DELETED:
        raise NotFound("record_not_found", "Record not found")
    rows = await tag_choices.featured_tags(world, account_id)
    return json_response([build_featured_tag(world, row) for row in rows])


async def featured_tags(court: Court, request: ApiRequest) -> Response:
    """The tags on the member's own profile."""
    return await _featured(court.world, request.account_id)


async def account_featured_tags(court: Court, request: ApiRequest) -> Response:
    """The tags on an account's profile."""
    return await _featured(court.world, request.path("id"))


async def create_featured_tag(court: Court, request: ApiRequest) -> Response:
    """Put a tag on one's profile, by its name."""
    world = court.world
    tag = tag_of((await request.form()).text("name", limit=_NAME) or "")
    if tag is None:
        raise Invalid("tag_invalid", "Validation failed: Name is not a hashtag")
    row = await tag_choices.feature_tag(world, request.account_id, tag)
    return json_response(build_featured_tag(world, row))


async def delete_featured_tag(court: Court, request: ApiRequest) -> Response:
    """Take a tag off one's profile, by the id of its place there."""
    await tag_choices.unfeature(court.world, request.account_id, request.path("id"))
    return json_response({})


async def suggested_tags(court: Court, request: ApiRequest) -> Response:
    """Tags that the member used most of late and does not feature."""
    tags = await tag_choices.suggested_tags(court.world, request.account_id)
    return json_response(await tag_entities(court.world, tags, request.viewer_id))


async def tag_timeline(court: Court, request: ApiRequest) -> Response:
    """Public posts under a tag; nothing comes from elsewhere."""
    query = request.query
    tag = tag_of(request.path_text("name")[:_NAME])
    if tag is None or query.flag("remote"):
        return json_response([])
    choice = TagChoice(
        tag,
        any=_mode(request, "any"),
        all=_mode(request, "all"),
        none=_mode(request, "none"),
        only_media=bool(query.flag("only_media")),
    )
    page = await tag_page(court.world, request.viewer_id, choice, window_of(request))
    return await posts_response(court.world, request, page)


def _mode(request: ApiRequest, name: str) -> tuple[str, ...]:
    found = [tag_of(text) for text in request.query.texts(name, limit=_NAME)[:MODE_MOST]]
    return tuple(tag for tag in found if tag is not None)


async def trending_tags(court: Court, request: ApiRequest) -> Response:
    """Tags that many use today."""
    tags = await trends.trending_tags(
        court.world,
        limit=request.query.integer("limit", 10, low=1, high=20),
        offset=request.query.integer("offset", 0, high=_OFFSET),
    )
    return json_response(await tag_entities(court.world, tags, request.viewer_id))


async def trending_statuses(court: Court, request: ApiRequest) -> Response:
    """Posts of the last days that many reacted to."""
    posts = await trends.trending_posts(
        court.world,
        request.viewer_id,
        limit=request.query.integer("limit", 20, low=1, high=40),
        offset=request.query.integer("offset", 0, high=_OFFSET),
    )
    return json_response(await status_jsons(court.world, posts, request.viewer_id))
