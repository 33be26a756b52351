"""Feeds the search index: public and unlisted posts, in every state, so that they can be located.

Followers-only and direct posts never reach it. What was erased leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence

from venire.events import PostCreated, PostDeleted, PostEdited
from venire.kernel.ports import Document, SearchIndex
from venire.people.store import load_accounts
from venire.posts import store
from venire.posts.listing import start_of_moment
from venire.posts.model import LISTED, Post
from venire.storage.verbs import Envelope
from venire.storage.world import World

CURSOR = "search"
"""The name of the subscription."""
HEARS = (PostCreated, PostEdited, PostDeleted)


async def index_page(
    world: World, search: SearchIndex, page: Sequence[Envelope], position: int
) -> None:
    """Index what a page of events changed, then move the cursor past it."""
    changed = dict.fromkeys(
        envelope.event.post_id for envelope in page if isinstance(envelope.event, HEARS)
    )
    await _index(world, search, await store.load_many(world, changed))
    if page:
        await search.set_indexed_through(page[-1].id)
    await world.storage.advance(CURSOR, position)


async def _index(world: World, search: SearchIndex, posts: Sequence[Post]) -> None:
    listed = [post for post in posts if post.visibility in LISTED]
    erased = [post.id for post in listed if not post.text]
    if erased:
        await search.remove(erased)
    wanted = [post for post in listed if post.text]
    if not wanted:
        return
    authors = await load_accounts(world, {post.author_id for post in wanted})
    await search.index(
        [
            Document(
                post_id=post.id,
                author_id=post.author_id,
                handle=authors[post.author_id].username if post.author_id in authors else "",
                text=f"{post.spoiler}\n{post.text}" if post.spoiler else post.text,
                created_at_ms=post.created_at_ms,
            )
            for post in wanted
        ]
    )


async def prepare(world: World, search: SearchIndex) -> int:
    """Before the first subscriber runs: fill an index that was lost or set back.

    Returns how many posts were read. An index that follows from less than the cursor says has lost
    its file, or the end of it with the machine's power; the journal may be pruned, so it is filled
    from the posts themselves.
    """
    position = await world.storage.position(CURSOR)
    told = await _event_at(world, position)
    if position == 0 or await search.indexed_through() >= max(told, 1):
        return 0
    started = start_of_moment(world.now_ms())
    cursor: bytes | None = None
    read = 0
    while True:
        posts, cursor = await store.scan(world, cursor)
        await _index(world, search, posts)
        read += len(posts)
        if cursor is None:
            break
    await search.set_indexed_through(max(started, told))
    return read


async def _event_at(world: World, position: int) -> int:
    """The id of the last event up to a place in the journal; 0 where it was pruned."""
    told = await world.storage.tail(position - 1, 1)
    return told[-1].id if told and told[-1].sequence == position else 0


async def caught_up(world: World) -> bool:
    """Whether everything committed so far can be found: what locating waits for."""
    return not await world.storage.tail(await world.storage.position(CURSOR), 1)
