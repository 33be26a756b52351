"""What is much used here, told only where enough people use it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from venire.kernel.clock import DAY_MS, HOUR_MS
from venire.people.counts import load_counts
from venire.people.directory import may_be_recommended
from venire.people.model import Account
from venire.people.store import load_accounts
from venire.posts.model import PUBLIC, VISIBLE, Post
from venire.posts.sight import Sight
from venire.posts.tallies import load_tallies
from venire.posts.usage import AUTHORS, POSTS, TAGS, leaders
from venire.storage.world import World

ACCOUNTS_LEAST = 5
"""Below so many accounts nothing is a trend: three friends are not the talk of the town."""
_HALF_LIFE_MS = 12 * HOUR_MS


async def trending_tags(world: World, *, limit: int, offset: int = 0) -> list[str]:
    """Tags that at least five accounts used today and yesterday, today's use counting double."""
    today = world.now_ms() // DAY_MS
    now, before = await leaders(world, TAGS, today), await leaders(world, TAGS, today - 1)
    scores = {
        tag: 2 * now.get(tag, 0) + before.get(tag, 0)
        for tag in {*now, *before}
        if max(now.get(tag, 0), before.get(tag, 0)) >= ACCOUNTS_LEAST
    }
    best = sorted(scores, key=lambda tag: (-scores[tag], tag))
    return best[offset : offset + limit]


async def trending_posts(
    world: World, viewer_id: int | None, *, limit: int, offset: int = 0
) -> Sequence[Post]:
    """Public posts of the last days that at least five accounts favourited or boosted.

    Of authors who want to be found; what they lead by is halved every twelve hours.
    """
    sight = await Sight.of(world, viewer_id)
    ids = [int(one) for one in await leaders(world, POSTS)]
    tallies = await load_tallies(world, ids)
    strong = {
        one: row.favourites + row.reblogs
        for one, row in tallies.items()
        if max(row.favourites, row.reblogs) >= ACCOUNTS_LEAST
    }
    posts = [
        post
        for post in await sight.posts(list(strong))
        if post.visibility == PUBLIC and post.state == VISIBLE and not post.sensitive
    ]
    authors = await load_accounts(world, {post.author_id for post in posts})
    shown = [
        post
        for post in posts
        if post.author_id in authors
        and may_be_recommended(authors[post.author_id])
        and sight.lists(post)
    ]
    now_ms = world.now_ms()

    def score(post: Post) -> float:
        return strong[post.id] * math.exp2((post.created_at_ms - now_ms) / _HALF_LIFE_MS)

    return sorted(shown, key=score, reverse=True)[offset : offset + limit]


async def recent_authors(world: World) -> list[Account]:
    """Who posted publicly of late and wants to be found, the latest first; a few hundred."""
    ids = [int(one) for one in await leaders(world, AUTHORS)]
    accounts = await load_accounts(world, ids)
    counts = await load_counts(world, list(accounts))
    found = [one for one in accounts.values() if may_be_recommended(one)]
    return sorted(found, key=lambda one: -(counts[one.id].last_status_at_ms or 0))


async def popular_authors(world: World) -> list[Account]:
    """The same, by how many follow them."""
    found = await recent_authors(world)
    counts = await load_counts(world, [one.id for one in found])
    return sorted(found, key=lambda one: -counts[one.id].followers)
