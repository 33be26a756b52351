"""Feeds the search index: every post that says something, in every state, so that it can be found.

Followers-only and direct posts go where only their author and those they name may search; nothing
that locates, detects or judges reads them there. What was erased leaves it, and so do boosts, which
say nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from venire.events import (
    AccountReturned,
    FindableChanged,
    PostCreated,
    PostDeleted,
    PostEdited,
    PostImported,
    PostShown,
)
from venire.kernel.ports import SearchIndex
from venire.people.store import load_accounts
from venire.posts import store
from venire.posts.listing import account_entries, start_of_moment
from venire.posts.model import PUBLIC, Post, Stretch
from venire.posts.search_marks import document_of
from venire.storage.verbs import Envelope
from venire.storage.world import World

CURSOR = "search"
"""The name of the subscription."""
HEARS = (PostCreated, PostEdited, PostDeleted, PostShown, PostImported)
HEARS_ACCOUNTS = (FindableChanged, AccountReturned)
_PAGE = 250
_TOLD_EACH = 10_000
_UNSAVED = 32
_PENDING = 64
_RECENT = 5
_MARGIN_MS = 10_000

_log = logging.getLogger(__name__)


async def index_page(
    world: World, search: SearchIndex, page: Sequence[Envelope], position: int
) -> None:
    """Index what a page of events changed, then move the cursor past it."""
    changed = dict.fromkeys(
        envelope.event.post_id for envelope in page if isinstance(envelope.event, HEARS)
    )
    if changed:
        await index_posts(world, search, await store.load_many(world, changed))
    accounts = dict.fromkeys(
        envelope.event.account_id for envelope in page if isinstance(envelope.event, HEARS_ACCOUNTS)
    )
    for account_id in accounts:
        await _index_account(world, search, account_id)
    if page:
        await search.set_indexed_through(page[-1].id)
    # A cursor is a commit: not one for every favourite. What is passed over again costs nothing.
    heard = bool(changed or accounts)
    if heard or position - await world.storage.position(CURSOR) >= _UNSAVED:
        await world.storage.advance(CURSOR, position)


async def index_posts(world: World, search: SearchIndex, posts: Sequence[Post]) -> None:
    """Index posts as they are, or take out those of which nothing is left."""
    own = [post for post in posts if post.reblog_of_id is None]
    erased = [post.id for post in own if not _says(post)]
    if erased:
        await search.remove(erased)
    wanted = [post for post in own if _says(post)]
    if wanted:
        authors = await load_accounts(world, {post.author_id for post in wanted})
        await search.index([document_of(post, authors.get(post.author_id)) for post in wanted])


def _says(post: Post) -> bool:
    return bool(post.text or post.spoiler or post.attachments or post.poll)


async def _index_account(world: World, search: SearchIndex, account_id: int) -> None:
    """Index an account's public posts again: whether everyone may find them is otherwise now."""
    below: int | None = None
    while True:
        entries = await account_entries(world, account_id, Stretch(None, below, _PAGE))
        ids = [entry.id for entry in entries if entry.visibility == PUBLIC]
        await index_posts(world, search, await store.load_many(world, ids))
        if len(entries) < _PAGE:
            return
        below = entries[-1].id


async def prepare(world: World, search: SearchIndex) -> int:
    """Before the first subscriber runs: fill an index that was lost or set back.

    Returns how many posts were read. An index that follows from less than the cursor says has lost
    its file, or the end of it with the machine's power, or is of a later layout; the journal may be
    pruned, so it is filled from the posts themselves.
    """
    position = await world.storage.position(CURSOR)
    told = await _event_at(world, position)
    if position == 0 or await search.indexed_through() >= max(told, 1):
        return 0
    started, began_ms = start_of_moment(world.now_ms()), world.now_ms()
    _log.warning("search_index_filling")
    cursor: bytes | None = None
    read = 0
    while True:
        posts, cursor = await store.scan(world, cursor)
        await index_posts(world, search, posts)
        read += len(posts)
        if read % _TOLD_EACH < len(posts):
            _log.info("search_index_filling", extra={"posts": read})
        if cursor is None:
            break
    await search.set_indexed_through(max(started, told))
    took_s = (world.now_ms() - began_ms) // 1_000
    _log.warning("search_index_filled", extra={"posts": read, "seconds": took_s})
    return read


async def _event_at(world: World, position: int) -> int:
    """The id of the last event up to a place in the journal; 0 where it was pruned."""
    told = await world.storage.tail(position - 1, 1)
    return told[-1].id if told and told[-1].sequence == position else 0


async def caught_up(world: World) -> bool:
    """Whether everything committed so far can be found: what locating waits for."""
    waiting = await pending(world)
    return len(waiting) < _PENDING and not any(map(_changes_index, waiting))


async def pending(world: World) -> list[Envelope]:
    """What was committed and not indexed yet, as far as 64 commits ahead."""
    return await world.storage.tail(await world.storage.position(CURSOR), _PENDING)


def _changes_index(envelope: Envelope) -> bool:
    return isinstance(envelope.event, HEARS + HEARS_ACCOUNTS)


async def index_own(world: World, search: SearchIndex, account_id: int) -> bool:
    """Index at once what an account posted or changed and the index does not have yet.

    So a member finds what they just posted, wherever the indexer is. Returns whether anything else
    is waiting.
    """
    waiting = await pending(world)
    others = False
    own: dict[int, None] = {}
    for envelope in waiting:
        event = envelope.event
        if isinstance(event, HEARS) and event.author_id == account_id:
            own[event.post_id] = None
        else:
            others |= _changes_index(envelope)
    if len(waiting) >= _PENDING:
        # The indexer is behind by more than was looked at: what is newest is what is looked for.
        through = await search.indexed_through() - start_of_moment(_MARGIN_MS)
        entries = await account_entries(world, account_id, Stretch(through, None, _RECENT))
        own.update(dict.fromkeys(entry.id for entry in entries))
        others = True
    if own:
        await index_posts(world, search, await store.load_many(world, own))
    return others
