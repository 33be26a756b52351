"""Quotes with consent: who may quote a post, and what its author makes of it.

Source: docs.joinmastodon.org/entities/Quote and Mastodon 4.5: everyone, followers or nobody may
quote; the author may withdraw a post from a quote at any time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from venire.events import Event, Unquoted
from venire.kernel.errors import Conflict, Forbidden, NotFound
from venire.people.follows import is_following
from venire.posts import rules, store
from venire.posts.model import (
    ACCEPTED,
    DELETED,
    DIRECT,
    FOLLOWERS,
    LISTED,
    PUBLIC,
    REMOVED,
    REVOKED,
    Page,
    Post,
    Stretch,
    Window,
)
from venire.posts.pages import fill_page
from venire.posts.sight import Sight
from venire.storage.tables.reactions import QUOTES, QuoteRow
from venire.storage.world import World

_TRIES = 8


class Quotable(msgspec.Struct, frozen=True):
    """A post that may be quoted, and the state that the quote begins in."""

    post: Post
    state: str = ACCEPTED


async def quotable(world: World, author_id: int, quoted_id: int | None) -> Quotable | None:
    """The post that is to be quoted. NotFound `quote_target_missing`; Forbidden `quote_denied`."""
    if quoted_id is None:
        return None
    post = await store.load(world, quoted_id)
    if post is not None and post.reblog_of_id is not None:
        post = await store.load(world, post.reblog_of_id)
    if post is None:
        raise NotFound("quote_target_missing", "The post you are trying to quote does not exist")
    sight = await Sight.of(world, author_id)
    await sight.learn([post.author_id])
    if not sight.sees(post):
        raise NotFound("quote_target_missing", "The post you are trying to quote does not exist")
    if not await may_quote(world, author_id, post):
        raise Forbidden("quote_denied", "The author of this post does not let you quote it")
    return Quotable(post)


async def may_quote(world: World, viewer_id: int, post: Post) -> bool:
    """Whether a viewer who sees a post may quote it."""
    asks = post.quote_policy == FOLLOWERS and viewer_id != post.author_id
    follows = asks and await is_following(world, viewer_id, post.author_id)
    return lets_quote(post, viewer_id, follows=follows)


def lets_quote(post: Post, viewer_id: int, *, follows: bool) -> bool:
    """Whether a post may be quoted by someone who sees it, and follows its author or not."""
    if post.visibility == DIRECT:
        return False
    if viewer_id == post.author_id:
        return True
    if post.visibility not in LISTED:
        return False
    return post.quote_policy == PUBLIC or (post.quote_policy == FOLLOWERS and follows)


async def page_of(world: World, sight: Sight, quoted: Post, window: Window) -> Page[Post]:
    """The posts that quote a post, newest first, as far as a viewer may see them."""

    async def fetch(stretch: Stretch) -> list[QuoteRow]:
        return await world.storage.range(
            QUOTES,
            (quoted.id,),
            above=stretch.above_key,
            below=stretch.below_key,
            limit=stretch.count,
            reverse=stretch.rising,
        )

    async def keep(rows: Sequence[QuoteRow]) -> list[tuple[int, Post]]:
        posts = await store.load_many(world, [row.post_id for row in rows])
        await sight.learn(post.author_id for post in posts)
        return [
            (post.id, post) for post in posts if post.quote_state == ACCEPTED and sight.lists(post)
        ]

    return await fill_page(window, fetch, lambda row: row.post_id, keep)


async def revoke(world: World, account_id: int, quoted_id: int, quoting_id: int) -> Post:
    """Take one's post out of a quote for good; returns the quoting post.

    NotFound where that post does not quote this one; Forbidden `not_the_author`.
    """
    for _ in range(_TRIES):
        post = await store.load(world, quoting_id)
        if post is None or post.quoted_id != quoted_id or post.state in {REMOVED, DELETED}:
            raise NotFound("record_not_found", "Record not found")
        if post.quoted_author_id != account_id:
            raise Forbidden("not_the_author", "This action is not allowed")
        if post.quote_state == REVOKED:
            return post
        changed = msgspec.structs.replace(post, version=post.version + 1, quote_state=REVOKED)
        event = Unquoted(post.id, quoted_id, account_id)
        if await _saved(world, changed, event):
            return changed
    raise Conflict("try_again", "This changed meanwhile: try again")


async def set_policy(world: World, account_id: int, post_id: int, policy: str) -> Post:
    """Say who may quote one's post from now on. NotFound; Invalid `quote_policy_unknown`."""
    for _ in range(_TRIES):
        post = await store.load(world, post_id)
        if (
            post is None
            or post.author_id != account_id
            or post.reblog_of_id is not None
            or post.state in {REMOVED, DELETED}
        ):
            raise NotFound("record_not_found", "Record not found")
        chosen = rules.choose_quote_policy(policy, post.visibility)
        if chosen == post.quote_policy:
            return post
        changed = msgspec.structs.replace(post, version=post.version + 1, quote_policy=chosen)
        if await _saved(world, changed):
            return changed
    raise Conflict("try_again", "This changed meanwhile: try again")


async def _saved(world: World, post: Post, *events: Event) -> bool:
    try:
        await world.storage.commit(
            store.aggregate(post.id), [store.put_post(post)], events, expect=post.version - 1
        )
    except Conflict:
        return False
    return True
