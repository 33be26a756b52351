"""How often a post was replied to: one owner, from events, the same however often they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

from venire.events import PostCreated, PostDeleted, PostImported, PostShown
from venire.kernel.errors import Conflict
from venire.posts.model import Post
from venire.posts.rules import counts_as_reply
from venire.posts.store import load
from venire.storage.tables.posts import (
    COUNTED_REPLIES,
    POST_COUNTS,
    CountedReplyRow,
    PostCountsRow,
)
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World

HEARS = (PostCreated, PostDeleted, PostImported, PostShown)
_TRIES = 8

# Answers to one post are told in many lanes at once; in turn, each writes once.
_TURNS: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()


async def count_replies(world: World, envelope: Envelope) -> None:
    """Bring the count of a post's parent in line with what the post is now.

    A marker for each reply says whether it is counted, so an event told again changes nothing.
    """
    event = envelope.event
    if not isinstance(event, HEARS):
        return
    reply = await load(world, event.post_id)
    if reply is None or reply.in_reply_to_id is None:
        return
    turn = _TURNS.setdefault(reply.in_reply_to_id, asyncio.Lock())
    async with turn:
        await _count(world, reply.in_reply_to_id, reply)


async def _count(world: World, parent_id: int, reply: Post) -> None:
    counted = counts_as_reply(reply)
    for _ in range(_TRIES):
        row = await world.storage.get(POST_COUNTS, (parent_id,))
        marker = await world.storage.get(COUNTED_REPLIES, (parent_id, reply.id))
        if counted == (marker is not None and marker.counted):
            return
        version, total = (0, 0) if row is None else (row.version, row.replies)
        total = max(0, total + (1 if counted else -1))
        writes: list[Write] = [
            Put(POST_COUNTS, PostCountsRow(parent_id, version + 1, total)),
            Put(COUNTED_REPLIES, CountedReplyRow(parent_id, reply.id, counted)),
        ]
        try:
            await world.storage.commit(f"post_counts:{parent_id}", writes, expect=version)
        except Conflict:
            continue
        return
    raise Conflict("try_again", "somebody else counts too: the event is told again")


async def load_reply_counts(world: World, post_ids: Sequence[int]) -> dict[int, PostCountsRow]:
    """Counts of replies by post id; posts without any are left out."""
    rows = await world.storage.get_many(POST_COUNTS, [(post_id,) for post_id in post_ids])
    return {row.post_id: row for row in rows if row is not None}
