"""Home feeds: a post is written to its author's followers; nothing is ever taken out.

`fan_out` hears whole pages of the journal and writes rows and cursor together into the file that
can be rebuilt. `start_of` says from which id on a feed is whole; below it the home is read from
its source, so a lost file or a follow leaves no hole.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from venire.events import Followed, PostCreated
from venire.kernel.ids import is_imported
from venire.people.counts import load_counts
from venire.people.follows import follower_page, follower_sources
from venire.posts.listing import account_entries, start_of_moment
from venire.posts.model import DIRECT, Entry, Post, Stretch
from venire.posts.rules import FAN_OUT_MOST
from venire.posts.store import load_many
from venire.storage.memory import Memory
from venire.storage.tables.posts import (
    FEED_STARTS,
    FEEDS,
    PULLED_AUTHORS,
    FeedRow,
    FeedStartRow,
    PulledAuthorRow,
)
from venire.storage.verbs import Envelope, Put, Write
from venire.storage.world import World

CURSOR = "feeds"
"""The name of the subscription; the engine knows it, since it lies in the second file."""
BACKFILL = 400
"""Newest posts of an account that a new follower's feed gets; older ones are read from source."""
_FOLLOWERS_PAGE = 1_000
_FLUSH = 5_000
_PULLED_MOST = 1_000
_KEPT_MOST = 500
_FOLLOWERS: Memory[Sequence[int] | None] = Memory(500)
"""Whom an account that posts again and again writes to."""


async def start_of(world: World, owner_id: int) -> int:
    """The id from which on a feed is whole."""
    row = await world.storage.get(FEED_STARTS, (owner_id,))
    whole = start_of_moment(world.complete_since_ms)
    return whole if row is None else max(row.since_id, whole)


async def entries(world: World, owner_id: int, stretch: Stretch) -> list[Entry]:
    """What arrived in a feed."""
    rows = await world.storage.range(
        FEEDS,
        (owner_id,),
        above=stretch.above_key,
        below=stretch.below_key,
        limit=stretch.count,
        reverse=stretch.rising,
    )
    return [
        Entry(
            row.entry_id,
            row.author_id,
            row.in_reply_to_account_id,
            reblog_of_id=row.reblog_of_id,
            reblog_author_id=row.reblog_author_id,
        )
        for row in rows
    ]


async def pulled_authors(world: World) -> list[int]:
    """Whose posts are merged in at read, because writing them to every feed costs too much."""
    rows = await world.storage.range(PULLED_AUTHORS, (0,), limit=_PULLED_MOST)
    return [row.author_id for row in rows]


async def fan_out(world: World, page: Sequence[Envelope], position: int) -> None:
    """Write what a page of events brings into feeds, and move the cursor past it.

    Told again after a crash it writes the same rows again.
    """
    before = page[0].sequence - 1 if page else position
    made = [envelope.event.post_id for envelope in page if isinstance(envelope.event, PostCreated)]
    posts = {int(post.id): post for post in await load_many(world, made)}
    starts: dict[int, int] = {}
    writes: list[Write] = []
    for envelope in page:
        event = envelope.event
        if isinstance(event, PostCreated) and event.post_id in posts:
            writes += await _deliver(world, posts[event.post_id])
        elif isinstance(event, Followed):
            writes += await _backfill(world, event, starts)
        if len(writes) >= _FLUSH:
            # The cursor stays before the page until the page is done.
            await world.storage.rebuild(CURSOR, before, writes)
            writes = []
    await world.storage.rebuild(CURSOR, position, writes)


def _arrives(owner_id: int, post: Post) -> Write:
    row = FeedRow(
        owner_id,
        post.id,
        post.author_id,
        post.in_reply_to_account_id,
        post.reblog_of_id,
        post.reblog_author_id,
    )
    return Put(FEEDS, row)


async def _deliver(world: World, post: Post) -> list[Write]:
    """The rows of a post: its author's own, and its followers' or those it names."""
    if post.visibility == DIRECT:
        owners = {post.author_id, *(mention.id for mention in post.mentions)}
        return [_arrives(owner_id, post) for owner_id in owners]
    followers = await _followers(world, post.author_id)
    if followers is None:
        pulled = Put(PULLED_AUTHORS, PulledAuthorRow(0, post.author_id))
        return [_arrives(post.author_id, post), pulled]
    return [_arrives(owner_id, post) for owner_id in (post.author_id, *followers)]


async def _followers(world: World, author_id: int) -> Sequence[int] | None:
    """The followers to write to; None when they are too many."""

    async def read() -> Sequence[int] | None:
        found = await _read_followers(world, author_id)
        return None if found is None or len(found) > _KEPT_MOST else array("q", found)

    kept = await _FOLLOWERS.recall(world.storage, author_id, follower_sources(author_id), read)
    return await _read_followers(world, author_id) if kept is None else kept


async def _read_followers(world: World, author_id: int) -> list[int] | None:
    counts = await load_counts(world, [author_id])
    if any(count.followers > FAN_OUT_MOST for count in counts.values()):
        return None
    found: list[int] = []
    below: int | None = None
    while True:
        page = await follower_page(world, author_id, below=below, limit=_FOLLOWERS_PAGE)
        found += [follower_id for _, follower_id in page]
        # Counts run behind: what was read decides.
        if len(found) > FAN_OUT_MOST:
            return None
        if len(page) < _FOLLOWERS_PAGE:
            return found
        below = page[-1][0]


async def _backfill(world: World, event: Followed, starts: dict[int, int]) -> list[Write]:
    """The newest posts of someone now followed; where there are more, the feed is whole from there.

    `starts` holds what this page has set and not written yet.
    """
    owner_id = event.follower_id
    start = starts.get(owner_id) or await start_of(world, owner_id)
    newest = Stretch(max(0, start - 1), None, BACKFILL)
    found = await account_entries(world, event.followee_id, newest)
    writes: list[Write] = [
        Put(
            FEEDS,
            FeedRow(
                owner_id,
                entry.id,
                entry.author_id,
                entry.in_reply_to_account_id,
                entry.reblog_of_id,
                entry.reblog_author_id,
            ),
        )
        for entry in found
        # What was brought along from elsewhere stands on its author's page alone.
        if entry.visibility != DIRECT and not is_imported(entry.id)
    ]
    if len(found) == BACKFILL:
        starts[owner_id] = found[-1].id
        writes.append(Put(FEED_STARTS, FeedStartRow(owner_id, found[-1].id)))
    return writes
