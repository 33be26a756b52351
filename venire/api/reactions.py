"""Favourites, bookmarks, boosts, pins and votes: docs.joinmastodon.org/methods/statuses, /polls."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.responses import Response

from venire.api.entities.account import written_accounts
from venire.api.entities.poll import build_poll
from venire.api.entities.status import status_json, status_jsons
from venire.api.parameters import ApiRequest
from venire.api.routing import Handler, json_response
from venire.api.statuses import seen_post
from venire.api.timelines import page_links, window_of
from venire.cases.court import Court
from venire.kernel.errors import Invalid, NotFound
from venire.posts import actions, marks, own_acts, polls, quotes, reactions, store
from venire.posts.model import Page, Post
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.storage.tables.reactions import ActRow, PostActRow
from venire.storage.world import World

Act = Callable[[World, int, int], Awaitable[Post]]
_CHOICES = 20
_NUMBER = re.compile(r"[0-9]{1,3}")


def _acting(act: Act) -> Handler:
    """The handler of an act that answers with the post that it was done to."""

    async def handle(court: Court, request: ApiRequest) -> Response:
        world, post_id = court.world, request.path("id")
        stood = await own_acts.before(world, request.account_id, post_id)
        post = await act(world, request.account_id, post_id)
        return await _still_seen(world, request, post, stood)

    handle.__doc__ = act.__doc__
    return handle


async def _still_seen(
    world: World, request: ApiRequest, post: Post, stood: own_acts.Stood | None = None
) -> Response:
    """A post as the answer to an act; NotFound, the act done, where it may not be seen any more.

    Whoever once favourited a post may take that back, and is not shown for it what they are
    blocked from, or what was hidden since.
    """
    if not await actions.may_see(world, post, request.account_id):
        raise NotFound("record_not_found", "Record not found")
    tally = await own_acts.after(world, stood)
    return json_response(await status_json(world, post, request.account_id, tally=tally))


favourite = _acting(reactions.favourite)
unfavourite = _acting(reactions.unfavourite)
bookmark = _acting(reactions.bookmark)
unbookmark = _acting(reactions.unbookmark)
unreblog = _acting(reactions.unrepost)
pin = _acting(reactions.pin)
unpin = _acting(reactions.unpin)


async def reblog(court: Court, request: ApiRequest) -> Response:
    """Boost a post; the answer is the boost."""
    form = await request.form()
    visibility = form.text("visibility", limit=20) or None
    world, post_id = court.world, request.path("id")
    stood = await own_acts.before(world, request.account_id, post_id)
    post = await reactions.repost(world, request.account_id, post_id, visibility)
    tally = await own_acts.after(world, stood)
    return json_response(await status_json(world, post, request.account_id, tally=tally))


def _marked(kind: str) -> Handler:
    async def handle(court: Court, request: ApiRequest) -> Response:
        world, viewer_id = court.world, request.account_id
        sight = await Sight.of(world, viewer_id)

        async def keep(rows: Sequence[ActRow]) -> list[tuple[int, Post]]:
            posts = {int(post.id): post for post in await store.load_many(world, _ids(rows))}
            await sight.learn(post.author_id for post in posts.values())
            return [
                (row.act_id, post)
                for row in rows
                if (post := posts.get(row.post_id)) is not None and sight.sees(post)
            ]

        page = await fill_page(
            window_of(request),
            lambda stretch: marks.act_rows(world, viewer_id, kind, stretch),
            lambda row: row.act_id,
            keep,
        )
        return await _posts_response(world, request, page, sight)

    return handle


def _ids(rows: Sequence[ActRow]) -> list[int]:
    return [row.post_id for row in rows]


favourites = _marked(marks.FAVOURITE)
bookmarks = _marked(marks.BOOKMARK)


async def _posts_response(
    world: World, request: ApiRequest, page: Page[Post], sight: Sight
) -> Response:
    jsons = await status_jsons(world, page.items, request.viewer_id, sight=sight)
    return json_response(jsons, headers=page_links(world, request, page))


def _actors(kind: str) -> Handler:
    async def handle(court: Court, request: ApiRequest) -> Response:
        world = court.world
        post = await seen_post(court, request)
        post_id = post.reblog_of_id or post.id
        sight = await Sight.of(world, request.viewer_id)

        async def keep(rows: Sequence[PostActRow]) -> list[tuple[int, int]]:
            await sight.learn(row.account_id for row in rows)
            return [
                (row.act_id, row.account_id)
                for row in rows
                if sight.there(row.account_id) and not sight.hides(row.account_id)
            ]

        page = await fill_page(
            window_of(request, 40, 80),
            lambda stretch: marks.post_act_rows(world, post_id, kind, stretch),
            lambda row: row.act_id,
            keep,
        )
        written = await written_accounts(world, page.items)
        shown = [written[one].json for one in page.items if one in written]
        return json_response(shown, headers=page_links(world, request, page))

    return handle


favourited_by = _actors(marks.FAVOURITE)
reblogged_by = _actors(marks.REBLOG)


async def show_poll(court: Court, request: ApiRequest) -> Response:
    """A poll; its id is that of its post."""
    post = await seen_post(court, request)
    if post.poll is None:
        raise NotFound("record_not_found", "Record not found")
    stands = await polls.load_ballots(court.world, request.viewer_id, [post])
    now_ms = court.world.now_ms()
    return json_response(
        build_poll(post, post.poll, stands.get(post.id), request.viewer_id, now_ms)
    )


async def vote(court: Court, request: ApiRequest) -> Response:
    """Vote in a poll."""
    post = await seen_post(court, request)
    form = await request.form()
    choices = form.texts("choices", limit=10)
    if len(choices) > _CHOICES or not all(map(_NUMBER.fullmatch, choices)):
        raise Invalid(
            "poll_choice_invalid", "Validation failed: The chosen vote option does not exist"
        )
    viewer_id = request.account_id
    stands = await polls.vote(court.world, viewer_id, post, [int(one) for one in choices])
    if post.poll is None:
        raise NotFound("record_not_found", "Record not found")
    return json_response(build_poll(post, post.poll, stands, viewer_id, court.world.now_ms()))


async def quotes_of(court: Court, request: ApiRequest) -> Response:
    """The posts that quote a post, as far as the viewer may see them."""
    post = await seen_post(court, request)
    sight = await Sight.of(court.world, request.viewer_id)
    page = await quotes.page_of(court.world, sight, post, window_of(request))
    return await _posts_response(court.world, request, page, sight)


async def revoke_quote(court: Court, request: ApiRequest) -> Response:
    """Take one's post out of another's quote."""
    post = await quotes.revoke(
        court.world, request.account_id, request.path("id"), request.path("quoting_id")
    )
    return await _still_seen(court.world, request, post)


async def set_interaction_policy(court: Court, request: ApiRequest) -> Response:
    """Say who may quote one's post."""
    post_id = request.path("id")
    form = await request.form()
    policy = form.required("quote_approval_policy", limit=20)
    post = await quotes.set_policy(court.world, request.account_id, post_id, policy)
    return json_response(await status_json(court.world, post, request.account_id))
