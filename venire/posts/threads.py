"""A conversation around a post: what it answers and what answers it."""

from __future__ import annotations

from collections.abc import Iterable

from venire.posts.model import Context, Post
from venire.posts.sight import Sight
from venire.posts.spans import bucket_of, last_id_of
from venire.posts.store import load, load_many
from venire.storage.tables.posts import THREAD_POSTS, ThreadPostRow
from venire.storage.world import World

ANCESTORS = 4_096
DESCENDANTS = 4_096
DEPTH = 4_096
ANCESTORS_PUBLIC = 40
DESCENDANTS_PUBLIC = 60
DEPTH_PUBLIC = 20
"""Mastodon's limits, the lower ones for those not signed in (docs: methods/statuses#context)."""
_ROWS = 20_000
_PAGE = 1_000


async def context(world: World, viewer_id: int | None, post: Post) -> Context:
    """What stands around a post, as far as a viewer may see it.

    A hidden post is passed over; what answers it stays.
    """
    sight = await Sight.of(world, viewer_id)
    known = viewer_id is not None
    above = await _ancestors(world, post, ANCESTORS if known else ANCESTORS_PUBLIC)
    rows = await _rows_after(world, post)
    found = _reading_order(
        post.id,
        rows,
        depth=DEPTH if known else DEPTH_PUBLIC,
    )
    below = await load_many(world, found)
    return Context(
        await _visible(sight, above),
        (await _visible(sight, below))[: DESCENDANTS if known else DESCENDANTS_PUBLIC],
    )


async def _visible(sight: Sight, posts: Iterable[Post]) -> list[Post]:
    wanted = list(posts)
    await sight.learn(post.author_id for post in wanted)
    return [post for post in wanted if sight.lists(post)]


async def _ancestors(world: World, post: Post, most: int) -> list[Post]:
    found: list[Post] = []
    parent_id = post.in_reply_to_id
    while parent_id is not None and len(found) < most:
        parent = await load(world, parent_id)
        if parent is None:
            break
        found.append(parent)
        parent_id = parent.in_reply_to_id
    return found[::-1]


async def _rows_after(world: World, post: Post) -> list[ThreadPostRow]:
    """The rows of the conversation that are younger than a post, oldest first."""
    found: list[ThreadPostRow] = []
    root = post.conversation_id
    last = bucket_of(root, last_id_of(world.now_ms()))
    for bucket in range(bucket_of(root, post.id), last + 1):
        above = int(post.id)
        while len(found) < _ROWS:
            rows = await world.storage.range(
                THREAD_POSTS, (root, bucket), above=(above,), limit=_PAGE
            )
            found += rows
            if len(rows) < _PAGE:
                break
            above = rows[-1].post_id
    return found


def _reading_order(root_id: int, rows: Iterable[ThreadPostRow], *, depth: int) -> list[int]:
    """The ids below a post: each answer followed by what answers it."""
    children: dict[int, list[int]] = {}
    for row in rows:
        if row.in_reply_to_id is not None:
            children.setdefault(row.in_reply_to_id, []).append(row.post_id)
    found: list[int] = []
    stack = [(child, 1) for child in reversed(children.get(root_id, []))]
    while stack and len(found) < DESCENDANTS:
        post_id, level = stack.pop()
        found.append(post_id)
        if level < depth:
            stack += [(child, level + 1) for child in reversed(children.get(post_id, []))]
    return found
